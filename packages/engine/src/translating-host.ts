/**
 * The host of one script, with the stack traces it prints translated. Lines keep their order: while the map is being
 * read, they wait.
 * @module
 */
import type { Ending, ProcessHost } from "@kinode-ts/types";
import type { StackPositions } from "./stack-positions.ts";

/** Every function of the interface, so that one that is added there cannot be forgotten here. */
type WholeHost = { [Name in keyof Required<ProcessHost>]: ProcessHost[Name] };

/** What a script prints, on its way to the terminal. */
export class TranslatedOutput {
  readonly #host: ProcessHost;
  readonly #positions: StackPositions;
  #waiting: [verbosity: number, text: string][] | undefined;

  constructor(host: ProcessHost, positions: StackPositions) {
    this.#host = host;
    this.#positions = positions;
  }

  print(verbosity: number, text: string): void {
    if (this.#waiting !== undefined) this.#waiting.push([verbosity, text]);
    else if (!this.#positions.concerns(text)) this.#host.print(verbosity, text);
    else if (this.#positions.isLoaded) this.#show(verbosity, text);
    else {
      this.#waiting = [[verbosity, text]];
      void this.#positions.load().then(() => this.#flush());
    }
  }

  #show(verbosity: number, text: string): void {
    this.#host.print(verbosity, this.#positions.translate(text));
  }

  #flush(): void {
    const lines = this.#waiting ?? [];
    this.#waiting = undefined;
    if (this.#host.killed) return;
    for (const [verbosity, text] of lines) this.#show(verbosity, text);
  }

  /** The ending as the person sees it, after everything that was printed. */
  async end(ending: Ending): Promise<Ending> {
    const shown = ending.kind === "trapped" && this.#positions.concerns(ending.stderr);
    if (shown || this.#waiting !== undefined) await this.#positions.load();
    if (!shown) return ending;
    return { ...ending, stderr: this.#positions.translate(ending.stderr) };
  }
}

/** The same host but for what is printed. */
export function translatingHost(host: ProcessHost, output: TranslatedOutput): ProcessHost {
  const translating: WholeHost = {
    our: host.our,
    get killed() {
      return host.killed;
    },
    print: (verbosity, text) => output.print(verbosity, text),
    getOnExit: () => host.getOnExit(),
    setOnExit: (onExit) => host.setOnExit(onExit),
    getState: () => host.getState(),
    setState: (bytes) => host.setState(bytes),
    clearState: () => host.clearState(),
    spawn: (request) => host.spawn(request),
    saveCapabilities: (capabilities) => host.saveCapabilities(capabilities),
    dropCapabilities: (capabilities) => host.dropCapabilities(capabilities),
    ourCapabilities: () => host.ourCapabilities(),
    hasBlob: () => host.hasBlob(),
    getBlob: () => host.getBlob(),
    lastBlob: () => host.lastBlob(),
    peekBlob: host.peekBlob && (() => host.peekBlob!()),
    sendRequest: (target, request, context, blob) =>
      host.sendRequest(target, request, context, blob),
    sendRequests: (requests) => host.sendRequests(requests),
    sendResponse: (response, blob) => host.sendResponse(response, blob),
    beginAwait: (target, request, blob) => host.beginAwait(target, request, blob),
    pollAwaited: () => host.pollAwaited(),
    poll: () => host.poll(),
    park: (wake) => host.park(wake),
    sliceIsOver: () => host.sliceIsOver(),
    yieldSlice: (resume) => host.yieldSlice(resume),
  };
  return translating as ProcessHost;
}

/**
 * One simulated node of a test, in a program of its own, and what is asked of it: messages over its endpoint (§21), and the
 * control interface to install packages.
 * Source: spec/packages-and-tools.md §20.3, §21.
 * @module
 */
import type { ControlInspection } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { homeFolder } from "../boot/home-folder.ts";
import { readRunFile, readToken } from "../boot/run-file.ts";
import { type ControlClient, connectToNode } from "../commands/control-client.ts";
import { plain } from "../commands/output.ts";
import { printLines } from "../commands/print-lines.ts";
import { endProgram } from "./end-program.ts";
import type { TestNodeSpec } from "./tests-file.ts";

/** For a start, on a machine that does other things too, in milliseconds. */
const START_MS = 120_000;
const STOP_MS = 20_000;
const LOOK_MS = 25;
/** For answers of modules, in seconds, as the existing kit waits. */
export const ANSWER_SECONDS = 15;
const MAX_KEPT_LINES = 500;

export interface MessageOptions {
  /** Name of another node; default: this one. */
  readonly node?: string;
  readonly blob?: Uint8Array | undefined;
  /** Default 15. */
  readonly timeoutSeconds?: number;
}

export interface BootOptions {
  /** Main file of the program. */
  readonly main: string;
  readonly password: string;
  /** Port of the local chain; `undefined`: none. */
  readonly chainPort: number | undefined;
  /** Each line that it prints. */
  readonly print: (line: string) => void;
}

export class TestNode {
  readonly name: string;
  readonly #home: string;
  readonly #child: Bun.Subprocess;
  readonly #lines: string[] = [];
  readonly #isRead: Promise<unknown>;
  readonly #stopping = new AbortController();
  #control: ControlClient | undefined;

  /** Starts the program. @param spec - its home has to be there */
  constructor(spec: TestNodeSpec, { main, password, chainPort, print }: BootOptions) {
    this.name = spec.name;
    this.#home = spec.home;
    const child = Bun.spawn(
      [process.execPath, main, ...startArguments(spec, password, chainPort)],
      {
        env: environment(),
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#child = child;
    const take = (line: string): void => {
      this.#lines.push(line);
      if (this.#lines.length > MAX_KEPT_LINES) this.#lines.shift();
      print(line);
    };
    this.#isRead = Promise.all([printLines(child.stdout, take), printLines(child.stderr, take)]);
  }

  /** The newest lines it printed. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  get url(): string {
    return this.#client.run.url;
  }

  /** Waits until it takes messages. @throws {NodeError} it has ended, or takes too long */
  async ready(): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (readRunFile(homeFolder(this.#home))?.pid !== this.#child.pid) {
      if (this.#child.exitCode !== null || performance.now() > deadline) {
        // oxlint-disable-next-line no-await-in-loop -- what it said last comes with its end
        if (this.#child.exitCode !== null) await this.#isRead;
        throw this.#fault(`did not start: ${this.#lines.slice(-3).join(" ")}`);
      }
      // oxlint-disable-next-line no-await-in-loop -- until it is there
      await Bun.sleep(LOOK_MS);
    }
    this.#control = connectToNode(this.#home);
  }

  /** Sends a request as the HTTP server and waits for the body of the answer. @throws {NodeError} there is none */
  async ask(process: string, body: unknown, options: MessageOptions = {}): Promise<string> {
    const { node = null, blob, timeoutSeconds = ANSWER_SECONDS } = options;
    const response = await fetch(`${this.url}/rpc:distro:sys/message`, {
      method: "POST",
      headers: { authorization: `Bearer ${readToken(homeFolder(this.#home)) ?? ""}` },
      body: JSON.stringify({
        node,
        process,
        inherit: false,
        expects_response: timeoutSeconds,
        body: JSON.stringify(body),
        metadata: null,
        context: null,
        mime: blob === undefined ? null : "application/octet-stream",
        data: blob === undefined ? null : blob.toBase64(),
      }),
      signal: this.#stopping.signal,
      // A test may take longer than the five minutes that are usual.
      ...({ timeout: false } as object),
    });
    const text = await response.text();
    if (!response.ok) throw this.#fault(`${process} did not answer (status ${response.status})`);
    const answer = JSON.parse(text) as { readonly body: readonly number[] };
    return new TextDecoder().decode(Uint8Array.from(answer.body));
  }

  /** Writes a file of its VFS. @throws {NodeError} the file system refuses */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const body = { path, action: "Write" };
    const answer = await this.ask("vfs:distro:sys", body, { blob: bytes });
    if (answer.includes('"Err"')) throw this.#fault(`cannot write "${path}": ${plain(answer)}`);
  }

  /** Installs a package with everything it asks for. */
  async install(zip: Uint8Array): Promise<void> {
    const { hash } = await this.#client.post<ControlInspection>("packages/inspect", zip);
    await this.#client.post(`packages/install?hash=${hash}`, { denied: [] });
  }

  /** Makes two nodes with local names known to each other. */
  async introduce(other: TestNode): Promise<void> {
    const { text } = await this.#client.post<{ readonly text: string }>("peers/invite", {});
    await other.#client.post("peers/join", { text });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    // A node answers what it was asked before it ends.
    this.#stopping.abort();
    await endProgram(child.exited, (signal) => child.kill(signal), STOP_MS);
  }

  get #client(): ControlClient {
    if (this.#control === undefined) throw this.#fault("is not ready");
    return this.#control;
  }

  #fault(what: string): NodeError {
    return new NodeError({ code: "node.test-run", reason: what }, `${this.name} ${what}`);
  }
}

function startArguments(
  { home, name, port, rpc, verbosity }: TestNodeSpec,
  password: string,
  chainPort: number | undefined,
): string[] {
  return [
    "start",
    home,
    "--detached",
    "--port",
    String(port),
    "--fake-node-name",
    name,
    "--fakechain-port",
    String(chainPort ?? 0),
    "--password",
    password,
    "--verbosity",
    String(verbosity),
    ...(rpc === undefined ? [] : ["--rpc", rpc]),
  ];
}

/** Without what is meant for the person's own node. */
function environment(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("KINODE_"));
  // Starting processes is slow without it: docs/decisions/0002.
  return { ...(Object.fromEntries(own) as Record<string, string>), BUN_JSC_useWasmFastMemory: "0" };
}

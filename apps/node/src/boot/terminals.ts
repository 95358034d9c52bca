/**
 * The terminals of a node, at its console and in browsers: what their keys do to the node, and what they ask the
 * terminal process. Contract with that process: `completion.ts` of `@kinode-ts/types`.
 * @module
 */
import type { Kernel } from "@kinode-ts/kernel";
import {
  type History,
  type LogFiles,
  type PrintFilter,
  type Screen,
  type Screens,
  Terminal,
  type TerminalHandlers,
  type TerminalOptions,
} from "@kinode-ts/terminal";
import {
  type Clock,
  COMPLETION_METADATA,
  type CompletionRequest,
  type InterruptAnswer,
  INTERRUPT_METADATA,
  type InterruptRequest,
  type Random,
  SESSION_PREFIX,
  TERMINAL_PROCESS,
  toU64,
} from "@kinode-ts/types";

/** How long the terminal process may take to answer. */
const ANSWER_MS = 500;

export interface TerminalParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly filter: PrintFilter;
  readonly logs: LogFiles;
  readonly screens: Screens;
  /** One for all terminals: they belong to one person. */
  readonly history: History;
  readonly levelsChanged: () => void;
}

export interface OpenTerminal {
  readonly terminal: Terminal;
  close(): void;
}

/** A line of the person becomes a request of the terminal process to itself. Source: spec/kernel.md §8.3. */
function enterLine(
  kernel: Kernel,
  random: Random,
  text: string,
  session: string | undefined,
): void {
  const terminal = { node: kernel.our, process: TERMINAL_PROCESS };
  kernel.inject({
    id: random.u64(),
    source: terminal,
    target: terminal,
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: new TextEncoder().encode(text),
      metadata: session === undefined ? undefined : SESSION_PREFIX + session,
      capabilities: [],
    },
    blob: undefined,
  });
}

/** The body of the terminal process's answer; `undefined` when it is not there or too slow. */
async function askProcess(
  kernel: Kernel,
  clock: Clock,
  metadata: string,
  body: CompletionRequest | InterruptRequest,
): Promise<Uint8Array | undefined> {
  if (kernel.process(TERMINAL_PROCESS) === undefined) return undefined;
  const answer = kernel
    .ask({
      source: TERMINAL_PROCESS,
      target: { node: kernel.our, process: TERMINAL_PROCESS },
      body: new TextEncoder().encode(JSON.stringify(body)),
      metadata,
      timeoutSeconds: toU64(1),
    })
    .then((outcome) => (outcome.ok ? outcome.body : undefined));
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.after(ANSWER_MS, () => resolve(undefined));
  return await Promise.race([answer, late]).finally(() => timer.cancel());
}

function isInterrupted(body: Uint8Array | undefined): boolean {
  if (body === undefined) return false;
  try {
    const answer = JSON.parse(new TextDecoder().decode(body)) as InterruptAnswer | null;
    return (answer?.interrupted ?? 0) > 0;
  } catch {
    return false;
  }
}

function handlersFor(
  kernel: Kernel,
  parts: TerminalParts,
  session: string | undefined,
  show: (text: string) => void,
): Omit<TerminalHandlers, "quit"> {
  const { clock, random, logs } = parts;
  const named = session === undefined ? {} : { session };
  return {
    line: (text) => {
      if (kernel.process(TERMINAL_PROCESS) !== undefined) enterLine(kernel, random, text, session);
      else {
        show("The process that reads commands was ended; it comes back when the node starts again");
      }
    },
    complete: (request) => askProcess(kernel, clock, COMPLETION_METADATA, { ...request, ...named }),
    interrupt: async () =>
      isInterrupted(await askProcess(kernel, clock, INTERRUPT_METADATA, named)),
    levelsChanged: parts.levelsChanged,
    toggleStepThrough: () => kernel.debug.toggleStepThrough(),
    step: () => kernel.debug.step(),
    toggleLogging: () => logs.toggle(),
  };
}

/** What the console's terminal is made of, but for its screen. */
export function consoleOptions(
  kernel: Kernel,
  parts: TerminalParts,
  show: (text: string) => void,
  quit: () => void,
): Omit<TerminalOptions, "screen"> {
  return {
    node: kernel.our,
    filter: parts.filter,
    history: parts.history,
    handlers: { ...handlersFor(kernel, parts, undefined, show), quit },
  };
}

/**
 * Opens a terminal away from the console: the newest lines, then the input line. From there a key cannot end the node.
 * Its end ends the commands that run in it.
 * @param session - tells its commands and current folder from those of other terminals
 */
export function openRemoteTerminal(
  kernel: Kernel,
  parts: TerminalParts,
  screen: Screen,
  session: string,
): OpenTerminal {
  const handlers = handlersFor(kernel, parts, session, (text) => terminal.show(text));
  const terminal: Terminal = new Terminal({
    node: kernel.our,
    screen,
    filter: parts.filter,
    history: parts.history,
    handlers: {
      ...handlers,
      quit: (key) => {
        if (key === "c") terminal.discard();
        else terminal.show("This terminal does not stop the node; the command `kinode stop` does");
      },
    },
  });
  const detach = parts.screens.attach(terminal);
  terminal.redraw();
  return {
    terminal,
    close() {
      detach();
      // Nobody could end them any more: the next connection is another session.
      void handlers.interrupt?.();
    },
  };
}

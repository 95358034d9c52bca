/**
 * The runtime module `log:distro:sys`: the newest printed lines, messages as they pass, and the release of the node, for the person's own
 * commands. An extension; the reference has no such module. Wire: docs/modules/terminal.md.
 * @module
 */
import {
  type Clock,
  type KernelMessage,
  LOG_PROCESS,
  type ModuleContext,
  packageOf,
  type RuntimeModule,
  TERMINAL_PROCESS,
} from "@kinode-ts/types";
import { formatPlain, type PrintedLine } from "./line-format.ts";
import { Traces, type WatchMessages } from "./traces.ts";

/** Lines in one answer. */
export const MAX_LOG_LINES = 1_000;
/** How long a trace may wait for a message at a time, in seconds. */
const MAX_WAIT_SECONDS = 30;

export interface LogReaderOptions {
  /** The newest lines, oldest first. */
  readonly recentLines: () => readonly PrintedLine[];
  readonly clock: Clock;
  readonly watch: WatchMessages;
  /** Of the node's program. */
  readonly version: string;
}

interface Wanted {
  readonly lines: number;
  readonly package: string | undefined;
  readonly verbosity: number;
}

interface WantedTrace {
  readonly process: string | undefined;
  readonly seconds: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** What is asked for, or `undefined` for another body. */
function readRequest(
  body: Uint8Array,
): { readonly recent: Wanted } | { readonly trace: WantedTrace } | "about" | undefined {
  try {
    const request = JSON.parse(new TextDecoder().decode(body)) as {
      About?: null;
      Recent?: Fields;
      Trace?: Fields;
    };
    if (request.About === null) return "about";
    if (request.Recent !== undefined) {
      const recent = readRecent(request.Recent);
      return recent && { recent };
    }
    const trace = readTrace(request.Trace!);
    return trace && { trace };
  } catch {
    return undefined;
  }
}

function readTrace({ process = null, seconds = 0 }: Fields): WantedTrace | undefined {
  if (process !== null && typeof process !== "string") return undefined;
  if (!isCount(seconds)) return undefined;
  return { process: process ?? undefined, seconds: Math.min(seconds, MAX_WAIT_SECONDS) };
}

function readRecent(recent: Fields): Wanted | undefined {
  const { lines = MAX_LOG_LINES, verbosity = 0, package: from = null } = recent;
  if (!isCount(lines) || !isCount(verbosity)) return undefined;
  if (from !== null && typeof from !== "string") return undefined;
  return { lines: Math.min(lines, MAX_LOG_LINES), verbosity, package: from ?? undefined };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

/** What is printed may be meant for the person alone: only the terminal's own package is answered. */
export function createLogReader(options: LogReaderOptions): RuntimeModule {
  const { recentLines, clock, watch, version } = options;
  let context: ModuleContext | undefined;
  let traces: Traces | undefined;
  const answer = (message: KernelMessage, value: object): void => {
    if (message.message.kind !== "request" || message.message.expectsResponse === undefined) return;
    context!.respond(message, { body: new TextEncoder().encode(JSON.stringify(value)) });
  };
  return {
    id: LOG_PROCESS,
    start(started) {
      context = started;
      traces = new Traces({ our: started.our, clock, watch });
    },
    processEnded(process) {
      traces!.end(process);
    },
    handle(message) {
      const { source, message: content } = message;
      if (content.kind !== "request" || source.node !== context!.our) return;
      if (packageOf(source.process) !== packageOf(TERMINAL_PROCESS)) {
        return answer(message, { Err: "NotPermitted" });
      }
      const wanted = readRequest(content.body);
      if (wanted === undefined) return answer(message, { Err: "MalformedRequest" });
      if (wanted === "about") return answer(message, { About: { version } });
      if ("trace" in wanted) {
        const { process, seconds } = wanted.trace;
        void traces!
          .fetch(source.process, process, seconds)
          .then((traced) =>
            answer(message, traced === undefined ? { Err: "TooManyTraces" } : { Trace: traced }),
          );
        return;
      }
      const { lines, verbosity, package: from } = wanted.recent;
      const fitting = recentLines().filter(
        (line) => line.verbosity <= verbosity && (from === undefined || line.origin === from),
      );
      answer(message, { Recent: lines === 0 ? [] : fitting.slice(-lines).map(formatPlain) });
    },
  };
}

/**
 * The runtime module `log:distro:sys`: the newest printed lines, for the person's own commands. An extension; the
 * reference has no such module. Wire: docs/modules/terminal.md.
 * @module
 */
import {
  type KernelMessage,
  LOG_PROCESS,
  type ModuleContext,
  packageOf,
  type RuntimeModule,
  TERMINAL_PROCESS,
} from "@kinode-ts/types";
import { formatPlain, type PrintedLine } from "./line-format.ts";

/** Lines in one answer. */
export const MAX_LOG_LINES = 1_000;

export interface LogReaderOptions {
  /** The newest lines, oldest first. */
  readonly recentLines: () => readonly PrintedLine[];
}

interface Wanted {
  readonly lines: number;
  readonly package: string | undefined;
  readonly verbosity: number;
}

/** What is asked for, or `undefined` for another body. */
function readRequest(body: Uint8Array): Wanted | undefined {
  try {
    const { Recent: recent } = JSON.parse(new TextDecoder().decode(body)) as {
      Recent: Readonly<Record<string, unknown>>;
    };
    const { lines = MAX_LOG_LINES, verbosity = 0, package: from = null } = recent;
    if (!isCount(lines) || !isCount(verbosity)) return undefined;
    if (from !== null && typeof from !== "string") return undefined;
    return { lines: Math.min(lines, MAX_LOG_LINES), verbosity, package: from ?? undefined };
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

/** What is printed may be meant for the person alone: only the terminal's own package is answered. */
export function createLogReader({ recentLines }: LogReaderOptions): RuntimeModule {
  let context: ModuleContext | undefined;
  const answer = (message: KernelMessage, value: object): void => {
    if (message.message.kind !== "request" || message.message.expectsResponse === undefined) return;
    context!.respond(message, { body: new TextEncoder().encode(JSON.stringify(value)) });
  };
  return {
    id: LOG_PROCESS,
    start(started) {
      context = started;
    },
    handle(message) {
      const { source, message: content } = message;
      if (content.kind !== "request" || source.node !== context!.our) return;
      if (packageOf(source.process) !== packageOf(TERMINAL_PROCESS)) {
        return answer(message, { Err: "NotPermitted" });
      }
      const wanted = readRequest(content.body);
      if (wanted === undefined) return answer(message, { Err: "MalformedRequest" });
      const { lines, verbosity, package: from } = wanted;
      const fitting = recentLines().filter(
        (line) => line.verbosity <= verbosity && (from === undefined || line.origin === from),
      );
      answer(message, { Recent: lines === 0 ? [] : fitting.slice(-lines).map(formatPlain) });
    },
  };
}

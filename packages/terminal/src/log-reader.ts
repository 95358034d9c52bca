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

/** Lines in one answer. */
export const MAX_LOG_LINES = 1_000;

export interface LogReaderOptions {
  /** The newest lines up to a number, oldest first, as they stand in the log. */
  readonly recent: (count: number) => readonly string[];
}

/** What is asked for, or `undefined` for another body. */
function readRequest(body: Uint8Array): { lines: number; package: string | undefined } | undefined {
  try {
    const { Recent: recent } = JSON.parse(new TextDecoder().decode(body)) as {
      Recent: { lines?: unknown; package?: unknown };
    };
    const { lines = MAX_LOG_LINES, package: from = null } = recent;
    if (!Number.isInteger(lines) || (lines as number) < 0) return undefined;
    if (from !== null && typeof from !== "string") return undefined;
    return { lines: Math.min(lines as number, MAX_LOG_LINES), package: from ?? undefined };
  } catch {
    return undefined;
  }
}

/** Without the time before it, a line of a package starts with the package; the printer has put it there. */
function isOf(line: string, from: string): boolean {
  return line.slice(line.indexOf(" ", 4) + 1).startsWith(`${from}: `);
}

/** What is printed may be meant for the person alone: only the terminal's own package is answered. */
export function createLogReader({ recent }: LogReaderOptions): RuntimeModule {
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
      if (content.kind !== "request") return;
      const isOurs = packageOf(source.process) === packageOf(TERMINAL_PROCESS);
      if (source.node !== context!.our || !isOurs) return answer(message, { Err: "NotPermitted" });
      const wanted = readRequest(content.body);
      if (wanted === undefined) return answer(message, { Err: "MalformedRequest" });
      const { lines, package: from } = wanted;
      const all =
        from === undefined
          ? recent(lines)
          : recent(MAX_LOG_LINES).filter((line) => isOf(line, from));
      answer(message, { Recent: lines === 0 ? [] : all.slice(-lines) });
    },
  };
}

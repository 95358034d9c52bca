/**
 * Which printed lines a person sees. Source: spec/kernel.md §8.1 (K95, K96).
 * @module
 */
import { isProcessId, KinodeError, type ProcessId } from "@kinode-ts/types";

/** A level of its own for one process; `"muted"` hides even level 0. */
export type ProcessLevel = number | "muted";

export type FilterFault = { code: "terminal.bad-process-verbosity"; reason: string };

/** The value of `--process-verbosity` cannot be used. */
export class FilterError extends KinodeError<FilterFault> {
  override name = "FilterError";
}

export const MAX_VERBOSITY = 3;
export const VERBOSITY_NAMES = ["off", "debug", "super-debug", "full event loop"] as const;

/** Levels, global and per process. Per process wins. */
export class PrintFilter {
  #level: number;
  readonly #processes = new Map<ProcessId, ProcessLevel>();

  constructor(level = 0, processes: ReadonlyMap<ProcessId, ProcessLevel> = new Map()) {
    this.#level = Math.min(Math.max(Math.trunc(level), 0), MAX_VERBOSITY);
    for (const [id, own] of processes) this.#processes.set(id, own);
  }

  get level(): number {
    return this.#level;
  }

  get processes(): ReadonlyMap<ProcessId, ProcessLevel> {
    return this.#processes;
  }

  /** 0 → 1 → 2 → 3 → 0. */
  cycle(): number {
    this.#level = this.#level >= MAX_VERBOSITY ? 0 : this.#level + 1;
    return this.#level;
  }

  /** `undefined` removes the process's own level. */
  set(process: ProcessId, level: ProcessLevel | undefined): void {
    if (level === undefined) this.#processes.delete(process);
    else this.#processes.set(process, level);
  }

  shows(source: ProcessId, verbosity: number): boolean {
    const own = this.#processes.get(source);
    return own !== "muted" && verbosity <= (own ?? this.#level);
  }
}

/** What a line of the process verbosity screen asks for, or `undefined` when it is none. */
export function parseLevelCommand(
  line: string,
): { readonly process: ProcessId; readonly level: ProcessLevel | undefined } | undefined {
  const [process = "", level, ...rest] = line.trim().split(/\s+/);
  if (!isProcessId(process) || rest.length > 0) return undefined;
  if (level === undefined) return { process, level: undefined };
  if (/^(?:m|mute|muted)$/i.test(level)) return { process, level: "muted" };
  const number = /^\d{1,3}$/.test(level) ? Number(level) : 256;
  return number <= 255 ? { process, level: number } : undefined;
}

/**
 * Reads `--process-verbosity`, e.g. `{"chat:chat:template.os":{"U8":3},"net:distro:sys":"Muted"}`.
 * @throws {FilterError} names what is wrong
 */
export function parseProcessVerbosity(text: string): Map<ProcessId, ProcessLevel> {
  const fail = (reason: string) =>
    new FilterError(
      { code: "terminal.bad-process-verbosity", reason },
      `Cannot use the process verbosity: ${reason}`,
      { hint: 'Write it like {"chat:chat:template.os":{"U8":3},"net:distro:sys":"Muted"}' },
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail("it is not JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw fail("it is not an object");
  }
  const levels = new Map<ProcessId, ProcessLevel>();
  for (const [process, level] of Object.entries(value)) {
    if (!isProcessId(process)) throw fail(`"${process}" is not a process id`);
    const own = readLevel(level);
    if (own === undefined) {
      throw fail(`the level of "${process}" is neither {"U8": 0 to 255} nor "Muted"`);
    }
    levels.set(process, own);
  }
  return levels;
}

function readLevel(value: unknown): ProcessLevel | undefined {
  if (value === "Muted") return "muted";
  const level = (value as { U8?: unknown } | null)?.U8;
  const isByte = typeof level === "number" && Number.isInteger(level) && level >= 0 && level <= 255;
  return isByte ? level : undefined;
}

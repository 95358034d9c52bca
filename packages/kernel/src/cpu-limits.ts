/**
 * The limits that a person has set for processes, by id: they hold whenever such a process runs, also after a new installation.
 * @module
 */
import {
  DEFAULT_CPU_LIMIT,
  type ProcessId,
  type StoreChange,
  type StoreRow,
} from "@kinode-ts/types";
import { CPU_LIMIT_BOUNDS, type CpuLimit } from "./cpu-share.ts";

export const CPU_LIMITS_SPACE = "cpu-limits";

export class CpuLimits {
  readonly #limits = new Map<string, CpuLimit>();

  /** Takes in stored rows; what is not understood is left out. */
  load(rows: readonly StoreRow[]): void {
    for (const { key, value } of rows) {
      const limit = parse(value);
      if (limit !== undefined) this.#limits.set(key, limit);
    }
  }

  of(id: ProcessId): CpuLimit {
    return this.#limits.get(id) ?? DEFAULT_CPU_LIMIT;
  }

  /**
   * Sets a limit, or goes back to the default; returns what to store.
   * @throws {RangeError} a number outside its bounds
   */
  set(id: ProcessId, limit: CpuLimit | undefined): StoreChange {
    if (limit === undefined) {
      this.#limits.delete(id);
      return { kind: "delete-record", space: CPU_LIMITS_SPACE, key: id };
    }
    const problem = problemOf(limit);
    if (problem !== undefined) throw new RangeError(`Cannot limit ${id}: ${problem}`);
    const { shares, burstMs } = limit;
    this.#limits.set(id, { shares, burstMs });
    const value = JSON.stringify({ shares, burstMs });
    return { kind: "put-record", space: CPU_LIMITS_SPACE, key: id, value };
  }
}

function problemOf(limit: CpuLimit): string | undefined {
  for (const name of ["shares", "burstMs"] as const) {
    const { min, max } = CPU_LIMIT_BOUNDS[name];
    const value = limit[name];
    if (!Number.isInteger(value) || value < min || value > max)
      return `${name} is a whole number from ${min} to ${max}, not ${value}`;
  }
  return undefined;
}

function parse(text: string): CpuLimit | undefined {
  try {
    const { shares, burstMs } = JSON.parse(text) as CpuLimit;
    const limit = { shares, burstMs };
    return problemOf(limit) === undefined ? limit : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Memory and open files of a program over time.
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";

const PAGE_BYTES = 4_096;
const MIB = 1 << 20;
/** Growth of the fitted line, from its start, that still counts as flat: of the start, and in MiB. */
const FLAT_SHARE = 0.1;
const FLAT_MIB = 48;
/** What the modules share out among themselves (`apps/node`, `createFdManager`): files, sockets and pipes beside it are few. */
const MAX_FILES = 1_024;

export interface Sample {
  readonly atMs: number;
  readonly rssMib: number;
  readonly files: number;
}

/** Reads `/proc`, so only on Linux. */
export function sampleOf(pid: number): Sample {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  const files = readdirSync(`/proc/${pid}/fd`).length;
  return { atMs: performance.now(), rssMib: (pages * PAGE_BYTES) / MIB, files };
}

/** Processor time so far, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export interface Trend {
  /** Of the line through all samples. */
  readonly startMib: number;
  readonly growthMib: number;
  readonly mibPerHour: number;
  readonly maxFiles: number;
  readonly isFlat: boolean;
  readonly isBounded: boolean;
}

/** @param samples - in order; the memory of the first `warmUp` of them does not count */
export function trendOf(samples: readonly Sample[], warmUp: number): Trend {
  const measured = samples.slice(warmUp);
  const firstMs = measured[0]?.atMs ?? 0;
  const hours = measured.map(({ atMs }) => (atMs - firstMs) / 3_600_000);
  const sizes = measured.map(({ rssMib }) => rssMib);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const meanHours = mean(hours);
  const meanMib = mean(sizes);
  let above = 0;
  let below = 0;
  for (const [at, hour] of hours.entries()) {
    above += (hour - meanHours) * (sizes[at]! - meanMib);
    below += (hour - meanHours) ** 2;
  }
  const mibPerHour = below === 0 ? 0 : above / below;
  const startMib = meanMib - mibPerHour * meanHours;
  const growthMib = mibPerHour * (hours.at(-1) ?? 0);
  const maxFiles = Math.max(...samples.map(({ files }) => files));
  return {
    startMib,
    growthMib,
    mibPerHour,
    maxFiles,
    isFlat: growthMib <= Math.max(startMib * FLAT_SHARE, FLAT_MIB),
    isBounded: maxFiles <= MAX_FILES,
  };
}

/**
 * Memory and open files of a program over time.
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const PAGE_BYTES = 4_096;
const MIB = 1 << 20;
/** Growth of the fitted line, from its start, that still counts as flat: of the start, and in MiB. */
const FLAT_SHARE = 0.1;
const FLAT_MIB = 48;
/** What the modules share out among themselves (`createFdManager` in `apps/node`). */
const MAX_FILES = 1_024;
/** Memory is collected now and then: only the lowest sample of each part of the time says what is in use. */
const PARTS = 12;

export interface Sample {
  readonly atMs: number;
  readonly rssMib: number;
  /** Open files, pipes and the like; sockets apart. */
  readonly files: number;
  readonly sockets: number;
}

/** Reads `/proc`, so only on Linux. */
export function sampleOf(pid: number): Sample {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  const names = readdirSync(`/proc/${pid}/fd`);
  const sockets = names.filter((name) => isSocket(`/proc/${pid}/fd/${name}`)).length;
  const rssMib = (pages * PAGE_BYTES) / MIB;
  return { atMs: performance.now(), rssMib, files: names.length - sockets, sockets };
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false; // closed meanwhile
  }
}

/** Processor time so far, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export interface Trend {
  /** Of the line through the lowest samples. */
  readonly startMib: number;
  readonly growthMib: number;
  readonly mibPerHour: number;
  readonly maxMib: number;
  readonly maxFiles: number;
  readonly maxSockets: number;
  readonly isFlat: boolean;
  readonly isBounded: boolean;
}

/** @param samples - in order; the memory of the first `warmUp` of them does not count */
export function trendOf(samples: readonly Sample[], warmUp: number): Trend {
  const measured = lowest(samples.slice(warmUp));
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
    maxMib: Math.max(...samples.map(({ rssMib }) => rssMib)),
    maxFiles,
    maxSockets: Math.max(...samples.map(({ sockets }) => sockets)),
    isFlat: growthMib <= Math.max(startMib * FLAT_SHARE, FLAT_MIB),
    isBounded: maxFiles <= MAX_FILES,
  };
}

function lowest(samples: readonly Sample[]): Sample[] {
  const size = Math.max(1, Math.ceil(samples.length / PARTS));
  const parts: Sample[] = [];
  for (let at = 0; at < samples.length; at += size) {
    const part = samples.slice(at, at + size);
    parts.push(part.reduce((low, each) => (each.rssMib < low.rssMib ? each : low)));
  }
  return parts;
}

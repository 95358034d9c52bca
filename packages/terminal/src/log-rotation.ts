/**
 * When a log file is full and which ones go. Source: spec/runtime-modules.md §10.1 "Logs".
 * @module
 */

export interface LogLimits {
  /** Bytes of all log files together; 0: never rotate. */
  readonly maxTotalBytes: number;
  /** How many files are kept. */
  readonly fileCount: number;
}

export const DEFAULT_LOG_LIMITS: LogLimits = { maxTotalBytes: 16_000_000, fileCount: 4 };

/** Whether `nextBytes` must go to a new file. A line longer than a file gets one of its own. */
export function isFileFull(limits: LogLimits, usedBytes: number, nextBytes: number): boolean {
  if (limits.maxTotalBytes === 0 || usedBytes === 0) return false;
  return usedBytes + nextBytes >= limits.maxTotalBytes / Math.max(limits.fileCount, 1);
}

/** Names to delete: all but the newest `fileCount`. */
export function expiredFiles(
  limits: LogLimits,
  files: readonly { readonly name: string; readonly modifiedMs: number }[],
): string[] {
  if (limits.maxTotalBytes === 0) return [];
  return files
    .toSorted((a, b) => b.modifiedMs - a.modifiedMs || (a.name < b.name ? 1 : -1))
    .slice(Math.max(limits.fileCount, 1))
    .map((file) => file.name);
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `YYYY-MM-DD-HH:MM:SS.log`; `serial` tells apart files of the same second. `:` is `_` where files cannot hold it. */
export function logFileName(nowMs: number, serial: number, separator: ":" | "_" = ":"): string {
  const date = new Date(nowMs);
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(separator);
  return `${day}-${time}${serial > 0 ? `-${serial}` : ""}.log`;
}

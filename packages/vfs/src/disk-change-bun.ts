/**
 * What became of a change to one file, out of what the disk threads tell of it.
 * @module
 */
import { isUnknownEnd } from "./disk-threads-bun.ts";
import type { Change } from "./disk.ts";
import { ioErrorText } from "./errors.ts";
import type { Changed } from "./host-calls-bun.ts";
import { toVfsError } from "./host-errors-bun.ts";

/**
 * Does the work, and says what became of it.
 * @param growth - bytes that may have come when that is not known
 */
export async function toChange(growth: number, work: () => Promise<Changed>): Promise<Change> {
  try {
    const { before, after, hasRoom, error } = await work();
    if (error !== undefined) return { kind: "failed", before, after, error: ioErrorText(error) };
    return { kind: hasRoom ? "done" : "no-room", before, after };
  } catch (error) {
    if (!isUnknownEnd(error)) throw error;
    return { kind: "failed", before: 0, after: growth, error };
  }
}

/**
 * A change that failed in the middle.
 * @param size - asks how long the file is now
 * @throws the error itself when the call could still be at work with this file number
 */
export async function endedEarly(
  changed: Changed,
  error: unknown,
  size: () => Promise<number>,
): Promise<Changed> {
  if (isUnknownEnd(error)) throw error;
  return { ...changed, after: await size(), error: toVfsError(error).message };
}

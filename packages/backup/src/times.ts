/**
 * Moments as a repository writes them (RFC 3339 with up to nine digits of fraction), as nanoseconds since 1970.
 * @module
 */
import { assertSound } from "./errors.ts";

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;
const FORM = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
/** The years 0000 to 9999, which is what the text can say. */
const MIN_MS = -62_167_219_200_000n;
const MAX_MS = 253_402_300_799_000n;

/** In UTC; a moment outside the years 0 to 9999 becomes the nearest one inside. */
export function formatTime(ns: bigint): string {
  const whole = ns - (((ns % NS_PER_S) + NS_PER_S) % NS_PER_S);
  const fraction = ns - whole;
  const ms = whole / NS_PER_MS;
  const bounded = ms < MIN_MS ? MIN_MS : ms > MAX_MS ? MAX_MS : ms;
  const text = new Date(Number(bounded)).toISOString().slice(0, 19);
  const digits = fraction.toString().padStart(9, "0").replace(/0+$/, "");
  return digits === "" ? `${text}Z` : `${text}.${digits}Z`;
}

/** @throws {BackupError} `backup.damaged` */
export function parseTime(text: unknown, what: string): bigint {
  const match = typeof text === "string" ? FORM.exec(text) : null;
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  assertSound(match !== null && !Number.isNaN(ms), what, "a time is not in RFC 3339");
  return BigInt(ms) * NS_PER_MS + BigInt((match[2] ?? "").padEnd(9, "0"));
}

export const nsOfMs = (ms: number): bigint => BigInt(Math.trunc(ms)) * NS_PER_MS;
export const msOfNs = (ns: bigint): number => Number(ns / NS_PER_MS);

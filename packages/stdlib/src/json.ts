/**
 * JSON without loss of 64-bit integers (spec/runtime-modules.md §1.3 rule 3).
 * Integers outside ±(2^53 − 1) are read as `bigint`; bigints are written as plain integers.
 * The ordinary case costs one search over the text.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import { currentHost, hasHost } from "./host.ts";
import { decodeUtf8 } from "./utf8.ts";

export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

type JsonFault = { readonly code: "InvalidJson"; readonly text: string };

/** A text that is not JSON. */
export class JsonError extends KinodeError<JsonFault> {
  override name = "JsonError";
  constructor(text: string, cause: unknown) {
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    super({ code: "InvalidJson", text }, `Cannot read ${JSON.stringify(shown)} as JSON`, { cause });
  }
}

const MAYBE_LARGE = /\d{16}/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;

/** @throws {JsonError} */
export function parseJson(text: string): unknown {
  try {
    if (!MAYBE_LARGE.test(text)) return JSON.parse(text);
    JSON.parse(text); // the marking below relies on a well-formed text
    return unmark(JSON.parse(text.replace(TOKEN, markLarge)), largeInteger);
  } catch (thrown) {
    throw new JsonError(text, thrown);
  }
}

/**
 * The same for UTF-8, in which malformed sequences count as U+FFFD.
 * @throws {JsonError}
 */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  const fast = hasHost() ? currentHost().fast : undefined;
  if (fast?.parseJson !== undefined) {
    try {
      const value = fast.parseJson(bytes);
      if (value !== undefined) return value;
    } catch {
      // what is wrong is said below, in words of our own
    }
  }
  return parseJson(decodeUtf8(bytes));
}

// Strings get the prefix "s", large integers become strings with the prefix "n": nothing can be mistaken.
function markLarge(token: string): string {
  if (token[0] === '"') return `"s${token.slice(1)}`;
  if (!INTEGER.test(token) || Number.isSafeInteger(Number(token))) return token;
  return `"n${token}"`;
}

function largeInteger(digits: string): bigint {
  return BigInt(digits);
}

function unmark(value: unknown, number: (digits: string) => unknown): unknown {
  if (typeof value === "string") return value[0] === "s" ? value.slice(1) : number(value.slice(1));
  if (Array.isArray(value)) return value.map((item) => unmark(item, number));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.slice(1), unmark(item, number)]),
  );
}

/** @throws {TypeError} functions, symbols, cycles: what `JSON.stringify` cannot write either */
export function stringifyJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    text = holdsBigint(value, new Set()) ? writeValue(value) : undefined;
    if (text === undefined) throw thrown;
  }
  if (text === undefined) {
    throw new TypeError(`A ${typeof value} cannot be written as JSON; pass data`);
  }
  return text;
}

function holdsBigint(value: unknown, parents: Set<object>): boolean {
  if (typeof value === "bigint") return true;
  if (typeof value !== "object" || value === null || parents.has(value)) return false;
  parents.add(value);
  const found = Object.values(value).some((item) => holdsBigint(item, parents));
  parents.delete(value);
  return found;
}

function writeValue(value: unknown): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if ("toJSON" in value && typeof value.toJSON === "function") return writeValue(value.toJSON(""));
  if (Array.isArray(value)) return `[${value.map((item) => writeValue(item) ?? "null").join(",")}]`;
  const members = Object.entries(value).flatMap(([key, item]) => {
    const text = writeValue(item);
    return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`];
  });
  return `{${members.join(",")}}`;
}

/**
 * One text for all JSON texts of equal value: keys sorted, integers and floats kept apart.
 * A text that is not JSON counts as `null` (spec/kernel.md §5.1).
 */
export function canonicalJson(text: string): string {
  try {
    JSON.parse(text);
    return sorted(JSON.parse(text.replace(TOKEN, markEvery)));
  } catch {
    return "null";
  }
}

function markEvery(token: string): string {
  if (token[0] === '"') return `"s${token.slice(1)}`;
  return INTEGER.test(token) ? `"n${BigInt(token)}"` : `"f${Number(token)}"`;
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${sorted(item)}`).join(",")}}`;
}

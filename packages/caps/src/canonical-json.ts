/**
 * One text for each JSON value, so that capabilities can be compared by text.
 * Source: spec/kernel.md §5.1 (equality) and §5.8 (text of manifest params). `JSON.parse` cannot serve: it merges
 * `1` with `1.0`, rounds large integers, and accepts depths and surrogates that the reference parser refuses.
 * @module
 */
import { canonicalNumber } from "./canonical-number.ts";

/** Deepest nesting of arrays and objects that is still JSON here. */
export const MAX_JSON_DEPTH = 127;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** Thrown inside this file only: the text is not JSON. */
class NotJson extends Error {}

function byUtf8(a: readonly [string, string], b: readonly [string, string]): number {
  return compareUtf8(a[0], b[0]);
}

/** Orders well-formed texts as their UTF-8 bytes are ordered, which is the order of code points. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x === y) continue;
    // A surrogate stands for a code point above every other unit, also above U+E000 … U+FFFF.
    return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}

class Canonicaliser {
  readonly #text: string;
  readonly #formatNumber: (source: string) => string | undefined;
  #at = 0;

  constructor(text: string, formatNumber: (source: string) => string | undefined) {
    this.#text = text;
    this.#formatNumber = formatNumber;
  }

  document(): string {
    const value = this.#value(1);
    this.#space();
    if (this.#at < this.#text.length) throw new NotJson();
    return value;
  }

  /** @param depth - depth that an array or object at this place would have */
  #value(depth: number): string {
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return JSON.stringify(this.#string());
      case "t":
        return this.#literal("true");
      case "f":
        return this.#literal("false");
      case "n":
        return this.#literal("null");
      default:
        return this.#number();
    }
  }

  #object(depth: number): string {
    this.#open(depth);
    const entries = new Map<string, string>();
    if (this.#take("}")) return "{}";
    do {
      this.#space();
      const key = this.#string();
      if (!this.#take(":")) throw new NotJson();
      entries.set(key, this.#value(depth + 1));
    } while (this.#take(","));
    if (!this.#take("}")) throw new NotJson();
    const members = [...entries]
      .sort(byUtf8)
      .map(([key, item]) => `${JSON.stringify(key)}:${item}`);
    return `{${members.join(",")}}`;
  }

  #array(depth: number): string {
    this.#open(depth);
    const items: string[] = [];
    if (this.#take("]")) return "[]";
    do items.push(this.#value(depth + 1));
    while (this.#take(","));
    if (!this.#take("]")) throw new NotJson();
    return `[${items.join(",")}]`;
  }

  #open(depth: number): void {
    if (depth > MAX_JSON_DEPTH) throw new NotJson();
    this.#at += 1;
  }

  #string(): string {
    const text = this.#text;
    if (text[this.#at] !== '"') throw new NotJson();
    let end = text.indexOf('"', this.#at + 1);
    while (end > 0 && this.#isEscaped(end)) end = text.indexOf('"', end + 1);
    if (end < 0) throw new NotJson();
    const value = readString(text.slice(this.#at, end + 1));
    this.#at = end + 1;
    return value;
  }

  /** Whether an odd number of backslashes stands before `at`. */
  #isEscaped(at: number): boolean {
    let start = at;
    while (this.#text[start - 1] === "\\") start -= 1;
    return (at - start) % 2 === 1;
  }

  #literal(word: string): string {
    if (!this.#text.startsWith(word, this.#at)) throw new NotJson();
    this.#at += word.length;
    return word;
  }

  #number(): string {
    const short = this.#shortInteger();
    if (short !== undefined) return short;
    const source = this.#match(NUMBER);
    const text = source === undefined ? undefined : this.#formatNumber(source);
    if (text === undefined) throw new NotJson();
    return text;
  }

  /** The common case without a regular expression: up to 15 digits, no sign, no leading zero. */
  #shortInteger(): string | undefined {
    const start = this.#at;
    let end = start;
    while (end - start < 16 && isDigit(this.#text.charCodeAt(end))) end += 1;
    if (end === start || end - start > 15) return undefined;
    if (this.#text[start] === "0" && end - start > 1) return undefined;
    if (".eE".includes(this.#text[end] ?? " ")) return undefined;
    this.#at = end;
    return this.#text.slice(start, end);
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #take(symbol: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The engine's parser is strict about one string literal, save for halves of surrogate pairs. */
function readString(source: string): string {
  let value: string;
  try {
    value = JSON.parse(source) as string;
  } catch {
    throw new NotJson();
  }
  if (!value.isWellFormed()) throw new NotJson();
  return value;
}

function canonicalise(
  text: string,
  formatNumber: (source: string) => string | undefined,
): string | undefined {
  try {
    return new Canonicaliser(text, formatNumber).document();
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

/**
 * The identity of a JSON text: equal for two texts exactly if they are the same JSON value.
 * @returns `undefined` when the text is not JSON
 */
export function jsonIdentity(text: string): string | undefined {
  // Floats compare as floats: −0.0 and 0.0 are one value.
  return canonicalise(text, (source) => {
    const number = canonicalNumber(source);
    return number === "-0.0" ? "0.0" : number;
  });
}

/**
 * The compact text of a JSON value with object keys sorted by UTF-8 bytes; floats keep their point.
 * @returns `undefined` when the text is not JSON
 */
export function compactSortedJson(text: string): string | undefined {
  return canonicalise(text, canonicalNumber);
}

/** Whether a params text is JSON; what is not counts as `null` (§5.1). */
export function isJson(text: string): boolean {
  return jsonIdentity(text) !== undefined;
}

/**
 * `URLSearchParams`.
 * Source: URL Standard §5, §6.2 (WHATWG).
 * @module
 */
import { decodeText } from "./percent-encoding.ts";

type Pair = [name: string, value: string];

/** Names and values of `application/x-www-form-urlencoded`. */
export function parseForm(text: string): Pair[] {
  const pairs: Pair[] = [];
  for (const part of text.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? "" : part.slice(equals + 1);
    pairs.push([decodeText(name.replaceAll("+", " ")), decodeText(value.replaceAll("+", " "))]);
  }
  return pairs;
}

function encodeFormText(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

function wellFormed(value: unknown): string {
  return `${value as string}`.toWellFormed();
}

/** @throws TypeError an item is no pair */
function pairsOf(init: unknown): Pair[] {
  if (typeof init !== "object" && typeof init !== "function") {
    const text = wellFormed(init);
    return parseForm(text.startsWith("?") ? text.slice(1) : text);
  }
  if (init === null) return parseForm("null");
  if (!(Symbol.iterator in init)) {
    // Later names win where two become the same.
    const record = new Map<string, string>();
    for (const [name, value] of Object.entries(init))
      record.set(wellFormed(name), wellFormed(value));
    return [...record];
  }
  return Array.from(init as Iterable<Iterable<unknown>>, (item) => {
    const pair = [...item];
    if (pair.length !== 2) {
      throw new TypeError("URLSearchParams: every item must be a pair of a name and a value");
    }
    return [wellFormed(pair[0]), wellFormed(pair[1])];
  });
}

/** Called with the new text after every change of a list that belongs to a URL. */
export type QueryChanged = (query: string) => void;

/** Replaces the list of a URL's parameters without telling the URL. */
export let replacePairs: (params: URLSearchParams, query: string) => void;
/** Makes parameters belong to a URL. */
export let bindToUrl: (params: URLSearchParams, changed: QueryChanged) => void;

export class URLSearchParams {
  #pairs: Pair[];
  #changed: QueryChanged | undefined = undefined;

  static {
    replacePairs = (params, query) => (params.#pairs = parseForm(query));
    bindToUrl = (params, changed) => (params.#changed = changed);
  }

  constructor(init: unknown = "") {
    this.#pairs = pairsOf(init);
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: unknown, value: unknown): void {
    this.#pairs.push([wellFormed(name), wellFormed(value)]);
    this.#update();
  }

  delete(name: unknown, value?: unknown): void {
    const gone = this.#matcher(name, value);
    this.#pairs = this.#pairs.filter((pair) => !gone(pair));
    this.#update();
  }

  get(name: unknown): string | null {
    const wanted = wellFormed(name);
    return this.#pairs.find(([each]) => each === wanted)?.[1] ?? null;
  }

  getAll(name: unknown): string[] {
    const wanted = wellFormed(name);
    return this.#pairs.filter(([each]) => each === wanted).map(([, value]) => value);
  }

  has(name: unknown, value?: unknown): boolean {
    return this.#pairs.some(this.#matcher(name, value));
  }

  set(name: unknown, value: unknown): void {
    const wanted = wellFormed(name);
    const text = wellFormed(value);
    const first = this.#pairs.find(([each]) => each === wanted);
    if (first === undefined) this.#pairs.push([wanted, text]);
    else {
      first[1] = text;
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== wanted);
    }
    this.#update();
  }

  /** By name, in code units; pairs of one name keep their order. */
  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#update();
  }

  forEach(
    call: (value: string, name: string, params: URLSearchParams) => void,
    self?: unknown,
  ): void {
    for (const [name, value] of this) call.call(self, value, name, this);
  }

  *entries(): IterableIterator<Pair> {
    for (let at = 0; at < this.#pairs.length; at++) yield [...this.#pairs[at]!];
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries();
  }

  toString(): string {
    return this.#pairs
      .map(([name, value]) => `${encodeFormText(name)}=${encodeFormText(value)}`)
      .join("&");
  }

  get [Symbol.toStringTag](): string {
    return "URLSearchParams";
  }

  #matcher(name: unknown, value: unknown): (pair: Pair) => boolean {
    const wanted = wellFormed(name);
    if (value === undefined) return ([each]) => each === wanted;
    const text = wellFormed(value);
    return ([each, other]) => each === wanted && other === text;
  }

  #update(): void {
    this.#changed?.(this.toString());
  }
}

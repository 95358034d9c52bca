/**
 * JSON with places: a strict parser that remembers on which line each value stands and its exact text.
 * The engine's own `JSON.parse` tells neither, and reads `1.0` and 2^60 as other numbers than were written.
 * @module
 */

export type JsonPath = readonly (string | number)[];

export interface JsonSource {
  readonly value: unknown;
  /** 1-based line of the value at `path`, or of its nearest known parent. */
  lineOf(path: JsonPath): number;
  /** The text of the value at `path` as it was written, or `undefined`. */
  textOf(path: JsonPath): string | undefined;
}

/** Text that is not JSON. `line` is 1-based. */
export class JsonSyntaxError extends Error {
  override name = "JsonSyntaxError";
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const MAX_DEPTH = 127;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LITERALS: readonly (readonly [string, unknown])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

const keyOf = (path: JsonPath): string => JSON.stringify(path);

class Reader {
  readonly spans = new Map<string, Span>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value([]);
    this.#space();
    if (this.#at < this.#text.length) this.#fail("there is text after the end of the value");
    return value;
  }

  lineAt(offset: number): number {
    let line = 1;
    for (
      let i = this.#text.indexOf("\n");
      i >= 0 && i < offset;
      i = this.#text.indexOf("\n", i + 1)
    ) {
      line += 1;
    }
    return line;
  }

  #fail(message: string): never {
    throw new JsonSyntaxError(message, this.lineAt(this.#at));
  }

  #space(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #take(symbol: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #value(path: JsonPath): unknown {
    if (path.length > MAX_DEPTH) this.#fail(`values are nested deeper than ${MAX_DEPTH}`);
    this.#space();
    const start = this.#at;
    const value = this.#bare(path);
    this.spans.set(keyOf(path), { start, end: this.#at });
    return value;
  }

  #bare(path: JsonPath): unknown {
    const symbol = this.#text[this.#at];
    if (symbol === "{") return this.#object(path);
    if (symbol === "[") return this.#array(path);
    if (symbol === '"') return this.#string();
    for (const [word, value] of LITERALS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    const number = this.#match(NUMBER);
    if (number !== undefined) return Number(number);
    return this.#fail(
      symbol === undefined ? "the file ends too early" : `"${symbol}" cannot stand here`,
    );
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #string(): string {
    const text = this.#match(STRING);
    if (text === undefined)
      this.#fail("a text is not closed, or has a control character or bad escape");
    return JSON.parse(text) as string;
  }

  #array(path: JsonPath): unknown[] {
    this.#at += 1;
    const items: unknown[] = [];
    if (this.#take("]")) return items;
    do items.push(this.#value([...path, items.length]));
    while (this.#take(","));
    if (!this.#take("]")) this.#fail('"," or "]" is missing');
    return items;
  }

  #object(path: JsonPath): Record<string, unknown> {
    this.#at += 1;
    // Entries, not assignment: a key "__proto__" is an ordinary key.
    const entries: [string, unknown][] = [];
    if (this.#take("}")) return {};
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail("a key in double quotes is missing");
      const key = this.#string();
      if (!this.#take(":")) this.#fail('":" is missing after the key');
      entries.push([key, this.#value([...path, key])]);
    } while (this.#take(","));
    if (!this.#take("}")) this.#fail('"," or "}" is missing');
    return Object.fromEntries(entries);
  }
}

/** @throws {JsonSyntaxError} the text is not one JSON value */
export function parseJsonSource(text: string): JsonSource {
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  const reader = new Reader(body);
  const value = reader.document();
  const spanOf = (path: JsonPath) => reader.spans.get(keyOf(path));
  return {
    value,
    lineOf(path) {
      for (let length = path.length; length >= 0; length -= 1) {
        const span = spanOf(path.slice(0, length));
        if (span !== undefined) return reader.lineAt(span.start);
      }
      return 1;
    },
    textOf(path) {
      const span = spanOf(path);
      return span && body.slice(span.start, span.end);
    },
  };
}

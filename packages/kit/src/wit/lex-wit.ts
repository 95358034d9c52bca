/**
 * The words of a WIT text, read one at a time: which of them a version is, only the parser knows.
 * @module
 */
import type { WitPosition } from "./ast.ts";
import { WitError } from "./errors.ts";

export interface WitToken extends WitPosition {
  readonly kind: "name" | "keyword" | "sign" | "end";
  /** A name without its `%`. */
  readonly text: string;
  /** The documentation comments right before it. */
  readonly docs: string;
}

const KEYWORDS = new Set(
  (
    "use type func u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 char bool string resource own borrow record flags variant " +
    "enum option result future stream error-context list tuple as from static interface world import export package " +
    "constructor include with async _"
  ).split(" "),
);

const SPACE = /[ \t\r\n]+/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const WORD = /%?[A-Za-z][A-Za-z0-9-]*|_/y;
const SIGN = /->|[{}()<>,;:=@./*]/y;
const VERSION = /[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]*[0-9A-Za-z])?/y;
/** Words of one case each, joined by single hyphens. */
const KEBAB = /^(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-(?:[a-z0-9]+|[A-Z0-9]+))*$/;

/** Reads tokens with one of look-ahead. */
export class WitLexer {
  readonly file: string;
  readonly #text: string;
  #offset = 0;
  /** Where lines start, for positions. */
  readonly #lines: number[] = [0];
  #peeked: WitToken | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lines.push(at + 1);
    }
  }

  peek(): WitToken {
    this.#peeked ??= this.#read();
    return this.#peeked;
  }

  next(): WitToken {
    const token = this.peek();
    this.#peeked = undefined;
    return token;
  }

  /** Passes over space before something that only the parser knows to be a version. */
  skipSpace(): void {
    this.#match(SPACE);
  }

  /** The version right after an `@` that was just taken. */
  version(): string {
    // Nothing is peeked: the parser asks before it looks at anything after the "@".
    const version = this.#match(VERSION);
    if (version === undefined) {
      throw new WitError(
        this.file,
        this.#position(this.#offset),
        "expected a version such as 1.0.0",
      );
    }
    return version;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#offset += found.length;
    return found;
  }

  #position(offset: number): WitPosition {
    let low = 0;
    let high = this.#lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lines[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#lines[low]! + 1 };
  }

  #read(): WitToken {
    const docs = this.#skip();
    const start = this.#offset;
    const at = this.#position(start);
    if (start >= this.#text.length)
      return { kind: "end", text: "the end of the text", docs, ...at };
    const word = this.#match(WORD);
    if (word !== undefined) return { ...this.#word(word, at), docs };
    const sign = this.#match(SIGN);
    if (sign !== undefined) return { kind: "sign", text: sign, docs, ...at };
    const found = String.fromCodePoint(this.#text.codePointAt(start)!);
    throw new WitError(this.file, at, `${JSON.stringify(found)} has no meaning here`);
  }

  #word(word: string, at: WitPosition): Omit<WitToken, "docs"> {
    const isEscaped = word.startsWith("%");
    const text = isEscaped ? word.slice(1) : word;
    if (!isEscaped && KEYWORDS.has(text)) return { kind: "keyword", text, ...at };
    if (!KEBAB.test(text)) {
      throw new WitError(
        this.file,
        at,
        `"${text}" is not a name`,
        "Names are words of letters and digits joined by single hyphens, each word in one case",
      );
    }
    return { kind: "name", text, ...at };
  }

  /** Passes over space and comments; returns the documentation among them. */
  #skip(): string {
    const docs: string[] = [];
    for (;;) {
      if (this.#match(SPACE) !== undefined) continue;
      const start = this.#offset;
      if (this.#text.startsWith("/*", start)) {
        const comment = this.#blockComment(start);
        if (comment.startsWith("/**") && comment.length > 4) docs.push(blockDocs(comment));
        continue;
      }
      const line = this.#match(LINE_COMMENT);
      if (line === undefined) return docs.join("\n");
      if (line.startsWith("///") && !line.startsWith("////")) docs.push(line.slice(3).trim());
    }
  }

  #blockComment(start: number): string {
    let depth = 0;
    for (let at = start; at < this.#text.length; at += 1) {
      const pair = this.#text.slice(at, at + 2);
      if (pair !== "/*" && pair !== "*/") continue;
      depth += pair === "/*" ? 1 : -1;
      at += 1;
      if (depth > 0) continue;
      this.#offset = at + 1;
      return this.#text.slice(start, this.#offset);
    }
    throw new WitError(
      this.file,
      this.#position(start),
      'this comment has no end; close it with "*/"',
    );
  }
}

function blockDocs(comment: string): string {
  return comment
    .slice(3, -2)
    .split("\n")
    .map((line) => line.trim().replace(/^\* ?/, ""))
    .join("\n")
    .trim();
}

/**
 * Uses of types in WIT texts, and what all parts of the parser share.
 * @module
 */
import type { WitPosition, WitPrimitive, WitType } from "./ast.ts";
import { WitError } from "./errors.ts";
import { WitLexer, type WitToken } from "./lex-wit.ts";

const PRIMITIVES: ReadonlySet<string> = new Set<WitPrimitive>([
  "bool",
  "s8",
  "s16",
  "s32",
  "s64",
  "u8",
  "u16",
  "u32",
  "u64",
  "f32",
  "f64",
  "char",
  "string",
]);

/** `list<list<…>>`: deeper than any program needs, and small enough for every stack. */
const MAX_TYPE_DEPTH = 64;

/** A lexer with the steps that every rule of the grammar needs. */
export class WitParser {
  readonly #lexer: WitLexer;
  /** How deep inside a type the parser is. */
  typeDepth = 0;

  constructor(file: string, text: string) {
    this.#lexer = new WitLexer(file, text);
  }

  get file(): string {
    return this.#lexer.file;
  }

  peek(): WitToken {
    return this.#lexer.peek();
  }

  error(at: WitPosition, reason: string, hint?: string): WitError {
    return new WitError(this.file, at, reason, hint);
  }

  unexpected(wanted: string): WitError {
    const found = this.peek();
    const text = found.kind === "end" ? found.text : `"${found.text}"`;
    const hint =
      found.kind === "keyword" && wanted.startsWith("the name")
        ? `Write "%${found.text}" to use this word as a name`
        : undefined;
    return this.error(found, `expected ${wanted}, found ${text}`, hint);
  }

  /** Takes a sign, or says that it is missing. */
  expect(sign: string): void {
    if (!this.accept(sign)) throw this.unexpected(`"${sign}"`);
  }

  accept(sign: string): boolean {
    const token = this.peek();
    if (token.kind !== "sign" || token.text !== sign) return false;
    this.#lexer.next();
    return true;
  }

  keyword(word: string): WitToken {
    const token = this.peek();
    if (token.kind !== "keyword" || token.text !== word) throw this.unexpected(`"${word}"`);
    return this.#lexer.next();
  }

  acceptKeyword(word: string): boolean {
    const token = this.peek();
    if (token.kind !== "keyword" || token.text !== word) return false;
    this.#lexer.next();
    return true;
  }

  name(what: string): string {
    if (this.peek().kind !== "name") throw this.unexpected(what);
    return this.#lexer.next().text;
  }

  /** Takes whatever comes next. */
  take(): WitToken {
    return this.#lexer.next();
  }

  version(): string {
    return this.#lexer.version();
  }

  /** Comma-separated items between two signs; a comma after the last one is fine. */
  list<T>(open: string, close: string, item: () => T): T[] {
    this.expect(open);
    const items: T[] = [];
    while (!this.accept(close)) {
      items.push(item());
      if (this.accept(",")) continue;
      if (!this.accept(close)) throw this.unexpected(`"," or "${close}"`);
      break;
    }
    return items;
  }

  /** Passes over `@since(version = 0.2.0)` and its relatives, which say nothing about types. */
  gates(): void {
    while (this.accept("@")) {
      const at = this.peek();
      const gate = this.name("since, unstable or deprecated");
      if (gate !== "since" && gate !== "unstable" && gate !== "deprecated") {
        throw this.error(at, `"@${gate}" is not known`);
      }
      this.expect("(");
      const key = this.name("version or feature");
      this.expectEquals(key);
      this.expect(")");
    }
  }

  expectEquals(key: string): void {
    if (this.peek().text !== "=") throw this.unexpected('"="');
    if (key === "version") {
      this.#lexer.next();
      this.#lexer.skipSpace();
      this.version();
    } else {
      this.#lexer.next();
      this.name("the name of a feature");
    }
  }

  refuseAsync(): void {
    const token = this.peek();
    if (token.kind !== "keyword" || token.text !== "async") return;
    throw this.error(
      token,
      "asynchronous functions are not supported",
      "A process calls functions one after the other; leave the word out",
    );
  }
}

/** @throws {WitError} */
export function parseType(parser: WitParser): WitType {
  if (parser.typeDepth >= MAX_TYPE_DEPTH) {
    throw parser.error(parser.peek(), `types are nested more than ${MAX_TYPE_DEPTH} deep`);
  }
  parser.typeDepth += 1;
  const type = parseTypeInside(parser);
  parser.typeDepth -= 1;
  return type;
}

function parseTypeInside(parser: WitParser): WitType {
  const token = parser.peek();
  if (token.kind === "name") {
    return { kind: "name", name: parser.name("a type"), at: place(token) };
  }
  if (token.kind !== "keyword") throw parser.unexpected("a type");
  if (PRIMITIVES.has(token.text)) return { kind: parser.take().text as WitPrimitive };
  switch (token.text) {
    case "list":
    case "option":
      parser.take();
      return { kind: token.text, element: parseOne(parser) };
    case "tuple":
      return parseTuple(parser);
    case "result":
      return parseResult(parser);
    case "own":
    case "borrow":
      return parseHandle(parser, token.text);
    case "future":
    case "stream":
    case "error-context":
      throw parser.error(token, `"${token.text}" is not supported`);
  }
  throw parser.unexpected("a type");
}

function place(at: WitPosition): WitPosition {
  return { line: at.line, column: at.column };
}

function parseOne(parser: WitParser): WitType {
  parser.expect("<");
  const type = parseType(parser);
  parser.expect(">");
  return type;
}

function parseTuple(parser: WitParser): WitType {
  const start = parser.take();
  const elements = parser.list("<", ">", () => parseType(parser));
  if (elements.length === 0) throw parser.error(start, "a tuple has at least one element");
  return { kind: "tuple", elements };
}

function parseResult(parser: WitParser): WitType {
  parser.take();
  if (!parser.accept("<")) return { kind: "result", ok: undefined, err: undefined };
  if (parser.acceptKeyword("_")) {
    parser.expect(",");
    const err = parseType(parser);
    parser.accept(",");
    parser.expect(">");
    return { kind: "result", ok: undefined, err };
  }
  const ok = parseType(parser);
  const err = parser.accept(",") && parser.peek().text !== ">" ? parseType(parser) : undefined;
  parser.accept(",");
  parser.expect(">");
  return { kind: "result", ok, err };
}

function parseHandle(parser: WitParser, kind: "own" | "borrow"): WitType {
  parser.take();
  parser.expect("<");
  const at = place(parser.peek());
  const resource = parser.name("the name of a resource");
  parser.expect(">");
  return kind === "own" ? { kind: "name", name: resource, at } : { kind, resource, at };
}

/**
 * Parameters of many bytes, read in small steps: no parser is interrupted, and one that is given 12 MB holds up the node.
 * What comes out is the same as with all of it parsed at once; large strings never become one of the JavaScript engine.
 * @module
 */
import { isModestJson } from "@kinode-ts/codec/integer-json";
import { invalidParameters, readJson, readValue, SqlText, type SqlValue } from "./parameters.ts";
import type { Steps } from "./steps.ts";

/** Bytes of one step. */
const PIECE_BYTES = 64 * 1024;
/** What is parsed at once: a value that is no string, and the largest tagged one but text. */
const MAX_PARSED_BYTES = 1024 * 1024;

const [QUOTE, BACKSLASH, COMMA, U] = [0x22, 0x5c, 0x2c, 0x75];
const [OPENING, CLOSING, OPENING_BRACE, CLOSING_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x0a, 0x0d, 0x09]);

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** More than a statement can have by far; SQLite says how many those are. */
const MAX_COUNT = 100_000;

/**
 * @param pieceBytes - of one step
 * @throws {DataError} `data.invalid-parameters`
 */
export function* readLargeParameters(
  bytes: Uint8Array,
  pieceBytes = PIECE_BYTES,
): Steps<readonly SqlValue[]> {
  const reader = new Reader(bytes, pieceBytes);
  const values: SqlValue[] = [];
  yield* reader.blanks();
  reader.take(OPENING);
  yield* reader.blanks();
  if (!reader.takeIf(CLOSING)) {
    do {
      yield* reader.blanks();
      values.push(yield* reader.value());
      if (values.length > MAX_COUNT) throw invalidParameters();
      yield* reader.blanks();
    } while (reader.takeIf(COMMA));
    reader.take(CLOSING);
  }
  yield* reader.blanks();
  if (!reader.atEnd) throw invalidParameters();
  return values;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  #at = 0;
  /** Bytes since the last step. */
  #sinceStep = 0;

  constructor(bytes: Uint8Array, pieceBytes: number) {
    this.#bytes = bytes;
    this.#pieceBytes = pieceBytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  take(byte: number): void {
    if (!this.takeIf(byte)) throw invalidParameters();
  }

  takeIf(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  *blanks(): Steps<void> {
    const start = this.#at;
    while (BLANKS.has(this.#bytes[this.#at])) {
      this.#at++;
      if ((this.#at - start) % this.#pieceBytes === 0) yield;
    }
  }

  *value(): Steps<SqlValue> {
    const first = this.#bytes[this.#at];
    const start = this.#at;
    if (first === QUOTE) {
      const end = yield* this.#stringEnd();
      this.#at = end + 1;
      if (end - start > this.#pieceBytes) return yield* this.#string(start + 1, end, true);
    } else if (first === OPENING_BRACE) {
      const text = yield* this.#largeText();
      if (text !== undefined) return text;
      yield* this.#skipObject();
    } else this.#skipToken();
    const json = this.#bytes.subarray(start, this.#at);
    yield* this.#step(json.length);
    if (json.length > MAX_PARSED_BYTES || !isModestJson(json)) throw invalidParameters();
    return readValue(readJson(json));
  }

  /** `{"Text":"…"}` of a large text; `undefined`, and nothing taken, for everything else. */
  *#largeText(): Steps<SqlText | undefined> {
    const start = this.#at;
    this.take(OPENING_BRACE);
    yield* this.blanks();
    if (this.#takeTag()) {
      yield* this.blanks();
      this.take(0x3a);
      yield* this.blanks();
      const first = this.#at;
      const end = this.#bytes[first] === QUOTE ? yield* this.#stringEnd() : first;
      if (end - first > this.#pieceBytes) {
        this.#at = end + 1;
        yield* this.blanks();
        this.take(CLOSING_BRACE);
        return (yield* this.#string(first + 1, end, false)) as SqlText;
      }
    }
    this.#at = start;
    return undefined;
  }

  #takeTag(): boolean {
    const isText = TEXT_TAG.every((byte, index) => this.#bytes[this.#at + index] === byte);
    if (isText) this.#at += TEXT_TAG.length;
    return isText;
  }

  /** Where the string ends that begins here. */
  *#stringEnd(): Steps<number> {
    const bytes = this.#bytes;
    const first = bytes.indexOf(QUOTE, this.#at + 1);
    if (first >= 0 && bytes[first - 1] !== BACKSLASH) return first;
    for (let at = this.#at + 1, until = at + this.#pieceBytes; at < bytes.length; at++) {
      if (bytes[at] === QUOTE) return at;
      if (bytes[at] === BACKSLASH) at++;
      if (at < until) continue;
      until = at + this.#pieceBytes;
      yield;
    }
    throw invalidParameters();
  }

  *#skipObject(): Steps<void> {
    const start = this.#at;
    let depth = 0;
    do {
      const byte = this.#bytes[this.#at];
      if (byte === QUOTE) this.#at = yield* this.#stringEnd();
      else if (byte === OPENING_BRACE || byte === OPENING) depth++;
      else if (byte === CLOSING_BRACE || byte === CLOSING) depth--;
      if (++this.#at - start > MAX_PARSED_BYTES) throw invalidParameters();
    } while (depth > 0 && !this.atEnd);
  }

  #skipToken(): void {
    const start = this.#at;
    for (let byte = this.#bytes[this.#at]; !this.atEnd; byte = this.#bytes[++this.#at]) {
      if (byte === COMMA || byte === CLOSING || BLANKS.has(byte)) break;
      if (this.#at - start > MAX_PARSED_BYTES) throw invalidParameters();
    }
  }

  *#step(bytes: number): Steps<void> {
    // A value of no bytes takes its time, too.
    this.#sinceStep += bytes + 64;
    if (this.#sinceStep < this.#pieceBytes) return;
    this.#sinceStep = 0;
    yield;
  }

  /** What is between two quotes. @param isGuessed - base64 is a blob */
  *#string(start: number, end: number, isGuessed: boolean): Steps<SqlText | Uint8Array> {
    // Escapes take more bytes than what they stand for.
    const text = new Uint8Array(end - start);
    let length = 0;
    const blob = isGuessed ? new Base64(end - start) : undefined;
    for (let at = start; at < end;) {
      const next = pieceEnd(this.#bytes, at, at + this.#pieceBytes, end);
      const piece = readPiece(this.#bytes.subarray(at, next));
      length += encoder.encodeInto(piece, text.subarray(length)).written;
      blob?.add(piece);
      at = next;
      yield;
    }
    return blob?.finish() ?? new SqlText(text.subarray(0, length));
  }
}

const TEXT_TAG = [...encoder.encode('"Text"')];

/** Not in the middle of a character or an escape, nor between two escapes that are one character together. */
function pieceEnd(bytes: Uint8Array, start: number, target: number, end: number): number {
  if (target >= end) return end;
  let at = start;
  for (;;) {
    const escape = bytes.indexOf(BACKSLASH, at);
    if (escape < 0 || escape >= target) break;
    at = escape + 1;
    if (bytes[at] !== U) at++;
    else at += isHighHalf(bytes, at) && bytes[at + 5] === BACKSLASH ? 11 : 5;
  }
  // The escape may go beyond; what is wrong with it is found by the parser.
  if (at >= target) return Math.min(at, end);
  at = target;
  while ((bytes[at]! & 0xc0) === 0x80 && at > start) at--;
  return at > start ? at : target;
}

/** Whether `u` at this place begins the first half of a surrogate pair: d8 to db. */
function isHighHalf(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 1]! | 0x20) === 0x64 && /[89abAB]/.test(String.fromCharCode(bytes[at + 2]!));
}

function readPiece(bytes: Uint8Array): string {
  try {
    return JSON.parse(`"${decoder.decode(bytes)}"`) as string;
  } catch {
    throw invalidParameters();
  }
}

/** Standard padded base64 with its last bits zero, or nothing. */
class Base64 {
  readonly #bytes: Buffer;
  #length = 0;
  #rest = "";
  #isOver = false;
  #isWrong = false;

  constructor(characters: number) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.ceil(characters / 4) * 3);
  }

  add(piece: string): void {
    if (this.#isWrong) return;
    const text = this.#rest + piece;
    const whole = text.slice(0, text.length & ~3);
    this.#rest = text.slice(whole.length);
    // Padding is at the end of everything.
    this.#isWrong = this.#isOver && whole !== "";
    if (this.#isWrong) return;
    const bytes = Buffer.from(whole, "base64");
    this.#isWrong = bytes.toString("base64") !== whole;
    this.#isOver = whole.endsWith("=");
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  finish(): Uint8Array | undefined {
    if (this.#isWrong || this.#rest !== "") return undefined;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#length);
  }
}

/**
 * Rows: from the engine's encoding to the JSON of an answer.
 * Source: spec/runtime-modules.md §4.4.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import { DataError } from "../errors.ts";
import { VALUE } from "./parameters.ts";
import { runAtOnce, runInTurns, type Steps } from "./steps.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class RowReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  bytes(): Uint8Array {
    const length = this.u32();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return textOf(this.bytes());
  }

  /** The pieces of the large value that is next, as JSON. */
  largeValue(): Iterable<string> {
    const tag = this.#bytes[this.#at++];
    return tag === VALUE.text ? textPieces(this.bytes()) : blobPieces(this.bytes());
  }

  /** The next value as JSON; `undefined`, and nothing is taken, when it is a large one. */
  json(): string | undefined {
    const tag = this.#bytes[this.#at];
    if (tag === VALUE.text || tag === VALUE.blob) {
      if (this.#view.getUint32(this.#at + 1, true) > PIECE_BYTES) return undefined;
    }
    this.#at++;
    switch (tag) {
      case VALUE.integer:
        this.#at += 8;
        return String(this.#view.getBigInt64(this.#at - 8, true));
      case VALUE.real:
        this.#at += 8;
        return realJson(this.#view.getFloat64(this.#at - 8, true));
      case VALUE.text:
        return JSON.stringify(this.text());
      case VALUE.blob: {
        return `"${base64Of(this.bytes())}"`;
      }
      default:
        return "null";
    }
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new DataError({ code: "data.engine", text: "a text is not valid UTF-8" }, { cause });
  }
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

function* textPieces(bytes: Uint8Array): Iterable<string> {
  yield '"';
  for (let at = 0; at < bytes.length;) {
    let end = Math.min(at + PIECE_BYTES, bytes.length);
    // Not in the middle of a character, which has at most three bytes after its first.
    for (let left = 3; left > 0 && (bytes[end]! & 0xc0) === 0x80; left--) end--;
    yield JSON.stringify(textOf(bytes.subarray(at, end))).slice(1, -1);
    at = end;
  }
  yield '"';
}

function* blobPieces(bytes: Uint8Array): Iterable<string> {
  yield '"';
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield base64Of(bytes.subarray(at, at + PIECE_BYTES));
  }
  yield '"';
}

/** Always with a fraction or an exponent, so that it stays a REAL; `null` for what JSON has no number for. */
function realJson(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Bytes of the engine made into JSON at a time; a multiple of 3, so that base64 goes on without padding. */
const PIECE_BYTES = 48 * 1024;

/** Text is put into bytes when it has grown to this many characters. */
const CHUNK_LENGTH = 64 * 1024;

/** Turns the rows of one answer into JSON, piece by piece. */
class RowsWriter {
  readonly #reader: RowReader;
  /** `"name":` of each column; `undefined` for one that a later one of the same name replaces. */
  readonly #keys: readonly (string | undefined)[];
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #text = "[";
  /** Of the values since the last step. */
  #cost = 0;
  /** Of the row under way. */
  #column = 0;
  #separator = "";

  constructor(reply: Uint8Array) {
    const reader = new RowReader(reply, 1);
    const names = Array.from({ length: reader.u32() }, () => reader.text());
    const last = new Map(names.map((name, i) => [name, i]));
    this.#keys = names.map((name, i) =>
      last.get(name) === i ? `${JSON.stringify(name)}:` : undefined,
    );
    this.#reader = reader;
  }

  *rows(): Steps<Uint8Array> {
    // A statement without columns has no rows, whatever it did.
    for (let isFirst = true; this.#keys.length > 0 && !this.#reader.atEnd; isFirst = false) {
      this.#text += isFirst ? "{" : ",{";
      this.#column = 0;
      this.#separator = "";
      for (let large = this.#values(); large !== undefined; large = this.#values()) {
        if (large === PAUSE) {
          this.#cost = 0;
          yield;
          continue;
        }
        const isShown = this.#startLarge();
        for (const piece of large) {
          // One that is replaced must be valid, too.
          if (isShown) this.#put(piece);
          yield;
        }
      }
      this.#put("}");
    }
    this.#text += "]";
    this.#flush();
    return this.#chunks.length === 1 ? this.#chunks[0]! : yield* this.#joined();
  }

  /** Those of this row up to its end, or to a large one, which is returned, or to `PAUSE`. */
  #values(): Iterable<string> | undefined {
    let fields = "";
    let large: Iterable<string> | undefined;
    while (this.#column < this.#keys.length && large === undefined) {
      const value = this.#cost < COST_PER_STEP ? this.#reader.json() : "";
      this.#cost++;
      if (value === "") large = PAUSE;
      else if (value === undefined) large = this.#reader.largeValue();
      else {
        this.#cost += value.length / CHARACTERS_PER_COST;
        const key = this.#keys[this.#column++];
        if (key === undefined) continue;
        fields += this.#separator + key + value;
        this.#separator = ",";
      }
    }
    this.#text += fields;
    return large;
  }

  /** Whether the large value that comes now is shown. */
  #startLarge(): boolean {
    const key = this.#keys[this.#column++];
    if (key === undefined) return false;
    this.#text += this.#separator + key;
    this.#separator = ",";
    return true;
  }

  #put(text: string): void {
    this.#text += text;
    if (this.#text.length > CHUNK_LENGTH) this.#flush();
  }

  #flush(): void {
    const chunk = encoder.encode(this.#text);
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    this.#text = "";
  }

  *#joined(): Steps<Uint8Array> {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const [index, chunk] of this.#chunks.entries()) {
      bytes.set(chunk, at);
      at += chunk.length;
      if (index % CHUNKS_PER_STEP === 0) yield;
    }
    return bytes;
  }
}

/** Values of one step, long ones counted more: about half a millisecond. Rows may be wide. */
const COST_PER_STEP = 1_000;
const CHARACTERS_PER_COST = 128;
/** It is time for a step. */
const PAUSE: Iterable<string> = [];
const CHUNKS_PER_STEP = 8;

/**
 * The JSON array of row objects.
 * @param reply - an answer of the engine to a statement whose rows were wanted
 * @throws {DataError} `data.engine`: a text is not UTF-8
 */
export function rowsToJson(reply: Uint8Array): Uint8Array {
  return runAtOnce(new RowsWriter(reply).rows());
}

/** The same for a large answer. @param giveWay - awaited now and then, so that others have their turn */
export function manyRowsToJson(
  reply: Uint8Array,
  giveWay: () => Awaitable<void>,
): Promise<Uint8Array> {
  return runInTurns(new RowsWriter(reply).rows(), giveWay);
}

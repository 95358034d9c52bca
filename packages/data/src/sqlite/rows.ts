/**
 * Rows: from the engine's encoding to the JSON of an answer.
 * Source: spec/runtime-modules.md §4.4.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import { DataError } from "../errors.ts";
import { VALUE } from "./parameters.ts";

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
    try {
      return decoder.decode(this.bytes());
    } catch (cause) {
      throw new DataError({ code: "data.engine", text: "a text is not valid UTF-8" }, { cause });
    }
  }

  /** The next value as JSON. */
  json(): string {
    const tag = this.#bytes[this.#at++];
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
        const { buffer, byteOffset, byteLength } = this.bytes();
        return `"${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}"`;
      }
      default:
        return "null";
    }
  }
}

/** Always with a fraction or an exponent, so that it stays a REAL; `null` for what JSON has no number for. */
function realJson(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Text is put into bytes when it has grown to this many characters. */
const CHUNK_LENGTH = 64 * 1024;

/** Turns the rows of one answer into JSON, piece by piece. */
class RowsWriter {
  readonly #reader: RowReader;
  /** `"name":` of each column; `undefined` for one that a later one of the same name replaces. */
  readonly #keys: readonly (string | undefined)[];
  readonly #chunks: Uint8Array[] = [];
  #text = "[";

  constructor(reply: Uint8Array) {
    const reader = new RowReader(reply, 1);
    const names = Array.from({ length: reader.u32() }, () => reader.text());
    const last = new Map(names.map((name, i) => [name, i]));
    this.#keys = names.map((name, i) =>
      last.get(name) === i ? `${JSON.stringify(name)}:` : undefined,
    );
    this.#reader = reader;
  }

  get atEnd(): boolean {
    // A statement without columns has no rows, whatever it did.
    return this.#keys.length === 0 || this.#reader.atEnd;
  }

  /** Returns how many values it has. */
  row(): number {
    let fields = "";
    for (const key of this.#keys) {
      const value = this.#reader.json();
      if (key !== undefined) fields += (fields === "" ? "" : ",") + key + value;
    }
    const isFirst = this.#text === "[" && this.#chunks.length === 0;
    this.#text += isFirst ? `{${fields}}` : `,{${fields}}`;
    if (this.#text.length > CHUNK_LENGTH) this.#flush();
    return this.#keys.length;
  }

  finish(): Uint8Array {
    this.#text += "]";
    this.#flush();
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }

  #flush(): void {
    this.#chunks.push(encoder.encode(this.#text));
    this.#text = "";
  }
}

/**
 * The JSON array of row objects.
 * @param reply - an answer of the engine to a statement whose rows were wanted
 * @throws {DataError} `data.engine`: a text is not UTF-8
 */
export function rowsToJson(reply: Uint8Array): Uint8Array {
  const writer = new RowsWriter(reply);
  while (!writer.atEnd) writer.row();
  return writer.finish();
}

/** The same for a large answer. @param giveWay - awaited now and then, so that others have their turn */
export async function manyRowsToJson(
  reply: Uint8Array,
  giveWay: () => Awaitable<void>,
): Promise<Uint8Array> {
  const writer = new RowsWriter(reply);
  let values = VALUES_PER_LOOK;
  while (!writer.atEnd) {
    values += writer.row();
    if (values < VALUES_PER_LOOK) continue;
    values = 0;
    // oxlint-disable-next-line no-await-in-loop -- in the order of the rows
    await giveWay();
  }
  return writer.finish();
}

/** Rows may be wide. About half a millisecond. */
const VALUES_PER_LOOK = 1_000;

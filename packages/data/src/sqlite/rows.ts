/**
 * Rows: from the engine's encoding to the JSON of an answer.
 * Source: spec/runtime-modules.md §4.4.
 * @module
 */
import { DataError } from "../errors.ts";
import { VALUE } from "./parameters.ts";

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

/**
 * The JSON array of row objects.
 * @param reply - an answer of the engine to a statement whose rows were wanted
 * @throws {DataError} `data.engine`: a text is not UTF-8
 */
export function rowsToJson(reply: Uint8Array): Uint8Array {
  const reader = new RowReader(reply, 1);
  const names = Array.from({ length: reader.u32() }, () => reader.text());
  // Of equal names the last one counts.
  const keys = names.map((name, i) =>
    names.lastIndexOf(name) === i ? `${JSON.stringify(name)}:` : undefined,
  );
  const rows: string[] = [];
  // A statement without columns has no rows, whatever it did.
  while (names.length > 0 && !reader.atEnd) {
    const fields: string[] = [];
    for (const key of keys) {
      const value = reader.json();
      if (key !== undefined) fields.push(key + value);
    }
    rows.push(`{${fields.join(",")}}`);
  }
  return new TextEncoder().encode(`[${rows.join(",")}]`);
}

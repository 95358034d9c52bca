/**
 * MessagePack values as JavaScript values, for bodies that are not one of our own message shapes.
 * Source: MessagePack specification (2013); forms as rmp-serde 1.3 writes them (spec/network-identity.md §1.6).
 * @module
 */
import { ByteReader, MAX_DEPTH } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { CodecError } from "./errors.ts";

/**
 * Integers are `number` inside ±(2^53 − 1) and `bigint` outside; a `number` with a fraction is a float.
 * Bytes are bin; `IntegerBytes` are bytes written as an array of integers, as Rust writes `Vec<u8>`.
 */
export type MsgpackValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | IntegerBytes
  | readonly MsgpackValue[]
  | ReadonlyMap<string, MsgpackValue>
  | { readonly [key: string]: MsgpackValue };

/** Bytes to be written as an array of integers. Decoding gives an ordinary array for them. */
export class IntegerBytes {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/**
 * Shortest forms; keys in the order given.
 * @throws {CodecError} `codec.unencodable`, `codec.too-deep`
 */
export function encodeMsgpack(value: MsgpackValue): Uint8Array {
  const writer = new ByteWriter();
  writeValue(writer, value, 0);
  return writer.finish();
}

function writeValue(writer: ByteWriter, value: MsgpackValue, depth: number): void {
  if (value === null) return writer.nil();
  switch (typeof value) {
    case "boolean":
      return writer.bool(value);
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? writer.int(value)
        : writer.float(value);
    case "bigint":
      return writer.int(value);
    case "string":
      return writer.text(value);
    case "object":
      return writeObject(writer, value, depth + 1);
    default:
      throw new CodecError({
        code: "codec.unencodable",
        problem: `there is no form for a value of type ${typeof value}`,
      });
  }
}

function writeObject(writer: ByteWriter, value: MsgpackValue & object, depth: number): void {
  if (value instanceof Uint8Array) return writer.bin(value);
  if (value instanceof IntegerBytes) return writer.intArray(value.bytes);
  if (depth > MAX_DEPTH) {
    throw new CodecError({
      code: "codec.too-deep",
      offsetBytes: writer.length,
      maxDepth: MAX_DEPTH,
    });
  }
  if (Array.isArray(value)) {
    writer.array(value.length);
    for (const item of value as readonly MsgpackValue[]) writeValue(writer, item, depth);
    return;
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  writer.map(entries.length);
  for (const [key, item] of entries as [string, MsgpackValue][]) {
    writer.text(key);
    writeValue(writer, item, depth);
  }
}

/** What decoding gives: maps become `Map`, so that no key can be mistaken for a property. */
export type DecodedMsgpack =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly DecodedMsgpack[]
  | ReadonlyMap<string, DecodedMsgpack>;

/**
 * Decodes exactly one value. Keys of maps must be texts, each once; extensions are refused.
 * @throws {CodecError} for anything else; memory stays in proportion to the input
 */
export function decodeMsgpack(bytes: Uint8Array): DecodedMsgpack {
  const reader = new ByteReader(bytes);
  const value = readValue(reader, 0);
  if (reader.remaining > 0) {
    const problem = `${reader.remaining} bytes follow after the value`;
    throw new CodecError({ code: "codec.bad-shape", what: "a value", problem });
  }
  return value;
}

function readValue(reader: ByteReader, depth: number): DecodedMsgpack {
  if (depth > MAX_DEPTH) throw reader.tooDeep();
  switch (reader.peek()) {
    case "nil":
      reader.takeNil();
      return null;
    case "bool":
      return reader.bool();
    case "integer":
      return reader.int();
    case "float":
      return reader.float();
    case "text":
      return reader.text();
    case "bin":
      return reader.bytes();
    case "array": {
      const items: DecodedMsgpack[] = [];
      for (let left = reader.array(); left > 0; left--) items.push(readValue(reader, depth + 1));
      return items;
    }
    case "map":
      return readMap(reader, depth);
    case "extension":
    case "unused":
      throw reader.unexpected("a value");
  }
}

function readMap(reader: ByteReader, depth: number): Map<string, DecodedMsgpack> {
  const map = new Map<string, DecodedMsgpack>();
  for (let left = reader.map(); left > 0; left--) {
    const key = reader.text();
    if (map.has(key)) {
      const problem = `the key ${JSON.stringify(key.slice(0, 80))} occurs twice`;
      throw new CodecError({ code: "codec.bad-shape", what: "a map", problem });
    }
    map.set(key, readValue(reader, depth + 1));
  }
  return map;
}

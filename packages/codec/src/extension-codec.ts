/**
 * Frames between the HTTP server and side-car programs: one externally tagged map,
 * `{"WebSocketExtPushData":{"id":1,"kinode_message_type":"Response","blob":[1,2]}}`.
 * Source: spec/runtime-modules.md §6.9.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { ByteReader } from "./byte-reader.ts";
import { encodeMsgpack, IntegerBytes } from "./msgpack.ts";
import { badShape, type FieldReader, readStruct, readVariant } from "./struct-reader.ts";

export interface ExtensionFrame {
  /** Of the request that the frame carries or answers. */
  readonly id: U64;
  /** What the frame is, or shall become, as a message to the app. */
  readonly type: "Request" | "Response";
  readonly blob: Uint8Array;
}

const WHAT = "an extension frame";
const VARIANT = "WebSocketExtPushData";
const TYPES = [
  { name: "Request", unit: "Request" },
  { name: "Response", unit: "Response" },
] as const;
const FIELDS: readonly FieldReader<unknown>[] = [
  { name: "id", read: (reader) => reader.uint() },
  {
    name: "kinode_message_type",
    alias: "hyperware_message_type",
    read: (reader) => readVariant<ExtensionFrame["type"]>(reader, "its type", TYPES),
  },
  { name: "blob", read: (reader) => reader.bytes() },
];

/** The blob is an array of integers, as existing programs read it. */
export function encodeExtensionFrame({ id, type, blob }: ExtensionFrame): Uint8Array {
  const data = { id, kinode_message_type: type, blob: new IntegerBytes(blob) };
  return encodeMsgpack({ [VARIANT]: data });
}

/**
 * Takes the type under both of its names, the blob as bytes too, and passes over keys that it does not know.
 * @throws {CodecError} for anything else
 */
export function decodeExtensionFrame(bytes: Uint8Array): ExtensionFrame {
  const reader = new ByteReader(bytes);
  if (reader.map() !== 1 || reader.text() !== VARIANT) throw badShape(WHAT, `it is no ${VARIANT}`);
  const [id, type, blob] = readStruct(reader, WHAT, FIELDS) as [
    U64,
    ExtensionFrame["type"],
    Uint8Array,
  ];
  if (reader.remaining > 0) throw badShape(WHAT, `${reader.remaining} bytes follow after it`);
  return { id, type, blob };
}

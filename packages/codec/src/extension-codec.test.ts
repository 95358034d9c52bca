import { expect, test } from "bun:test";
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { CodecError } from "./errors.ts";
import { decodeExtensionFrame, encodeExtensionFrame } from "./extension-codec.ts";

const bytes = Uint8Array.of(1, 200);
const FIELDS = { id: 5, kinode_message_type: "Response", blob: bytes };
const frame = (fields: object): Uint8Array => encode({ WebSocketExtPushData: fields });

test("a frame is the documented map, with the blob as integers, and is read back whatever its id", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.constantFrom("Request" as const, "Response" as const),
      fc.uint8Array({ maxLength: 300 }),
      (wide, type, blob) => {
        const id = wide <= Number.MAX_SAFE_INTEGER ? Number(wide) : wide;
        const written = encodeExtensionFrame({ id, type, blob });
        expect(decodeExtensionFrame(written)).toEqual({ id, type, blob });
        const { WebSocketExtPushData: data } = decode(written, { useBigInt64: true }) as {
          WebSocketExtPushData: Record<string, unknown>;
        };
        expect(Object.keys(data)).toEqual(["id", "kinode_message_type", "blob"]);
        expect([BigInt(data["id"] as number), data["kinode_message_type"]]).toEqual([wide, type]);
        expect(data["blob"]).toEqual([...blob]);
      },
    ),
  );
});

test("both names of the type, bytes as bin, any order and keys of later versions are read", () => {
  const expected = { id: 5, type: "Response", blob: bytes } as const;
  const { kinode_message_type: type, ...rest } = FIELDS;
  for (const fields of [
    FIELDS,
    { ...FIELDS, blob: [1, 200] },
    { ...rest, hyperware_message_type: type },
    { since: { v: [1, "two", null, 3.5, true] }, blob: bytes, kinode_message_type: type, id: 5 },
  ])
    expect(decodeExtensionFrame(frame(fields))).toEqual(expected);
});

test("what is no such map is refused", () => {
  const { kinode_message_type: type, ...rest } = FIELDS;
  for (const wrong of [
    frame(rest),
    frame({ ...FIELDS, hyperware_message_type: type }),
    frame({ ...FIELDS, kinode_message_type: "Reply" }),
    frame({ ...FIELDS, id: -1 }),
    frame({ ...FIELDS, id: 1.5 }),
    frame({ ...FIELDS, blob: [256] }),
    frame({ ...FIELDS, blob: "text" }),
    encode({ WebSocketExtPushData: FIELDS, more: 1 }),
    encode({ WebSocketPush: FIELDS }),
    Uint8Array.of(...frame(FIELDS), 0xc0),
    frame(FIELDS).subarray(0, -1),
    new Uint8Array(0),
  ])
    expect(() => decodeExtensionFrame(wrong)).toThrow(CodecError);
});

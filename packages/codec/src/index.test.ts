import { expect, test } from "bun:test";

test("public names of @kinode-ts/codec", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "CodecError",
    "IntegerBytes",
    "MAX_MESSAGE_BYTES",
    "decodeExtensionFrame",
    "decodeHandshakePayload",
    "decodeKernelMessage",
    "decodeMsgpack",
    "decodeRoutingRequest",
    "encodeCapability",
    "encodeExtensionFrame",
    "encodeHandshakePayload",
    "encodeKernelMessage",
    "encodeMsgpack",
    "encodeRoutingRequest",
    "splitHandshakePayload",
    "splitRoutingRequest",
  ]);
  expect(Object.keys(await import("./integer-json.ts")).sort()).toEqual([
    "decodeIntegerJson",
    "isModestJson",
    "parseIntegerJson",
  ]);
});

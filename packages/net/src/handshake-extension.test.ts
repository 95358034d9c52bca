/** Source: spec/network-identity.md §6.1 (a). */
import { expect, test } from "bun:test";
import { encodeMsgpack, type MsgpackValue, splitHandshakePayload } from "@kinode-ts/codec";
import fc from "fast-check";
import { ALICE, BOB, KEYS } from "../test/vectors.ts";
import {
  decodeExtension,
  encodeExtension,
  type HandshakeExtension,
} from "./handshake-extension.ts";
import { type HandshakeIdentity, InitiatorHandshake, ResponderHandshake } from "./handshake.ts";

const EXTENSION: HandshakeExtension = {
  features: ["bin", "notes"],
  record: Uint8Array.of(1, 2, 3),
  knows: 7,
  introduction: new Uint8Array(24),
  succession: Uint8Array.of(9),
  replaces: new Uint8Array(8).fill(5),
  run: new Uint8Array(8).fill(6),
};
const findKey = (name: string) => KEYS.get(name);

function shake(alice: HandshakeIdentity, bob: HandshakeIdentity) {
  const options = { target: "bob.os", targetKey: KEYS.get("bob.os")!, proxyRequest: false };
  const calling = new InitiatorHandshake(alice, options);
  const answering = new ResponderHandshake(bob, { findKey });
  const { third, session } = calling.finish(answering.answer(calling.start()));
  return { called: session, answered: answering.finish(third) };
}

test("both sides learn what both can do; only a proven one is told more", () => {
  const tell = (peer: string | undefined) => {
    const { features: _, ...all } = EXTENSION;
    return peer === "bob.os" ? all : { succession: Uint8Array.of(8) };
  };
  const { called, answered } = shake(
    { ...ALICE.identity, features: ["bin", "notes"], tell },
    { ...BOB.identity, features: ["bin"], tell },
  );
  expect([[...called.features], [...answered.features]]).toEqual([["bin"], ["bin"]]);
  expect(called.extension).toEqual({
    features: ["bin"],
    record: undefined,
    knows: undefined,
    introduction: undefined,
    succession: Uint8Array.of(8),
  });
  expect(answered.extension).toEqual(EXTENSION);
});

test("nothing is told to an impostor", () => {
  let isTold = false;
  const alice = { ...ALICE.identity, features: [], tell: () => ((isTold = true), {}) };
  const mallory = { ...BOB.identity, signer: ALICE.identity.signer, features: [] };
  expect(() => shake(alice, mallory)).toThrow("did not sign");
  expect(isTold).toBe(false);
});

test("a node of the reference is as it was: no bytes for it, none from it", () => {
  const plain = shake(ALICE.identity, BOB.identity);
  expect([plain.called.extension, plain.answered.features.size]).toEqual([undefined, 0]);
  const ours = shake({ ...ALICE.identity, features: ["bin"] }, BOB.identity);
  expect([ours.called.features.size, ours.called.extension]).toEqual([0, undefined]);
});

test("what is not of the form counts as absent", () => {
  const encode = (value: MsgpackValue) => decodeExtension(encodeMsgpack(value));
  expect(encode({ v: 1, features: ["x"], later: [1] })?.features).toEqual(["x"]);
  for (const wrong of [
    null,
    [1],
    {},
    { v: 2, features: [] },
    { v: 1 },
    { v: 1, features: "bin" },
    { v: 1, features: [1] },
    { v: 1, features: ["x".repeat(33)] },
    { v: 1, features: Array.from({ length: 17 }, () => "x") },
    { v: 1, features: [], more: new Uint8Array(16 * 1024) },
  ]) {
    expect(encode(wrong)).toBeUndefined();
  }
  expect(encode({ v: 1, features: [], record: new Uint8Array(8_193) })?.record).toBeUndefined();
  expect(encode({ v: 1, features: [], record: new Uint8Array(8_192) })?.record?.length).toBe(8_192);
  const long = { v: 1, features: [], introduction: new Uint8Array(1_025) };
  expect(encode(long)?.introduction).toBeUndefined();
  expect(encode({ v: 1, features: [], knows: 1.5 })?.knows).toBeUndefined();
});

test("whatever follows the payload, the handshake goes on", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const before = decodeExtension(bytes);
      expect(before === undefined || Array.isArray(before.features)).toBe(true);
    }),
    { seed: 1, numRuns: 2_000 },
  );
  const whole = encodeExtension(EXTENSION);
  expect(decodeExtension(whole)).toEqual(EXTENSION);
  for (let end = 0; end < whole.length; end += 1) {
    expect(decodeExtension(whole.subarray(0, end))).toBeUndefined();
  }
  expect(() => splitHandshakePayload(whole)).toThrow();
});

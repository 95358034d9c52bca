/** Source: docs/decisions/0008-local-identity.md. */
import { expect, test } from "bun:test";
import { decodeMsgpack, encodeMsgpack, type MsgpackValue } from "@kinode-ts/codec";
import { createNodeSigner } from "@kinode-ts/crypto";
import fc from "fast-check";
import { LocalIdentityError } from "./errors.ts";
import {
  fingerprint,
  leadsTo,
  readRecord,
  signRecord,
  signSuccession,
  toKnownNode,
} from "./identity-record.ts";

const signer = (seed: number) => createNodeSigner(new Uint8Array(32).fill(seed));
const [first, second, third] = [signer(1), signer(2), signer(3)] as const;
const PORTS = new Map([
  ["tcp", 10_000],
  ["ws", 9_000],
]);
const CONTENT = {
  name: "alice.local",
  places: [{ ip: "192.0.2.7", ports: PORTS }],
  routers: [{ name: "router.local", places: [{ ip: "fd00::1", ports: PORTS }] }],
  sequence: 5,
  timeMs: 1_000,
  successions: [],
};

test("a record says what its node has signed", () => {
  const record = signRecord(CONTENT, first);
  expect(readRecord(record.bytes)).toEqual(record);
  expect(record.bytes.length).toBeLessThan(250);
  const behind = signRecord({ ...CONTENT, places: [] }, first);
  expect(toKnownNode(behind).identity.routing).toEqual({
    kind: "routers",
    routers: ["router.local"],
  });
  expect(toKnownNode(record).identity.routing).toMatchObject({ kind: "direct", ip: "192.0.2.7" });
  expect(toKnownNode(record).routerPlaces?.get("router.local")?.[0]?.ip).toBe("fd00::1");
});

test("a changed byte anywhere makes it none", () => {
  const { bytes } = signRecord(CONTENT, first);
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    expect(() => readRecord(changed)).toThrow(LocalIdentityError);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
      expect(() => readRecord(any)).toThrow(LocalIdentityError);
    }),
    { seed: 2, numRuns: 1_000 },
  );
});

test("fields outside their bounds are refused although they are signed", () => {
  const places = Array.from({ length: 9 }, () => CONTENT.places[0]!);
  const bad = [
    { ...CONTENT, name: "Alice Local" },
    { ...CONTENT, name: "a".repeat(256) },
    { ...CONTENT, places },
    { ...CONTENT, places: [{ ip: "alice.example", ports: PORTS }] },
    { ...CONTENT, places: [{ ip: "256.1.1.1", ports: PORTS }] },
    { ...CONTENT, places: [{ ip: "192.0.2.7", ports: new Map([["tcp", 65_536]]) }] },
    { ...CONTENT, sequence: -1 },
    { ...CONTENT, sequence: 1.5 },
  ];
  for (const content of bad) {
    expect(() => readRecord(signRecord(content, first).bytes)).toThrow("is not of the form");
  }
  expect(() => readRecord(new Uint8Array(8_193))).toThrow("8193 bytes");
  const [, body, signature] = decodeMsgpack(signRecord(CONTENT, first).bytes) as MsgpackValue[];
  const later = encodeMsgpack([2, body!, signature!]);
  expect(() => readRecord(later)).toThrow("newer version");
});

test("a key is followed to the one it has named, and to no other", () => {
  const name = "alice.local";
  const steps = [
    signSuccession(name, first, second.publicKey),
    signSuccession(name, second, third.publicKey),
  ];
  expect(leadsTo(name, first.publicKey, first.publicKey, [])).toBe(true);
  expect(leadsTo(name, first.publicKey, third.publicKey, steps)).toBe(true);
  expect(leadsTo(name, second.publicKey, third.publicKey, steps)).toBe(true);
  // Half of the way, another order, another name, a forged word.
  expect(leadsTo(name, first.publicKey, second.publicKey, steps)).toBe(false);
  expect(leadsTo(name, first.publicKey, third.publicKey, steps.toReversed())).toBe(false);
  expect(leadsTo("bob.local", first.publicKey, third.publicKey, steps)).toBe(false);
  const forged = { ...signSuccession(name, second, third.publicKey), from: first.publicKey };
  expect(leadsTo(name, first.publicKey, third.publicKey, [forged])).toBe(false);
  expect(leadsTo(name, third.publicKey, first.publicKey, steps)).toBe(false);
});

test("a fingerprint is what two people can compare", () => {
  expect(fingerprint(first.publicKey)).toMatch(/^(?:[0-9a-f]{4} ){7}[0-9a-f]{4}$/);
  expect(fingerprint(second.publicKey)).not.toBe(fingerprint(first.publicKey));
});

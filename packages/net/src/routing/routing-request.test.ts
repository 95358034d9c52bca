/** Source: spec/network-identity.md §1.4, appendix A.5. */
import { expect, test } from "bun:test";
import { decodeRoutingRequest, encodeRoutingRequest } from "@kinode-ts/codec";
import { ALICE, BOB, KEYS, unhex } from "../../test/vectors.ts";
import { createRoutingRequest, readRoutingRequest } from "./routing-request.ts";

const FROM_ALICE = unhex(`
  9401a8616c6963652e6f73dc00401dccb255ccd74ccc9d6acce7ccc044ccb1cc90ccccccc86dcc9accfa2656ccfcccf9
  132719cc83ccd5ccf60accc827ccff1717cca7ccf0ccb6ccb2ccf2ccf328cc8ccc85521ccccd23ccb9cccd60ccf7ccbf
  ccb805cced4c3f3b2acce43eccc5ccd9ccb80ba6626f622e6f73`);
const FROM_BOB = unhex(`
  9401a6626f622e6f73dc0040ccb2ccc8ccbb72cce160ccc6cc8c69cced00cce7374ccca6ccff1d27cc9d48cca2103fcc
  c2cc83ccc5ccce5e2acce215cccacc84ccf129ccef49ccfccc861bcccd2b63cca8ccaecceecc85ccb3ccd0ccbbccdccc
  9dccbe037ecc92cced6b57ccc7cccaccf96109a8616c6963652e6f73`);
const ROUTER = "router.os";
const find = (name: string) => KEYS.get(name);

test("[N41] a routing request has the bytes of the specification, signed over target and router", () => {
  expect(createRoutingRequest(ALICE.identity, "bob.os", ROUTER)).toEqual(FROM_ALICE);
  expect(createRoutingRequest(BOB.identity, "alice.os", ROUTER)).toEqual(FROM_BOB);
  expect(readRoutingRequest(FROM_ALICE, ROUTER, find)).toEqual({
    source: "alice.os",
    target: "bob.os",
  });
});

test("[N54] a bad signature, an unknown source or target, and a node that wants itself are refused", () => {
  expect(() => readRoutingRequest(FROM_ALICE, "other.os", find)).toThrow("did not sign");
  const request = decodeRoutingRequest(FROM_ALICE);
  const changed = request.signature.slice();
  changed[5]! ^= 1;
  const forged = encodeRoutingRequest({ ...request, signature: changed });
  expect(() => readRoutingRequest(forged, ROUTER, find)).toThrow("did not sign");
  expect(() => readRoutingRequest(FROM_BOB, ROUTER, () => undefined)).toThrow('"bob.os"');
  const onlyBob = (name: string) => (name === "bob.os" ? KEYS.get(name) : undefined);
  expect(() => readRoutingRequest(FROM_BOB, ROUTER, onlyBob)).toThrow('"alice.os" is known');
  const self = createRoutingRequest(ALICE.identity, "alice.os", ROUTER);
  expect(() => readRoutingRequest(self, ROUTER, find)).toThrow("itself");
  expect(() => readRoutingRequest(new Uint8Array(40), ROUTER, find)).toThrow("handshake failed");
});

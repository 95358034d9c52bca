/** Source: spec/network-identity.md §2.6, appendix A.5. */
import { expect, test } from "bun:test";
import { parseAddress } from "@kinode-ts/types";
import { ALICE, KEYS, unhex } from "../test/vectors.ts";
import { signMessage, verifyMessage } from "./message-signature.ts";

const FROM = parseAddress("alice.os@chat:chat:alice.os");
const HELLO = new TextEncoder().encode("hello");
const SIGNATURE = unhex(`
  ee3c91df9a01bce30bd934a02195fbec710d6bcbd8ba7924ebd51cc539a7f085e09e59c9e29648da58ee753c654cf8e4
  b66892eb2ebd178085dd963711410f05`);

test("signing has the bytes of the specification, and any change of address or message is refused", () => {
  const key = KEYS.get("alice.os")!;
  expect(signMessage(ALICE.identity.signer, FROM, HELLO)).toEqual(SIGNATURE);
  expect(verifyMessage(key, FROM, HELLO, SIGNATURE)).toBe(true);
  expect(verifyMessage(key, FROM, HELLO.subarray(1), SIGNATURE)).toBe(false);
  const other = parseAddress("alice.os@chats:chat:alice.os");
  expect(verifyMessage(key, other, HELLO, SIGNATURE)).toBe(false);
  expect(verifyMessage(KEYS.get("bob.os")!, FROM, HELLO, SIGNATURE)).toBe(false);
  expect(verifyMessage(key, FROM, HELLO, SIGNATURE.subarray(1))).toBe(false);
});

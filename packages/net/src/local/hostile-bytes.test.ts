/** Whatever a peer, a router or a paste says, at worst it counts as nothing. */
import { expect, test } from "bun:test";
import { createNodeSigner } from "@kinode-ts/crypto";
import fc from "fast-check";
import { formatBase32, parseBase32 } from "./base32.ts";
import { LocalIdentityError } from "./errors.ts";
import { decodeSuccessions } from "./identity-record.ts";
import { INVITATION_PREFIX, readInvitation } from "./invitation.ts";
import { readNote } from "./peer-note.ts";
import { introduce, isSignedBy, readIntroduction, signVoucher, voucherFields } from "./voucher.ts";

const RUNS = { seed: 3, numRuns: 2_000 } as const;
const anyBytes = fc.uint8Array({ maxLength: 300 });
const [alice, invitation] = [1, 2].map((seed) => createNodeSigner(new Uint8Array(32).fill(seed)));
const SECRET = new Uint8Array(32).fill(2);
const VOUCHER = signVoucher(
  { inviter: "alice.local", invitation: invitation!.publicKey, expiresMs: 5, uses: 1 },
  alice!,
);
const KEY = new Uint8Array(32).fill(9);

test("bytes at random are no note, no introduction, no change of key, no invitation", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      readNote(bytes);
      expect(readIntroduction(bytes, "alice.local")).toBeUndefined();
      try {
        decodeSuccessions(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(LocalIdentityError);
      }
      const text = INVITATION_PREFIX + formatBase32(bytes);
      expect(() => readInvitation(text)).toThrow(LocalIdentityError);
    }),
    RUNS,
  );
});

test("any bytes survive as letters, in capitals too", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const text = formatBase32(bytes);
      expect(parseBase32(text)).toEqual(bytes);
      expect(parseBase32(text.toUpperCase())).toEqual(bytes);
    }),
    RUNS,
  );
  expect(parseBase32("abc1")).toBeUndefined();
});

test("an introduction is for one reader, one name and one key", () => {
  const bytes = introduce("router.local", VOUCHER, SECRET, "bob.local", KEY);
  expect(readIntroduction(bytes, "router.local")).toMatchObject({ name: "bob.local", key: KEY });
  expect(readIntroduction(bytes, "alice.local")).toBeUndefined();
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    const read = readIntroduction(changed, "router.local");
    // Its expiry and its uses are the inviter's to sign.
    if (read !== undefined) expect(isSignedBy(read.voucher, alice!.publicKey)).toBe(false);
  }
  // Without the secret the voucher is of no use.
  const stolen = introduce("router.local", VOUCHER, KEY, "mallory.local", KEY);
  expect(readIntroduction(stolen, "router.local")).toBeUndefined();
});

test("a voucher says what its inviter signed", () => {
  expect(isSignedBy(VOUCHER, alice!.publicKey)).toBe(true);
  for (const forged of [
    { ...VOUCHER, uses: 2 },
    { ...VOUCHER, expiresMs: 6 },
    { ...VOUCHER, inviter: "bob.local" },
    { ...VOUCHER, invitation: KEY },
  ]) {
    expect(isSignedBy(forged, alice!.publicKey)).toBe(false);
  }
  expect(isSignedBy(VOUCHER, invitation!.publicKey)).toBe(false);
  expect(voucherFields(VOUCHER)).toHaveLength(5);
});

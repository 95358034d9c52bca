/**
 * An invitation as one line of text: who invites, where it is reached, and a secret that lets whoever has it in. The secret is
 * the seed of a key; only signatures by it travel, so that nobody who watches can use it.
 * Source: docs/decisions/0008-local-identity.md.
 * @module
 */
import { decodeMsgpack, encodeMsgpack } from "@kinode-ts/codec";
import { equalBytes, primitives } from "@kinode-ts/crypto";
import { joinBytes } from "../join-bytes.ts";
import { formatBase32, parseBase32 } from "./base32.ts";
import { LocalIdentityError } from "./errors.ts";
import { readRecord, type SignedRecord } from "./identity-record.ts";
import { readArray, readCount, readFixed } from "./record-fields.ts";
import { readVoucher, type Voucher, voucherFields } from "./voucher.ts";

/** What every invitation begins with, so that a person and a program know one when they see it. */
export const INVITATION_PREFIX = "kinode1";
const VERSION = 1;
const CHECK_BYTES = 4;
const SECRET_BYTES = 32;
const MAX_ROUTERS = 8;
const MAX_TEXT_LENGTH = 16 * 1024;

export interface Invitation {
  readonly inviter: SignedRecord;
  /** Of the inviter, so that the newcomer can be served by them as well. */
  readonly routers: readonly SignedRecord[];
  /** Seed of the key that proves the invitation. */
  readonly secret: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
  /** The inviter's word to its routers. */
  readonly voucher: Voucher;
}

function checksum(bytes: Uint8Array): Uint8Array {
  return primitives.sha256(bytes).subarray(0, CHECK_BYTES);
}

export function formatInvitation(invitation: Invitation): string {
  const { inviter, routers, secret, expiresMs, voucher } = invitation;
  const bytes = encodeMsgpack([
    VERSION,
    inviter.bytes,
    routers.map((router) => router.bytes),
    secret,
    expiresMs,
    voucherFields(voucher),
  ]);
  return INVITATION_PREFIX + formatBase32(joinBytes(checksum(bytes), bytes));
}

function unpack(text: string): Uint8Array {
  // A line may have been wrapped on its way.
  const compact = text.replaceAll(/\s/g, "").toLowerCase();
  if (!compact.startsWith(INVITATION_PREFIX)) {
    throw new RangeError(`it does not begin with "${INVITATION_PREFIX}"`);
  }
  if (compact.length > MAX_TEXT_LENGTH) throw new RangeError("it is too long");
  const all = parseBase32(compact.slice(INVITATION_PREFIX.length));
  if (all === undefined) throw new RangeError("it has characters that no invitation has");
  const bytes = all.subarray(CHECK_BYTES);
  if (!equalBytes(all.subarray(0, CHECK_BYTES), checksum(bytes))) {
    throw new RangeError("a part is missing or mistyped");
  }
  return bytes;
}

/** @throws {LocalIdentityError} `net.bad-invitation`. Does not look at the time. */
export function readInvitation(text: string): Invitation {
  try {
    const fields = readArray(decodeMsgpack(unpack(text)), 6, "it");
    const [version, inviter, routers, secret, expires, voucher] = fields;
    if (version !== VERSION) throw new RangeError("a newer version of Kinode OS made it");
    return {
      inviter: readRecord(inviter as Uint8Array),
      routers: readArray(routers, MAX_ROUTERS, "routers").map((router) =>
        readRecord(router as Uint8Array),
      ),
      secret: readFixed(secret, SECRET_BYTES, "the secret"),
      expiresMs: readCount(expires),
      voucher: readVoucher(voucher),
    };
  } catch (error) {
    throw new LocalIdentityError({ code: "net.bad-invitation", why: (error as Error).message });
  }
}

/**
 * How a newcomer proves that it holds an invitation: to the inviter, and to a router that serves the inviter.
 * @module
 */
import {
  type DecodedMsgpack,
  decodeMsgpack,
  encodeMsgpack,
  type MsgpackValue,
} from "@kinode-ts/codec";
import { createNodeSigner, primitives } from "@kinode-ts/crypto";
import type { NodeId, NodeSigner } from "@kinode-ts/types";
import { readArray, readCount, readKeyBytes, readName, readSignature } from "./record-fields.ts";
import { toSign } from "./signed-text.ts";

/** The inviter tells any router that serves it: let in who holds the key of this invitation. */
export interface Voucher {
  readonly inviter: NodeId;
  /** Public key of the invitation, 32 bytes. */
  readonly invitation: Uint8Array;
  readonly expiresMs: number;
  /** How many different nodes it lets in. */
  readonly uses: number;
  /** By the inviter's networking key. */
  readonly signature: Uint8Array;
}

export const voucherFields = (voucher: Voucher): MsgpackValue[] => [
  voucher.inviter,
  voucher.invitation,
  voucher.expiresMs,
  voucher.uses,
  voucher.signature,
];

const voucherText = (voucher: Omit<Voucher, "signature">): Uint8Array =>
  toSign("voucher", [voucher.inviter, voucher.invitation, voucher.expiresMs, voucher.uses]);

export function signVoucher(voucher: Omit<Voucher, "signature">, signer: NodeSigner): Voucher {
  return { ...voucher, signature: signer.sign(voucherText(voucher)) };
}

/** @throws {RangeError} */
export function readVoucher(value: DecodedMsgpack | undefined): Voucher {
  const [inviter, invitation, expiresMs, uses, signature] = readArray(value, 5, "the voucher");
  return {
    inviter: readName(inviter),
    invitation: readKeyBytes(invitation),
    expiresMs: readCount(expiresMs),
    uses: readCount(uses),
    signature: readSignature(signature),
  };
}

export function isSignedBy(voucher: Voucher, inviterKey: Uint8Array): boolean {
  return primitives.ed25519Verify(inviterKey, voucherText(voucher), voucher.signature);
}

/** Who comes, on whose invitation. */
export interface Introduction {
  readonly voucher: Voucher;
  readonly name: NodeId;
  readonly key: Uint8Array;
  /** By the key of the invitation, for one reader. */
  readonly signature: Uint8Array;
}

const introductionText = (
  reader: NodeId,
  { inviter, invitation }: Voucher,
  name: NodeId,
  key: Uint8Array,
): Uint8Array => toSign("introduction", [reader, inviter, invitation, name, key]);

/**
 * @param reader - the inviter, or one of its routers
 * @param secret - of the invitation
 */
export function introduce(
  reader: NodeId,
  voucher: Voucher,
  secret: Uint8Array,
  name: NodeId,
  key: Uint8Array,
): Uint8Array {
  const text = introductionText(reader, voucher, name, key);
  const signature = createNodeSigner(secret).sign(text);
  return encodeMsgpack([voucherFields(voucher), name, key, signature]);
}

/** `undefined` unless the holder of the invitation's key wrote it for `reader`. The voucher itself is not checked. */
export function readIntroduction(bytes: Uint8Array, reader: NodeId): Introduction | undefined {
  try {
    const [first, second, third, fourth] = readArray(decodeMsgpack(bytes), 4, "an introduction");
    const voucher = readVoucher(first);
    const [name, key, signature] = [readName(second), readKeyBytes(third), readSignature(fourth)];
    const text = introductionText(reader, voucher, name, key);
    const isGood = primitives.ed25519Verify(voucher.invitation, text, signature);
    return isGood ? { voucher, name, key, signature } : undefined;
  } catch {
    // Of another form: it counts as none.
    return undefined;
  }
}

/**
 * Signatures of this package: each kind over a prefix of its own, so that none can be taken for another, nor for one that the
 * reference knows (those begin with a key, a name, an address or a MessagePack header; never with a zero byte).
 * @module
 */
import { encodeMsgpack, type MsgpackValue } from "@kinode-ts/codec";
import { joinBytes } from "../join-bytes.ts";

export type SignedKind = "record" | "succession" | "voucher" | "introduction" | "routing";

/** What is signed for `fields` of a kind. */
export function toSign(kind: SignedKind, fields: readonly MsgpackValue[]): Uint8Array {
  const prefix = new TextEncoder().encode(`\0kinode local identity 1: ${kind}\0`);
  return joinBytes(prefix, encodeMsgpack(fields));
}

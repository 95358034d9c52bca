/**
 * Asking a router to join two connections, and what a router checks before it does.
 * Source: spec/network-identity.md §1.4, §2.4.
 * @module
 */
import { encodeRoutingRequest, splitRoutingRequest } from "@kinode-ts/codec";
import { primitives } from "@kinode-ts/crypto";
import type { NodeId, NodeSigner } from "@kinode-ts/types";
import { badHandshake } from "../errors.ts";
import {
  decodeExtension,
  encodeExtension,
  type HandshakeExtension,
} from "../handshake-extension.ts";
import { type FindKey, HANDSHAKE_VERSION } from "../handshake.ts";
import { joinBytes } from "../join-bytes.ts";

const signedText = (target: NodeId, router: NodeId): Uint8Array =>
  new TextEncoder().encode(target + router);

/**
 * `our` wants to be joined with `target` by `router`.
 * @param more - told to the router in clear, after what the reference reads
 */
export function createRoutingRequest(
  { our, signer }: { readonly our: NodeId; readonly signer: NodeSigner },
  target: NodeId,
  router: NodeId,
  more?: HandshakeExtension,
): Uint8Array {
  const request = encodeRoutingRequest({
    protocolVersion: HANDSHAKE_VERSION,
    source: our,
    signature: signer.sign(signedText(target, router)),
    target,
  });
  return more === undefined ? request : joinBytes(request, encodeExtension(more));
}

export interface Join {
  readonly source: NodeId;
  readonly target: NodeId;
  /** What the source said beyond the reference; only here when it is proven. */
  readonly said?: HandshakeExtension;
}

/**
 * Reads a request that came to us as a router.
 * @throws {NetError} `net.bad-handshake`: it is none, or source or target may not be joined
 */
export function readRoutingRequest(bytes: Uint8Array, router: NodeId, findKey: FindKey): Join {
  let read: ReturnType<typeof splitRoutingRequest>;
  try {
    read = splitRoutingRequest(bytes);
  } catch (error) {
    throw badHandshake((error as Error).message);
  }
  const { source, target, signature } = read.request;
  const said = decodeExtension(read.rest);
  if (source === target) throw badHandshake(`"${source}" wants to be joined with itself`);
  const key = findKey(source, said);
  if (key === undefined) throw badHandshake(`no node "${source}" is known here`);
  if (!primitives.ed25519Verify(key, signedText(target, router), signature)) {
    throw badHandshake(`the key of "${source}" did not sign this routing request`);
  }
  if (findKey(target) === undefined) throw badHandshake(`no node "${target}" is known here`);
  return said === undefined ? { source, target } : { source, target, said };
}

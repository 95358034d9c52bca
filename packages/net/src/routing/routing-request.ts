/**
 * Asking a router to join two connections, and what a router checks before it does.
 * Source: spec/network-identity.md §1.4, §2.4.
 * @module
 */
import { decodeRoutingRequest, encodeRoutingRequest } from "@kinode-ts/codec";
import { primitives } from "@kinode-ts/crypto";
import type { NodeId, NodeSigner } from "@kinode-ts/types";
import { badHandshake } from "../errors.ts";
import { type FindKey, HANDSHAKE_VERSION } from "../handshake.ts";

const signedText = (target: NodeId, router: NodeId): Uint8Array =>
  new TextEncoder().encode(target + router);

/** `our` wants to be joined with `target` by `router`. */
export function createRoutingRequest(
  { our, signer }: { readonly our: NodeId; readonly signer: NodeSigner },
  target: NodeId,
  router: NodeId,
): Uint8Array {
  return encodeRoutingRequest({
    protocolVersion: HANDSHAKE_VERSION,
    source: our,
    signature: signer.sign(signedText(target, router)),
    target,
  });
}

export interface Join {
  readonly source: NodeId;
  readonly target: NodeId;
}

/**
 * Reads a request that came to us as a router.
 * @throws {NetError} `net.bad-handshake`: it is none, or source or target may not be joined
 */
export function readRoutingRequest(bytes: Uint8Array, router: NodeId, findKey: FindKey): Join {
  let request: ReturnType<typeof decodeRoutingRequest>;
  try {
    request = decodeRoutingRequest(bytes);
  } catch (error) {
    throw badHandshake((error as Error).message);
  }
  const { source, target, signature } = request;
  if (source === target) throw badHandshake(`"${source}" wants to be joined with itself`);
  const key = findKey(source);
  if (key === undefined) throw badHandshake(`no node "${source}" is known here`);
  if (!primitives.ed25519Verify(key, signedText(target, router), signature)) {
    throw badHandshake(`the key of "${source}" did not sign this routing request`);
  }
  if (findKey(target) === undefined) throw badHandshake(`no node "${target}" is known here`);
  return { source, target };
}

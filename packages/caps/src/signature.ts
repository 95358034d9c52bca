/**
 * Signatures over capabilities, by the node that issued them.
 * Source: spec/kernel.md §5.3.
 * @module
 */
import { encodeCapability } from "@kinode-ts/codec";
import type { Capability, NodeSigner, SignedCapability } from "@kinode-ts/types";

/** Signs issuer and params, the params byte for byte as given. */
export function signCapability(signer: NodeSigner, capability: Capability): SignedCapability {
  const { issuer, params } = capability;
  return { issuer, params, signature: signer.sign(encodeCapability(capability)) };
}

/** Whether the signature was made by `signer`'s key over exactly this issuer and params text. */
export function verifyCapability(signer: NodeSigner, capability: SignedCapability): boolean {
  if (capability.signature.length !== 64) return false;
  return signer.verify(encodeCapability(capability), capability.signature);
}

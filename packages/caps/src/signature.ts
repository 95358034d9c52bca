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

/** Bounds of the memo; a longer params text is signed each time. */
const MEMO_COUNT = 4_096;
const MEMO_TEXT_LENGTH = 512;

/** Remembers signatures by exact text: Ed25519 is deterministic, and processes attach the same few again and again. */
export class SignatureMemo {
  readonly #signer: NodeSigner;
  readonly #signed = new Map<string, SignedCapability>();

  constructor(signer: NodeSigner) {
    this.#signer = signer;
  }

  /** The key is another one. */
  clear(): void {
    this.#signed.clear();
  }

  sign(capability: Capability): SignedCapability {
    const { issuer, params } = capability;
    if (params.length > MEMO_TEXT_LENGTH) return signCapability(this.#signer, capability);
    // The lengths make the text split in one way only, whatever the names hold.
    const text = `${issuer.node.length} ${issuer.process.length} ${issuer.node}${issuer.process}${params}`;
    const known = this.#signed.get(text);
    if (known !== undefined) return known;
    if (this.#signed.size >= MEMO_COUNT) this.#signed.clear();
    const signed = signCapability(this.#signer, capability);
    this.#signed.set(text, signed);
    return signed;
  }
}

/**
 * Sizes on the wire, in bytes. Source: spec/network-identity.md §0, §1.5.
 * @module
 */
import { TAG_BYTES } from "../noise/cipher-state.ts";

export { TAG_BYTES };

/** Noise's own bound of one packet. */
export const MAX_PACKET_BYTES = 65_535;
/** Plaintext of one packet. */
export const MAX_CHUNK_BYTES = MAX_PACKET_BYTES - TAG_BYTES;
/** A sealed chunk with at least one byte in it. */
export const MIN_PACKET_BYTES = TAG_BYTES + 1;
/** Length in front of a message. */
export const LENGTH_BYTES = 4;

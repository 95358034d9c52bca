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
/** From here on a chunk is worth another thread: below, the way there and back costs more. */
export const LARGE_CHUNK_BYTES = 16 * 1024;
/** A sealed chunk with at least one byte in it. */
export const MIN_PACKET_BYTES = TAG_BYTES + 1;
/** Length in front of a message. */
export const LENGTH_BYTES = 4;

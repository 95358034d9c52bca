/**
 * Strict MessagePack and the wire forms of Kinode messages: bytes in, bytes out.
 * @module
 */
export { encodeCapability } from "./capability-codec.ts";
export { CodecError } from "./errors.ts";
export type { CodecFault } from "./errors.ts";

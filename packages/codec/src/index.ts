/**
 * Strict MessagePack and the wire forms of Kinode messages: bytes in, bytes out.
 * JSON bodies with 64-bit integers are the entry `./integer-json`.
 * @module
 */
export { encodeCapability } from "./capability-codec.ts";
export { CodecError } from "./errors.ts";
export type { CodecFault } from "./errors.ts";
export { decodeExtensionFrame, encodeExtensionFrame } from "./extension-codec.ts";
export type { ExtensionFrame } from "./extension-codec.ts";
export {
  decodeHandshakePayload,
  decodeRoutingRequest,
  encodeHandshakePayload,
  encodeRoutingRequest,
  splitHandshakePayload,
  splitRoutingRequest,
} from "./handshake-codec.ts";
export type { HandshakePayload, RoutingRequest } from "./handshake-codec.ts";
export {
  decodeKernelMessage,
  encodeKernelMessage,
  MAX_MESSAGE_BYTES,
} from "./kernel-message-codec.ts";
export type { EncodeMessageOptions } from "./kernel-message-codec.ts";
export { decodeMsgpack, encodeMsgpack, IntegerBytes } from "./msgpack.ts";
export type { DecodedMsgpack, MsgpackValue } from "./msgpack.ts";

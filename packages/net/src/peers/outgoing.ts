/**
 * A message on its way to a peer. It is encoded when its turn has come: how, the session says.
 * @module
 */
import { CodecError, MAX_MESSAGE_BYTES } from "@kinode-ts/codec";
import type { KernelMessage } from "@kinode-ts/types";
import type { Outgoing } from "./outbox.ts";

/** About what a message takes beside its body and blob: ids, addresses, the sizes of all. */
const HEAD_BYTES = 256;
const CAPABILITY_BYTES = 256;

export interface OutgoingMessage extends Outgoing {
  readonly message: KernelMessage;
}

/** @throws {CodecError} `codec.too-large`: no peer would take it, in whatever form */
export function toOutgoing(message: KernelMessage): OutgoingMessage {
  const { body, metadata, capabilities } = message.message;
  const payload = body.length + (message.blob?.bytes.length ?? 0);
  if (payload > MAX_MESSAGE_BYTES) {
    throw new CodecError({
      code: "codec.too-large",
      sizeBytes: payload,
      maxBytes: MAX_MESSAGE_BYTES,
    });
  }
  let byteLength = HEAD_BYTES + payload + (metadata?.length ?? 0);
  for (const { params } of capabilities) byteLength += CAPABILITY_BYTES + params.length;
  return { flow: `${message.source.process}>${message.target.process}`, byteLength, message };
}

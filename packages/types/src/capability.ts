/**
 * Capabilities as data. Identity, tables and signatures are in `@kinode-ts/caps`.
 * Source: spec/kernel.md §5.1–5.3.
 * @module
 */
import type { Address, NodeId, ProcessId } from "./address.ts";
import { KERNEL_PROCESS } from "./address.ts";

/** An unforgeable right: who issued it, and JSON text that says what for. */
export interface Capability {
  readonly issuer: Address;
  /** JSON text, kept byte for byte; compared as a JSON value. */
  readonly params: string;
}

export interface SignedCapability extends Capability {
  /** Ed25519 by the issuer's node over the MessagePack of (issuer, params), 64 bytes; empty when unsigned. */
  readonly signature: Uint8Array;
}

/** Params text of the right to send a message to the issuer, quotes included. */
export const MESSAGING_PARAMS = '"messaging"';
/** Params text of the right to exchange messages with other nodes, issued by the kernel. */
export const NETWORK_PARAMS = '"network"';

export function messagingCapability(node: NodeId, process: ProcessId): Capability {
  return { issuer: { node, process }, params: MESSAGING_PARAMS };
}

export function networkCapability(node: NodeId): Capability {
  return { issuer: { node, process: KERNEL_PROCESS }, params: NETWORK_PARAMS };
}

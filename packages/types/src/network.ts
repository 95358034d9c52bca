/**
 * The border between the kernel and the network (spec/kernel.md §3.9–3.10).
 * The kernel hands out messages for other nodes and takes in what arrived from them.
 * @module
 */
import type { NodeId } from "./address.ts";
import type { KernelMessage, SendErrorKind } from "./message.ts";

/** What the kernel needs of the network: implemented by `net`, by tests, and by "no network". */
export interface NetworkPort {
  /**
   * Takes a message for another node. Failures come back through `NetworkEvents.failed`.
   * @returns a promise when much waits for that node already: the sender should wait until it settles, which it does without
   * an error
   */
  send(message: KernelMessage): void | Promise<void>;
  /** Called once, before the first message. */
  connect(events: NetworkEvents): void;
}

/** What the network tells the kernel. */
export interface NetworkEvents {
  /**
   * A message from another node, its source node proven by the session it came on.
   * @returns a promise when the receiver has much to do already: nothing more of that node should be read until it settles,
   * which it does without an error
   */
  received(message: KernelMessage): void | Promise<void>;
  /** A message this node sent that could not be delivered. */
  failed(message: KernelMessage, kind: SendErrorKind): void;
  /**
   * Requests to a node whose answers are still waited for: when that node is gone, each of them comes back through `failed`.
   * Default: none, they end by their timeouts.
   */
  awaited?(node: NodeId): readonly KernelMessage[];
}

/** Signs and checks with the node's networking key (Ed25519, spec/kernel.md §5.3). */
export interface NodeSigner {
  /** Raw 32-byte public key. */
  readonly publicKey: Uint8Array;
  /** 64-byte signature. */
  sign(message: Uint8Array): Uint8Array;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

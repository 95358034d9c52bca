/**
 * How much of connections that are over was read, for the other side to ask: what it says counts when another connection goes
 * on. Bounded in every way; what is forgotten is answered as unknown.
 * @module
 */
import type { NodeId } from "@kinode-ts/types";
import type { Connection } from "./connection.ts";

const MAX_NODES = 1_024;
const MAX_PER_NODE = 32;
/** Earlier connections that a peer may name on one. */
const MAX_NAMED = 64;

export class ReadCounts {
  /** By node, then by tag; the oldest first. */
  readonly #counts = new Map<NodeId, Map<string, number>>();
  /** Earlier connections that were spoken of on one. */
  readonly #named = new WeakMap<Connection, Set<string>>();

  remember(node: NodeId, tag: string, count: number): void {
    const counts = this.#counts.get(node) ?? new Map<string, number>();
    this.#counts.delete(node);
    this.#counts.set(node, counts);
    counts.set(tag, count);
    if (counts.size > MAX_PER_NODE) counts.delete(counts.keys().next().value!);
    if (this.#counts.size > MAX_NODES) this.#counts.delete(this.#counts.keys().next().value!);
  }

  find(node: NodeId, tag: string): number | undefined {
    return this.#counts.get(node)?.get(tag);
  }

  /** Says once on a connection what was read of an earlier one with the same peer. */
  sayOn(connection: Connection, tag: string): void {
    const named = this.#named.get(connection) ?? new Set<string>();
    this.#named.set(connection, named);
    if (named.has(tag) || named.size >= MAX_NAMED) return;
    named.add(tag);
    connection.sayResumed(tag, this.find(connection.peer, tag));
  }
}

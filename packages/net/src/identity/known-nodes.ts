/**
 * Nodes this one has heard of: the table that says which key a name has and how it is reached.
 * Source: spec/network-identity.md §1.1, §2.1.
 * @module
 */
import type { KnsUpdate, NodeIdentity, NodeRouting, Ports } from "@kinode-ts/codec/net";
import { parseHex } from "@kinode-ts/crypto";
import type { NodeId } from "@kinode-ts/types";

export type Protocol = "tcp" | "ws";

/** Where a node listens. */
export interface Place {
  readonly ip: string;
  readonly ports: Ports;
}

/** A node as this one uses it. */
export interface KnownNode {
  readonly name: NodeId;
  /** 32 bytes; `undefined` when its text was no key: then nothing it signs is believed. */
  readonly key: Uint8Array | undefined;
  /** As it was told, for answers. */
  readonly identity: NodeIdentity;
  /** All its places, likeliest first, when there are more than the one of its identity. */
  readonly places?: readonly Place[];
  /** Where its routers listen: for those this node does not know itself. */
  readonly routerPlaces?: ReadonlyMap<NodeId, readonly Place[]>;
}

/** Where a node listens, likeliest first; empty for one that nobody can dial. */
export function placesOf({ identity: { routing }, places }: KnownNode): readonly Place[] {
  return places ?? (routing.kind === "routers" ? [] : [routing]);
}

/** First address with all ports, else its routers (§2.1). */
export function identityOf(update: KnsUpdate): NodeIdentity {
  const { name, publicKey, ips, ports, routers } = update;
  const [ip] = ips;
  const routing: NodeRouting =
    ip === undefined ? { kind: "routers", routers } : { kind: "direct", ip, ports };
  return { name, networkingKey: publicKey, routing };
}

/** Raw key of a text with or without `0x`; `undefined` for anything else. */
export function readKey(text: string): Uint8Array | undefined {
  const bytes = parseHex(text);
  return bytes?.length === 32 ? bytes : undefined;
}

/** The port of a protocol, if it is usable: 0 counts as absent. */
export function portOf(ports: Ports, protocol: Protocol): number | undefined {
  const port = ports.get(protocol);
  return port === undefined || port === 0 ? undefined : port;
}

export class KnownNodes {
  readonly #nodes = new Map<NodeId, KnownNode>();
  /** What a person has said: no update of a registry changes it. */
  readonly #pinned = new Map<NodeId, KnownNode>();

  get size(): number {
    let count = this.#nodes.size;
    for (const name of this.#pinned.keys()) if (!this.#nodes.has(name)) count += 1;
    return count;
  }

  find(name: NodeId): KnownNode | undefined {
    return this.#pinned.get(name) ?? this.#nodes.get(name);
  }

  /** The last word on a name wins, unless the name is pinned. */
  set(identity: NodeIdentity): void {
    const key = readKey(identity.networkingKey);
    this.#nodes.set(identity.name, { name: identity.name, key, identity });
  }

  /** From now on this holds for the name. */
  pin(node: KnownNode): void {
    this.#pinned.set(node.name, node);
  }

  /** What the registry says holds again, if it says anything. */
  unpin(name: NodeId): void {
    this.#pinned.delete(name);
  }

  keyOf(name: NodeId): Uint8Array | undefined {
    return this.find(name)?.key;
  }

  *[Symbol.iterator](): Iterator<KnownNode> {
    yield* this.#pinned.values();
    for (const node of this.#nodes.values()) if (!this.#pinned.has(node.name)) yield node;
  }
}

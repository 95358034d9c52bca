/**
 * Nodes that a person trusts: pinned by name and key, kept in the store.
 * Rows: space `net.peers`, key = name, value = JSON of `PeerRow`.
 * @module
 */
import { equalBytes } from "@kinode-ts/crypto";
import type { NodeId, StoreChange, StoreRow } from "@kinode-ts/types";
import type { KnownNode } from "../identity/known-nodes.ts";
import { LocalIdentityError } from "./errors.ts";
import { leadsTo, readRecord, type SignedRecord, toKnownNode } from "./identity-record.ts";

export const PEERS_SPACE = "net.peers";
const MAX_PEERS = 10_000;
/** Of all: others must not fill the table of a router. */
const MAX_GUESTS = 1_000;

/** How a node came into the table. */
export type PeerOrigin =
  /** It came on an invitation of ours. */
  | "invited"
  /** We came on its invitation. */
  | "joined"
  /** It is a router of a node that invited us. */
  | "router"
  /** It was near, and the person accepted it. */
  | "nearby"
  /** A node that we serve as router vouches for it. */
  | "guest";

export interface PinnedPeer {
  readonly name: NodeId;
  readonly key: Uint8Array;
  /** `undefined`: a guest that has not said yet where it is. */
  readonly record: SignedRecord | undefined;
  readonly origin: PeerOrigin;
  /** Who vouches for a guest, or named the router. */
  readonly by?: NodeId | undefined;
  /** Of the invitation that let a guest in, hex. */
  readonly invitation?: string | undefined;
  /** What lets us in at a router: an invitation's text. */
  readonly pass?: string | undefined;
  readonly addedMs: number;
  lastSeenMs: number;
  /** Sequence number of our record that it was told; it has to hear of later ones. */
  told: number;
}

interface PeerRow extends Omit<PinnedPeer, "name" | "key" | "record"> {
  readonly key: string;
  readonly record: string | null;
}

function toRow(peer: PinnedPeer): PeerRow {
  const { name: _, key, record, ...rest } = peer;
  return { ...rest, key: key.toHex(), record: record?.bytes.toBase64() ?? null };
}

function fromRow({ key: name, value }: StoreRow): PinnedPeer {
  const { key, record, ...rest } = JSON.parse(value) as PeerRow;
  return {
    ...rest,
    name,
    key: Uint8Array.fromHex(key),
    record: record === null ? undefined : readRecord(Uint8Array.fromBase64(record)),
  };
}

export class PeerTable {
  readonly #peers = new Map<NodeId, PinnedPeer>();

  /** Rows that cannot be read are left out and named. */
  load(rows: readonly StoreRow[], report: (name: NodeId, why: string) => void): void {
    for (const row of rows) {
      try {
        this.#peers.set(row.key, fromRow(row));
      } catch (error) {
        report(row.key, (error as Error).message);
      }
    }
  }

  get(name: NodeId): PinnedPeer | undefined {
    return this.#peers.get(name);
  }

  list(): PinnedPeer[] {
    return [...this.#peers.values()];
  }

  /** How many guests came on one invitation. */
  guestCount(invitation: string): number {
    return this.list().filter((peer) => peer.invitation === invitation).length;
  }

  get hasRoomForGuest(): boolean {
    return this.list().filter(({ origin }) => origin === "guest").length < MAX_GUESTS;
  }

  get hasRoom(): boolean {
    return this.#peers.size < MAX_PEERS;
  }

  /**
   * Takes a node in; one that is there with the same key keeps how it came.
   * @throws {LocalIdentityError} `net.other-key`, `net.too-many`
   */
  pin(peer: PinnedPeer): StoreChange {
    const before = this.#peers.get(peer.name);
    if (before !== undefined && !equalBytes(before.key, peer.key)) {
      throw new LocalIdentityError({ code: "net.other-key", name: peer.name });
    }
    if (before === undefined && !this.hasRoom) {
      throw new LocalIdentityError({ code: "net.too-many", what: "known nodes", max: MAX_PEERS });
    }
    const isUpgrade = before?.origin === "guest" || before?.origin === "router";
    const kept = before === undefined || isUpgrade ? peer : { ...before, record: peer.record };
    return this.#put(kept);
  }

  /**
   * Follows a record of a pinned node: newer than what we have, by the pinned key or one that the pinned key has handed on to.
   * `undefined` when there is nothing to follow.
   */
  follow(record: SignedRecord): StoreChange | undefined {
    const peer = this.#peers.get(record.name);
    if (peer === undefined || !this.isTrusted(record)) return undefined;
    if (peer.record !== undefined && record.sequence <= peer.record.sequence) return undefined;
    return this.#put({ ...peer, key: record.key, record });
  }

  /** Whether a record is by the pinned key of its name, or by a later key of that node. */
  isTrusted(record: SignedRecord): boolean {
    const peer = this.#peers.get(record.name);
    return peer !== undefined && leadsTo(record.name, peer.key, record.key, record.successions);
  }

  remove(name: NodeId): StoreChange | undefined {
    if (!this.#peers.delete(name)) return undefined;
    return { kind: "delete-record", space: PEERS_SPACE, key: name };
  }

  /** The row as it is now, for what changes without being told. */
  row(name: NodeId): StoreChange | undefined {
    const peer = this.#peers.get(name);
    return peer === undefined ? undefined : this.#put(peer);
  }

  #put(peer: PinnedPeer): StoreChange {
    this.#peers.set(peer.name, peer);
    const value = JSON.stringify(toRow(peer));
    return { kind: "put-record", space: PEERS_SPACE, key: peer.name, value };
  }
}

/** As the table of nodes has it. */
export function knownPeer({ name, key, record }: PinnedPeer): KnownNode {
  if (record !== undefined) return toKnownNode(record);
  const routing = { kind: "routers", routers: [] } as const;
  return { name, key, identity: { name, networkingKey: key.toHex(), routing } };
}

/**
 * What is kept of a node that we talk to, or are about to.
 * @module
 */
import type { NodeId } from "@kinode-ts/types";
import type { Connection } from "./connection.ts";
import type { Outbox } from "./outbox.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import type { Past } from "./past.ts";

export interface Peer {
  readonly name: NodeId;
  /** The one that is written to. */
  connection: Connection | undefined;
  /** Who dialled it: what decides between two. */
  initiator: NodeId;
  isServed: boolean;
  /** We asked it to serve us. */
  servesUs: boolean;
  /** What waits while we dial, or while another connection is being finished. */
  readonly waiting: Outbox<OutgoingMessage>;
  /** Connections that are being finished: what is sent now must not overtake what they carry. */
  readonly finishing: Set<Connection>;
  /** Broken ones, the oldest first: what they left goes before what waits. */
  pasts: Past[];
  isDialling: boolean;
  /** Connections in succession that broke before they were of any use. */
  failures: number;
  sinceMs: number;
  /** When the connection was made. */
  connectedMs: number;
}

/** One that nobody has called yet. @param nowMs - monotonic milliseconds */
export function createPeer(name: NodeId, waiting: Outbox<OutgoingMessage>, nowMs: number): Peer {
  return {
    name,
    connection: undefined,
    initiator: "",
    isServed: false,
    servesUs: false,
    waiting,
    finishing: new Set(),
    pasts: [],
    isDialling: false,
    failures: 0,
    sinceMs: nowMs,
    connectedMs: 0,
  };
}

/** Nothing new is written to its connection: it must not overtake what others carry or left. */
export function isHeld({ finishing, pasts }: Peer): boolean {
  return finishing.size > 0 || pasts.length > 0;
}

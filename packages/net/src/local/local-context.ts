/**
 * What the parts of a local identity share: its tables, what the network module lends, ways to keep and to tell.
 * @module
 */
import type { NodeIdentity } from "@kinode-ts/codec/net";
import type { Clock, NodeId, NodeSigner, Random, StoreChange, StoreRow } from "@kinode-ts/types";
import type { KnownNodes } from "../identity/known-nodes.ts";
import type { Peers } from "../peers/peers.ts";
import { readRecord, type SignedRecord } from "./identity-record.ts";
import { InvitationTable } from "./invitation-table.ts";
import { OwnRecord } from "./own-record.ts";
import { createNote, type PeerNote } from "./peer-note.ts";
import { knownPeer, PeerTable } from "./peer-table.ts";

/** What was kept, as the store has it. */
export interface LocalRows {
  readonly self: readonly StoreRow[];
  readonly peers: readonly StoreRow[];
  readonly invitations: readonly StoreRow[];
}

export interface LocalIdentityOptions {
  readonly our: NodeId;
  readonly signer: NodeSigner;
  readonly clock: Clock;
  readonly random: Random;
  readonly rows: LocalRows;
  /** Settles when it survives the end of the program. */
  readonly commit: (changes: readonly StoreChange[]) => Promise<void>;
  /** This machine's addresses, likeliest first. */
  readonly addresses: () => readonly string[];
}

/** What the module lends. */
export interface LocalIdentityHost {
  readonly known: KnownNodes;
  readonly peers: Peers;
  become(our: NodeIdentity): void;
  say(verbosity: number, text: string): void;
}

export class LocalContext {
  readonly options: LocalIdentityOptions;
  readonly table = new PeerTable();
  readonly invitations = new InvitationTable();
  readonly own: OwnRecord;
  #host: LocalIdentityHost | undefined;

  constructor(options: LocalIdentityOptions) {
    this.options = options;
    this.own = new OwnRecord(options.our, options.signer, options.rows.self);
    this.invitations.load(options.rows.invitations);
  }

  /** Whoever is pinned is known from now on. @param report - rows that cannot be read */
  attach(host: LocalIdentityHost, report: (text: string) => void): void {
    this.#host = host;
    this.table.load(this.options.rows.peers, (name, why) =>
      report(`What was kept about ${name} cannot be read and is left out: ${why}`),
    );
    for (const peer of this.table.list()) host.known.pin(knownPeer(peer));
  }

  get host(): LocalIdentityHost {
    return this.#host!;
  }

  get peers(): Peers {
    return this.host.peers;
  }

  get record(): SignedRecord {
    return this.own.record;
  }

  isKnown(name: NodeId): boolean {
    return this.host.known.find(name) !== undefined;
  }

  /** Makes known what the table says of a node now. */
  show(name: NodeId): void {
    this.host.known.pin(knownPeer(this.table.get(name)!));
  }

  /** Without waiting: what nobody was promised. */
  keep(changes: readonly StoreChange[]): void {
    this.options.commit(changes).catch((error: Error) => {
      this.host.say(0, `What is known of other nodes could not be written: ${error.message}`);
    });
  }

  note(to: NodeId, note: PeerNote): void {
    const { our, random } = this.options;
    void this.peers.send(createNote(our, to, random.u64(), note));
  }
}

/** A record of that node, or `undefined`: what a peer says about itself may be anything. */
export function readNamed(name: NodeId, bytes: Uint8Array): SignedRecord | undefined {
  try {
    const record = readRecord(bytes);
    return record.name === name ? record : undefined;
  } catch {
    return undefined;
  }
}

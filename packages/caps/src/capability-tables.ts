/**
 * Who holds what on this node: the tables behind the kernel's checks, with every change as rows for the store.
 * Source: spec/kernel.md §5.4–5.7. Not here: deciding whether to grant, and writing the rows.
 * @module
 */
import type {
  Capability,
  HeldCapability,
  NodeId,
  NodeSigner,
  ProcessId,
  SignedCapability,
  StoreChange,
} from "@kinode-ts/types";
import { sameAddress } from "@kinode-ts/types";
import { capabilityKey } from "./capability-key.ts";
import { type CapabilityHolder, HolderTable } from "./capability-holder.ts";
import { IssuerIndex } from "./issuer-index.ts";
import { SignatureMemo, verifyCapability } from "./signature.ts";

/** A capability to add: with the signature it came with, or without. */
export type AddedCapability = Capability & { readonly signature?: Uint8Array };

export interface CapabilityTablesOptions {
  readonly our: NodeId;
  readonly signer: NodeSigner;
}

/** Mutators return the changes they imply, in order; nothing changed gives none. */
export interface CapabilityTables {
  readonly our: NodeId;
  /** The table of a process; an empty one is made when there is none. */
  provide(holder: ProcessId): CapabilityHolder;
  find(holder: ProcessId): CapabilityHolder | undefined;
  /**
   * Adds capabilities without asking whether they may be. Those of our node are signed here; those of other nodes
   * keep the signature they came with, so that their issuer recognises them (W13).
   * An equal capability is replaced, text and signature (W31).
   */
  add(holder: ProcessId, capabilities: readonly AddedCapability[]): StoreChange[];
  drop(holder: ProcessId, capabilities: readonly Capability[]): StoreChange[];
  /** Forgets a process that ended, with its table. A `delete-process` in the same batch makes the changes needless. */
  remove(holder: ProcessId): StoreChange[];
  /** Takes from everybody what `issuer` on this node has issued (RevokeAll, W15). */
  revokeIssuedBy(issuer: ProcessId): StoreChange[];
  /**
   * What of `capabilities` the process may attach or pass on (FilterCaps): what it issues, signed now, and what it
   * holds, in the requested text, with a signature that fits that text.
   */
  filter(holder: ProcessId, capabilities: readonly Capability[]): readonly SignedCapability[];
  /** Drops those of a message from `fromNode` that claim to be ours without our signature (§5.6). */
  prune(capabilities: readonly SignedCapability[], fromNode: NodeId): readonly SignedCapability[];
  /** Signs as our node would hand it out; capabilities of other nodes are returned as they are. */
  sign(capability: AddedCapability): SignedCapability;
  /** Fills the tables with stored rows; the rows are trusted. */
  load(held: readonly HeldCapability[]): void;
  /** Signs all capabilities of our node again, after a change of the networking key (K89). */
  resign(): StoreChange[];
}

const NONE: readonly SignedCapability[] = Object.freeze([]);
const NO_SIGNATURE = new Uint8Array(0);

class Tables implements CapabilityTables {
  readonly our: NodeId;
  readonly #signer: NodeSigner;
  readonly #signatures: SignatureMemo;
  readonly #holders = new Map<ProcessId, HolderTable>();
  readonly #issued = new IssuerIndex();

  constructor(options: CapabilityTablesOptions) {
    this.our = options.our;
    this.#signer = options.signer;
    this.#signatures = new SignatureMemo(options.signer);
  }

  provide(holder: ProcessId): HolderTable {
    let table = this.#holders.get(holder);
    if (table === undefined) {
      table = new HolderTable(holder, this.our);
      this.#holders.set(holder, table);
    }
    return table;
  }

  find(holder: ProcessId): HolderTable | undefined {
    return this.#holders.get(holder);
  }

  add(holder: ProcessId, capabilities: readonly AddedCapability[]): StoreChange[] {
    const table = this.provide(holder);
    const changes: StoreChange[] = [];
    for (const capability of capabilities) {
      const key = capabilityKey(capability);
      const known = table.get(key);
      if (known !== undefined && this.#isSettled(known, capability)) continue;
      changes.push(this.#put(table, key, this.sign(capability)));
    }
    return changes;
  }

  drop(holder: ProcessId, capabilities: readonly Capability[]): StoreChange[] {
    const table = this.#holders.get(holder);
    if (table === undefined) return [];
    return capabilities.flatMap((capability) => this.#delete(table, capabilityKey(capability)));
  }

  remove(holder: ProcessId): StoreChange[] {
    const table = this.#holders.get(holder);
    if (table === undefined) return [];
    const changes = [...table.keys()].flatMap((key) => this.#delete(table, key));
    this.#holders.delete(holder);
    return changes;
  }

  revokeIssuedBy(issuer: ProcessId): StoreChange[] {
    return this.#issued.take(issuer).flatMap(([holder, keys]) => {
      const table = this.#holders.get(holder);
      return table === undefined ? [] : keys.flatMap((key) => this.#delete(table, key));
    });
  }

  filter(holder: ProcessId, capabilities: readonly Capability[]): readonly SignedCapability[] {
    if (capabilities.length === 0) return NONE;
    const table = this.#holders.get(holder);
    return capabilities.flatMap((capability) => {
      // The node is not compared: naming another node's twin of oneself proves nothing there (§5.5 FilterCaps).
      if (capability.issuer.process === holder) return [this.#signatures.sign(capability)];
      const held = table?.get(capabilityKey(capability));
      return held === undefined ? [] : [this.#inTextOf(capability, held)];
    });
  }

  prune(capabilities: readonly SignedCapability[], fromNode: NodeId): readonly SignedCapability[] {
    if (fromNode === this.our || capabilities.length === 0) return capabilities;
    return capabilities.filter(
      (capability) =>
        capability.issuer.node !== this.our || verifyCapability(this.#signer, capability),
    );
  }

  sign(capability: AddedCapability): SignedCapability {
    if (capability.issuer.node === this.our) return this.#signatures.sign(capability);
    const { issuer, params, signature = NO_SIGNATURE } = capability;
    return { issuer, params, signature };
  }

  load(held: readonly HeldCapability[]): void {
    for (const { holder, issuer, params, signature } of held) {
      const capability = { issuer, params, signature };
      this.#put(this.provide(holder), capabilityKey(capability), capability);
    }
  }

  resign(): StoreChange[] {
    const changes: StoreChange[] = [];
    this.#signatures.clear();
    for (const table of this.#holders.values()) {
      for (const key of [...table.keys()]) {
        const held = table.get(key);
        if (held === undefined || held.issuer.node !== this.our) continue;
        const fresh = this.#signatures.sign(held);
        if (!sameBytes(held.signature, fresh.signature)) changes.push(this.#put(table, key, fresh));
      }
    }
    return changes;
  }

  /** Whether adding would write the row that is there already. */
  #isSettled(known: SignedCapability, added: AddedCapability): boolean {
    if (known.params !== added.params) return false;
    if (known.issuer.node === this.our) return known.signature.length > 0;
    return added.signature === undefined || sameBytes(known.signature, added.signature);
  }

  /** A held capability as the holder wrote it: a signature must cover the text it travels with (W31). */
  #inTextOf(requested: Capability, held: SignedCapability): SignedCapability {
    if (held.params === requested.params && sameAddress(held.issuer, requested.issuer)) return held;
    if (held.issuer.node === this.our) return this.#signatures.sign(requested);
    return held;
  }

  #put(table: HolderTable, key: string, capability: SignedCapability): StoreChange {
    table.set(key, capability);
    if (capability.issuer.node === this.our) {
      this.#issued.add(capability.issuer.process, table.id, key);
    }
    return { kind: "put-capability", capability: { holder: table.id, key, ...capability } };
  }

  #delete(table: HolderTable, key: string): StoreChange[] {
    const capability = table.delete(key);
    if (capability === undefined) return [];
    if (capability.issuer.node === this.our) {
      this.#issued.delete(capability.issuer.process, table.id, key);
    }
    return [{ kind: "delete-capability", holder: table.id, key }];
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function createCapabilityTables(options: CapabilityTablesOptions): CapabilityTables {
  return new Tables(options);
}

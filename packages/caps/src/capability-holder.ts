/**
 * The capabilities one process holds, and the questions the kernel asks for each message.
 * Each answer is one look-up, however many are held.
 * @module
 */
import type { Address, Capability, NodeId, ProcessId, SignedCapability } from "@kinode-ts/types";
import { KERNEL_PROCESS, MESSAGING_PARAMS, NETWORK_PARAMS } from "@kinode-ts/types";
import { capabilityKey } from "./capability-key.ts";

const MESSAGING_SUFFIX = `\n${MESSAGING_PARAMS}`;
const NETWORK_SUFFIX = `\n${NETWORK_PARAMS}`;

/** Read side: what the kernel keeps on its process entry. */
export interface CapabilityHolder {
  readonly id: ProcessId;
  readonly size: number;
  has(capability: Capability): boolean;
  /** Holds the messaging capability of `target` on this node. */
  mayMessage(target: ProcessId): boolean;
  /** Holds the network capability of this node's kernel. */
  mayNetwork(): boolean;
  /** All of them, in the order they were added. */
  list(): readonly SignedCapability[];
}

/** Write side, for the tables only. */
export class HolderTable implements CapabilityHolder {
  readonly id: ProcessId;
  readonly #our: NodeId;
  readonly #byKey = new Map<string, SignedCapability>();
  readonly #messaging = new Set<ProcessId>();
  #networking = false;

  constructor(id: ProcessId, our: NodeId) {
    this.id = id;
    this.#our = our;
  }

  get size(): number {
    return this.#byKey.size;
  }

  has(capability: Capability): boolean {
    return this.#byKey.has(capabilityKey(capability));
  }

  mayMessage(target: ProcessId): boolean {
    return this.#messaging.has(target);
  }

  mayNetwork(): boolean {
    return this.#networking;
  }

  list(): readonly SignedCapability[] {
    return [...this.#byKey.values()];
  }

  keys(): IterableIterator<string> {
    return this.#byKey.keys();
  }

  get(key: string): SignedCapability | undefined {
    return this.#byKey.get(key);
  }

  set(key: string, capability: SignedCapability): void {
    this.#byKey.set(key, capability);
    this.#note(key, capability.issuer, true);
  }

  delete(key: string): SignedCapability | undefined {
    const capability = this.#byKey.get(key);
    if (capability === undefined) return undefined;
    this.#byKey.delete(key);
    this.#note(key, capability.issuer, false);
    return capability;
  }

  /** Keeps the two fast answers in step. The key is canonical, so equal params of other texts count too. */
  #note(key: string, issuer: Address, present: boolean): void {
    if (issuer.node !== this.#our) return;
    if (key.endsWith(MESSAGING_SUFFIX)) {
      if (present) this.#messaging.add(issuer.process);
      else this.#messaging.delete(issuer.process);
    } else if (issuer.process === KERNEL_PROCESS && key.endsWith(NETWORK_SUFFIX)) {
      this.#networking = present;
    }
  }
}

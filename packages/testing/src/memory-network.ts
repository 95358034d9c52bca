/**
 * A network between kernels of one test: ports by node name, without sockets, keys or routers.
 * Messages are copied, so that nodes share no memory; order is kept for each pair of nodes.
 * Source: `NetworkPort` in `@kinode-ts/types`; spec/network-identity.md §1.9 ("Duplicates": at most once).
 * @module
 */
import type {
  Clock,
  KernelMessage,
  NetworkEvents,
  NetworkPort,
  NodeId,
  SendErrorKind,
} from "@kinode-ts/types";
import type { SeededRandom } from "./seeded-random.ts";

export interface MemoryNetworkOptions {
  /** Delays are measured on this clock; without it everything arrives in a microtask. */
  readonly clock?: Clock;
  /** Draws each delay from 0 … `maxDelayMs`. */
  readonly random?: SeededRandom;
  readonly maxDelayMs?: number;
}

export interface MemoryNetwork {
  /** The port of one node; asking again gives the same one. */
  port(node: NodeId): NetworkPort;
  /** Cuts a node off: what it sends and what is sent to it fails as offline; what is on its way is lost. */
  unplug(node: NodeId): void;
  plug(node: NodeId): void;
  /** Nodes of different groups cannot reach each other; nodes in no group reach everybody. */
  partition(...groups: readonly (readonly NodeId[])[]): void;
  heal(): void;
  /** Delivers a message to `node` as if `message.source.node` had sent it, whatever it says. */
  injectInto(node: NodeId, message: KernelMessage): void;
  /** Everything handed to the network so far, in order. */
  readonly sent: readonly KernelMessage[];
}

class Switchboard implements MemoryNetwork {
  readonly sent: KernelMessage[] = [];
  readonly #ports = new Map<NodeId, { port: NetworkPort; events: NetworkEvents | undefined }>();
  readonly #unplugged = new Set<NodeId>();
  readonly #lastDueMs = new Map<string, number>();
  readonly #options: MemoryNetworkOptions;
  #groups: readonly (readonly NodeId[])[] = [];

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  port(node: NodeId): NetworkPort {
    const known = this.#ports.get(node);
    if (known !== undefined) return known.port;
    const port: NetworkPort = {
      send: (message) => this.#send(node, message),
      connect: (events) => {
        this.#ports.set(node, { port, events });
      },
    };
    this.#ports.set(node, { port, events: undefined });
    return port;
  }

  unplug(node: NodeId): void {
    this.#unplugged.add(node);
  }

  plug(node: NodeId): void {
    this.#unplugged.delete(node);
  }

  partition(...groups: readonly (readonly NodeId[])[]): void {
    this.#groups = groups;
  }

  heal(): void {
    this.#groups = [];
    this.#unplugged.clear();
  }

  injectInto(node: NodeId, message: KernelMessage): void {
    // It has no speed to slow down.
    void this.#events(node).received(structuredClone(message));
  }

  #events(node: NodeId): NetworkEvents {
    const events = this.#ports.get(node)?.events;
    if (events === undefined) throw new Error(`Node "${node}" is not connected to this network`);
    return events;
  }

  #reaches(from: NodeId, to: NodeId): boolean {
    if (this.#unplugged.has(from) || this.#unplugged.has(to)) return false;
    if (this.#ports.get(to)?.events === undefined) return false;
    const groupOf = (node: NodeId) => this.#groups.find((group) => group.includes(node));
    const [ours, theirs] = [groupOf(from), groupOf(to)];
    return ours === undefined || theirs === undefined || ours === theirs;
  }

  #send(from: NodeId, message: KernelMessage): void {
    const copy = structuredClone(message);
    this.sent.push(copy);
    const to = copy.target.node;
    if (!this.#reaches(from, to)) {
      this.#later(`${from} ${from}`, () => this.#fail(from, copy, "offline"));
      return;
    }
    this.#later(`${from} ${to}`, () => {
      if (this.#reaches(from, to)) void this.#events(to).received(copy);
    });
  }

  #fail(node: NodeId, message: KernelMessage, kind: SendErrorKind): void {
    this.#events(node).failed(message, kind);
  }

  #later(lane: string, act: () => void): void {
    const { clock, random, maxDelayMs = 0 } = this.#options;
    if (clock === undefined || random === undefined) {
      queueMicrotask(act);
      return;
    }
    const nowMs = clock.monotonicMs();
    const dueMs = Math.max(this.#lastDueMs.get(lane) ?? 0, nowMs + random.below(maxDelayMs + 1));
    this.#lastDueMs.set(lane, dueMs);
    clock.after(dueMs - nowMs, act);
  }
}

export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new Switchboard(options);
}

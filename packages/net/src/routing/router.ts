/**
 * A router's work: joins the sockets of two nodes that cannot reach each other, without reading what they say.
 * Source: spec/network-identity.md §2.4.
 * @module
 */
import type { Clock, NodeId, TimerHandle } from "@kinode-ts/types";
import { type KnownNodes, portOf } from "../identity/known-nodes.ts";
import type { HandshakeChannel } from "../opening/handshake-channel.ts";
import { placeOf } from "../peers/dial-plan.ts";
import type { Socket, Transport } from "../transport.ts";
import { Passthrough } from "./passthrough.ts";
import type { Join } from "./routing-request.ts";

/** How long a node waits for its other half (N56). */
export const PENDING_MS = 10_000;

export interface RouterOptions {
  /** Joined and waiting pairs; 0: we are no router. */
  readonly maxPassthroughs: number;
  readonly known: KnownNodes;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Whether a node is connected and asked to be served by us. */
  readonly serves: (name: NodeId) => boolean;
  /** Sends `ConnectionRequest(source)` to a node we serve. */
  readonly callTarget: (target: NodeId, source: NodeId) => void;
  readonly say: (verbosity: number, text: string) => void;
}

interface Pending {
  readonly join: Join;
  readonly channel: HandshakeChannel;
  readonly timer: TimerHandle;
}

const keyOf = (source: NodeId, target: NodeId): string => `${source}>${target}`;

export class Router {
  readonly #options: RouterOptions;
  /** In the order they came. */
  readonly #pending = new Map<string, Pending>();
  readonly #active = new Map<Passthrough, Join>();
  #maxPassthroughs: number;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#maxPassthroughs = options.maxPassthroughs;
  }

  /** Lowers the limit; what is open stays. */
  limitTo(count: number): void {
    this.#maxPassthroughs = Math.min(this.#maxPassthroughs, count);
  }

  /** How many pairs there may be at this time. */
  get maxPassthroughs(): number {
    return this.#maxPassthroughs;
  }

  get pending(): readonly Join[] {
    return Array.from(this.#pending.values(), ({ join }) => join);
  }

  get active(): readonly Join[] {
    return [...this.#active.values()];
  }

  /** A visitor that wants to be joined; its request was read and checked. */
  join(channel: HandshakeChannel, join: Join): void {
    if (this.#maxPassthroughs === 0) {
      channel.fail(new Error("this node is no router"));
      return;
    }
    const half = this.#takePending(join.target, join.source);
    if (half !== undefined) {
      this.#connect(half.channel, channel, half.join);
      return;
    }
    this.#makeRoom();
    const target = this.#options.known.find(join.target);
    const place = target === undefined ? undefined : placeOf(target);
    const port = place === undefined ? undefined : portOf(place.ports, channel.socket.protocol);
    if (place !== undefined && port !== undefined) {
      void this.#dialFor(channel, join, place.ip, port);
      return;
    }
    if (!this.#options.serves(join.target)) {
      channel.fail(new Error(`"${join.target}" is not served here`));
      return;
    }
    this.#wait(channel, join);
    this.#options.callTarget(join.target, join.source);
  }

  /** The target does not want to meet the source: whoever waits sees its socket end. */
  rejected(target: NodeId, source: NodeId): void {
    this.#takePending(source, target)?.channel.fail(new Error(`"${target}" does not want it`));
  }

  /** A node that was served here is not connected any more: it will not come for those who wait for it. */
  lost(target: NodeId): void {
    for (const { join } of this.#pending.values()) {
      if (join.target !== target) continue;
      this.#takePending(join.source, target)?.channel.fail(new Error(`"${target}" has gone`));
    }
  }

  stop(): void {
    for (const { channel, timer } of this.#pending.values()) {
      timer.cancel();
      channel.fail(new Error("the node stops"));
    }
    this.#pending.clear();
    for (const passthrough of [...this.#active.keys()]) passthrough.close();
  }

  #wait(channel: HandshakeChannel, join: Join): void {
    const key = keyOf(join.source, join.target);
    this.#takePending(join.source, join.target)?.channel.fail(new Error("it asked again"));
    const timer = this.#options.clock.after(PENDING_MS, () => {
      this.#pending.delete(key);
      channel.fail(new Error("the other half did not come"));
    });
    this.#pending.set(key, { join, channel, timer });
  }

  #takePending(source: NodeId, target: NodeId): Pending | undefined {
    const key = keyOf(source, target);
    const pending = this.#pending.get(key);
    pending?.timer.cancel();
    this.#pending.delete(key);
    return pending;
  }

  async #dialFor(channel: HandshakeChannel, join: Join, ip: string, port: number): Promise<void> {
    const { transport, clock, say } = this.#options;
    // The channel's own deadline ends it meanwhile, so a socket that opens late is closed with it.
    const timer = clock.after(PENDING_MS / 2, () => channel.fail(new Error("nothing answered")));
    try {
      const socket = await transport.dial(channel.socket.protocol, ip, port);
      timer.cancel();
      this.#pipe([channel.socket, socket], join, channel.framing.takeRest(), []);
    } catch (error) {
      timer.cancel();
      say(2, `${join.target} could not be reached for ${join.source}: ${(error as Error).message}`);
      channel.fail(error as Error);
    }
  }

  #connect(first: HandshakeChannel, second: HandshakeChannel, join: Join): void {
    if (first.socket.protocol !== second.socket.protocol) {
      // Frames and bytes do not mix (§2.2, "Protocol trap").
      for (const channel of [first, second]) channel.fail(new Error("sockets of two kinds"));
      return;
    }
    const rests = [first.framing.takeRest(), second.framing.takeRest()] as const;
    this.#pipe([first.socket, second.socket], join, ...rests);
  }

  /** @param fromFirst - what the first side has said already, @param fromSecond - and the second */
  #pipe(
    sides: readonly [Socket, Socket],
    join: Join,
    fromFirst: readonly Uint8Array[],
    fromSecond: readonly Uint8Array[],
  ): void {
    const [first, second] = sides;
    for (const bytes of fromFirst) second.send(bytes);
    for (const bytes of fromSecond) first.send(bytes);
    const joined: { pair?: Passthrough } = {};
    joined.pair = new Passthrough(sides, this.#options.clock, () => {
      if (joined.pair !== undefined) this.#active.delete(joined.pair);
    });
    // A side that was gone already has closed it meanwhile.
    if (!joined.pair.isClosed) this.#active.set(joined.pair, join);
  }

  /** One goes for each that comes when the table is full: a joined pair that was silent for longest, else who waits longest. */
  #makeRoom(): void {
    if (this.#active.size + this.#pending.size < this.#maxPassthroughs) return;
    let oldest: Passthrough | undefined;
    for (const passthrough of this.#active.keys()) {
      if (oldest === undefined || passthrough.lastTrafficMs < oldest.lastTrafficMs)
        oldest = passthrough;
    }
    if (oldest !== undefined) {
      oldest.close();
      return;
    }
    const [first] = this.#pending.values();
    if (first !== undefined) {
      this.#takePending(first.join.source, first.join.target);
      first.channel.fail(new Error("others came"));
    }
  }
}

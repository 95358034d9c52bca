/**
 * A node that nobody can dial: it keeps a connection to each of its routers, and meets callers there.
 * Source: spec/network-identity.md §2.3.
 * @module
 */
import type { Clock, NodeId, TimerHandle } from "@kinode-ts/types";
import type { FindKey, HandshakeIdentity } from "./handshake.ts";
import { type KnownNodes, portOf, type Protocol } from "./identity/known-nodes.ts";
import { HandshakeChannel } from "./opening/handshake-channel.ts";
import { meetAtRouter } from "./opening/open-session.ts";
import { placeOf } from "./peers/dial-plan.ts";
import type { Peers } from "./peers/peers.ts";
import type { Transport } from "./transport.ts";

/** Between two passes over the list of routers. */
export const RECONNECT_MS = 4_000;

export interface IndirectOptions {
  readonly identity: HandshakeIdentity;
  /** Our routers at this time. */
  readonly routers: () => readonly NodeId[];
  readonly known: KnownNodes;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly peers: Peers;
  readonly say: (verbosity: number, text: string) => void;
  readonly findKey: FindKey;
  /** Whether a node that is not known may come: it may bring an invitation. Default: never. */
  readonly admitsStrangers?: () => boolean;
}

export class IndirectNode {
  readonly #options: IndirectOptions;
  #timer: TimerHandle | undefined;
  #isStopped = false;
  #isPassing = false;

  constructor(options: IndirectOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#pass();
  }

  /** The list of routers is another one. */
  changed(): void {
    this.#timer?.cancel();
    if (!this.#isPassing) void this.#pass();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #pass(): Promise<void> {
    const { routers, peers, clock, identity } = this.#options;
    this.#isPassing = true;
    for (const router of routers()) {
      if (router === identity.our || this.#isStopped) continue;
      await peers.reach(router, { proxyRequest: true });
    }
    this.#isPassing = false;
    if (!this.#isStopped && routers().length > 0)
      this.#timer = clock.after(RECONNECT_MS, () => void this.#pass());
  }

  /**
   * `router` says that `from` wants to talk to us. False when we do not obey: it is none of our routers, or one of the two is
   * unknown.
   */
  meet(router: NodeId, from: NodeId): boolean {
    const { routers, known, identity } = this.#options;
    const at = routers().includes(router) ? known.find(router) : undefined;
    if (at === undefined || from === identity.our) return false;
    const { admitsStrangers } = this.#options;
    if (known.find(from) === undefined && admitsStrangers?.() !== true) return false;
    const place = placeOf(at);
    const way = (["tcp", "ws"] as const)
      .map((protocol) => ({ protocol, port: place && portOf(place.ports, protocol) }))
      .find(({ port }) => port !== undefined);
    if (place === undefined || way?.port === undefined) return false;
    void this.#meet(router, from, way.protocol, place.ip, way.port);
    return true;
  }

  async #meet(
    router: NodeId,
    from: NodeId,
    protocol: Protocol,
    ip: string,
    port: number,
  ): Promise<void> {
    const { transport, clock, identity, peers, say, findKey } = this.#options;
    try {
      const channel = new HandshakeChannel(await transport.dial(protocol, ip, port), clock);
      const session = await meetAtRouter(channel, identity, { router, from, findKey });
      peers.adopt(session, channel, from);
    } catch (error) {
      say(2, `${from} could not be met at ${router}: ${(error as Error).message}`);
    }
  }
}

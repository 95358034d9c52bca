/**
 * A node that nobody can dial: it keeps a connection to each of its routers, and meets callers there.
 * Source: spec/network-identity.md §2.3.
 * @module
 */
import type { Clock, NodeId, TimerHandle } from "@kinode-ts/types";
import type { FindKey, HandshakeIdentity } from "./handshake.ts";
import {
  type KnownNodes,
  type Place,
  placesOf,
  portOf,
  type Protocol,
} from "./identity/known-nodes.ts";
import { HANDSHAKE_TIMEOUT_MS, HandshakeChannel } from "./opening/handshake-channel.ts";
import { meetAtRouter } from "./opening/open-session.ts";
import { ONE_OF_SEVERAL_MS, openSocket } from "./opening/open-socket.ts";
import type { Peers } from "./peers/peers.ts";
import type { Socket, Transport } from "./transport.ts";

/** Between two passes over the list of routers, at most; less by a random part, so that not all nodes of a router come at once. */
export const RECONNECT_MS = 4_000;
const RECONNECT_SPREAD_MS = 1_000;

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
  /** Whether a place on this machine is our own: others may name it as theirs, on their machine. */
  readonly isOurs?: (protocol: Protocol, host: string, port: number) => boolean;
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
    if (this.#isStopped || routers().length === 0) return;
    const lessMs = Number(BigInt(identity.random.u64()) % BigInt(RECONNECT_SPREAD_MS));
    this.#timer = clock.after(RECONNECT_MS - lessMs, () => void this.#pass());
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
    const places = placesOf(at);
    const protocol = (["tcp", "ws"] as const).find((each) =>
      places.some(({ ports }) => portOf(ports, each) !== undefined),
    );
    if (protocol === undefined) return false;
    void this.#meet(router, from, protocol, places);
    return true;
  }

  async #meet(
    router: NodeId,
    from: NodeId,
    protocol: Protocol,
    places: readonly Place[],
  ): Promise<void> {
    const { clock, identity, peers, say, findKey } = this.#options;
    try {
      const channel = new HandshakeChannel(await this.#openFirst(protocol, places), clock);
      const session = await meetAtRouter(channel, identity, { router, from, findKey });
      peers.adopt(session, channel, from);
    } catch (error) {
      say(2, `${from} could not be met at ${router}: ${(error as Error).message}`);
    }
  }

  /** A socket to the first place that answers. @throws {Error} none does */
  async #openFirst(protocol: Protocol, places: readonly Place[]): Promise<Socket> {
    const { transport, clock, isOurs } = this.#options;
    let failure = new Error("it has no address");
    for (const { ip: host, ports } of places) {
      const port = portOf(ports, protocol);
      if (port === undefined || isOurs?.(protocol, host, port) === true) continue;
      const timeoutMs = places.length > 1 ? ONE_OF_SEVERAL_MS : HANDSHAKE_TIMEOUT_MS;
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        return await openSocket(transport, clock, { protocol, host, port }, timeoutMs);
      } catch (error) {
        failure = error as Error;
      }
    }
    throw failure;
  }
}

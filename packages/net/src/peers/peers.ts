/**
 * Nodes we talk to: at most one connection to each that is written to, dialled when there is something to say.
 * Source: spec/network-identity.md §2.2, §1.8–1.10, §2.5.
 * @module
 */
import { CodecError } from "@kinode-ts/codec";
import type { Clock, KernelMessage, NodeId, SendErrorKind } from "@kinode-ts/types";
import type { HandshakeIdentity, Session } from "../handshake.ts";
import type { KnownNode, KnownNodes } from "../identity/known-nodes.ts";
import { HANDSHAKE_TIMEOUT_MS, HandshakeChannel } from "../opening/handshake-channel.ts";
import { callNode } from "../opening/open-session.ts";
import { openSocket } from "../opening/open-socket.ts";
import type { Transport } from "../transport.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";
import { type DialStep, planDial } from "./dial-plan.ts";
import { Outbox } from "./outbox.ts";
import { type OutgoingMessage, toOutgoing } from "./outgoing.ts";

export interface PeersEvents {
  /** A message of a proven peer for a process of ours. A promise: the peer is read no further until it settles. */
  received(message: KernelMessage): void | Promise<void>;
  /** A message of ours did not leave. */
  failed(message: KernelMessage, kind: SendErrorKind): void;
  /** Something a person may want to know. */
  say(verbosity: number, text: string): void;
  /** A session has begun. */
  opened?(session: Session): void;
}

export interface PeersLimits {
  readonly maxPeers: number;
  /** A second connection to a peer is only listened to; without traffic for this long it ends. */
  readonly lingerMs: number;
  /** How long what is sent waits, at most, for a connection that another one replaces. */
  readonly finishMs: number;
  readonly dialTimeoutMs: number;
  readonly connection: Partial<ConnectionLimits>;
}

export const DEFAULT_PEERS_LIMITS: PeersLimits = {
  maxPeers: 512,
  lingerMs: 5_000,
  finishMs: 5_000,
  dialTimeoutMs: HANDSHAKE_TIMEOUT_MS,
  connection: {},
};

export interface PeersOptions {
  readonly identity: HandshakeIdentity;
  readonly known: KnownNodes;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly events: PeersEvents;
  /** Names that are never dropped to make room: our own routers. */
  readonly isPinned?: (name: NodeId) => boolean;
  /** Routers of ours that hide us from direct nodes; default: none, direct nodes are dialled. */
  readonly via?: () => readonly NodeId[];
  readonly limits?: Partial<PeersLimits>;
}

export interface PeerInfo {
  readonly name: NodeId;
  readonly state: "dialling" | "connected";
  readonly waitingBytes: number;
  /** Monotonic milliseconds. */
  readonly lastTrafficMs: number;
  /** It asked to be served by us as its router. */
  readonly isServed: boolean;
}

interface Peer {
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
  finishing: number;
  sinceMs: number;
  /** When the connection was made. */
  connectedMs: number;
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #limits: PeersLimits;
  readonly #peers = new Map<NodeId, Peer>();
  /** Connections that lost to another one of the same peer, and are still listened to. */
  readonly #lingering = new Set<Connection>();
  #maxPeers: number;
  #isStopped = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_PEERS_LIMITS, ...options.limits };
    this.#maxPeers = this.#limits.maxPeers;
  }

  list(): PeerInfo[] {
    return Array.from(this.#peers.values(), ({ name, connection, waiting, isServed, sinceMs }) => ({
      name,
      state: connection === undefined ? "dialling" : "connected",
      waitingBytes: connection?.waitingBytes ?? waiting.byteLength,
      lastTrafficMs: connection?.lastTrafficMs ?? sinceMs,
      isServed,
    }));
  }

  /** Connections that are open, those that are only listened to among them. */
  get connectionCount(): number {
    return this.list().filter(({ state }) => state === "connected").length + this.#lingering.size;
  }

  /** How many there may be at this time. */
  get maxPeers(): number {
    return this.#maxPeers;
  }

  isConnected(name: NodeId): boolean {
    return this.#peers.get(name)?.connection !== undefined;
  }

  /**
   * Sends, dialling first when there is no connection. What cannot leave comes back through `failed`.
   * @returns a promise when too much waits already: the sender should wait until it settles
   */
  send(message: KernelMessage): void | Promise<void> {
    const outgoing = this.#outgoing(message);
    if (outgoing === undefined) return;
    const peer = this.#peers.get(message.target.node) ?? this.#begin(message.target.node);
    if (peer === undefined) {
      this.#options.events.failed(message, "offline");
      return;
    }
    const way = peer.finishing > 0 ? undefined : peer.connection;
    const taken = way === undefined ? peer.waiting.push(outgoing) : way.send(outgoing);
    // Full: the kernel knows offline and timeout, and offline is not true (§1.10).
    if (!taken) this.#options.events.failed(message, "timeout");
    return (way ?? peer.waiting).whenShort(outgoing.flow);
  }

  /**
   * Takes over an open session, whoever dialled.
   * @param initiator - the side that sent the first message of the handshake
   * @param servesUs - we asked the other side to serve us as our router
   */
  adopt(session: Session, channel: HandshakeChannel, initiator: NodeId, servesUs = false): void {
    if (this.#isStopped) {
      channel.fail(new Error("The node stops"));
      return;
    }
    const before = this.#peers.get(session.peer);
    const peer = before ?? this.#add(session.peer);
    const connection = this.#connect(session, channel, peer);
    if (connection.isClosed) {
      // What came behind the handshake was nothing a peer may send, or the socket has ended meanwhile.
      if (before === undefined) this.#peers.delete(session.peer);
      return;
    }
    const rival = peer.connection;
    // A node is served, whichever of two connections stays.
    peer.isServed ||= session.proxyRequest;
    peer.servesUs ||= servesUs;
    const wins = rival === undefined || this.#isBetter(initiator, peer);
    if (wins) {
      peer.connection = connection;
      peer.initiator = initiator;
      peer.connectedMs = this.#options.clock.monotonicMs();
      if (rival !== undefined) this.#finish(rival, peer);
      this.#sendWaiting(peer);
      this.#makeRoom(peer);
    } else this.#finish(connection, peer);
    this.#options.events.opened?.(session);
  }

  /** Opens a connection although there is nothing to say yet; false when that cannot be. */
  async reach(name: NodeId, options: { readonly proxyRequest: boolean }): Promise<boolean> {
    const target = this.#options.known.find(name);
    if (target === undefined) return false;
    const { proxyRequest } = options;
    return this.#isReached(name, proxyRequest) || (await this.#dial(target, proxyRequest));
  }

  /** Ends every connection with a node; what waits for it goes by a new one, if the node is still known. */
  disconnect(name: NodeId, why = "it was asked to end"): void {
    const peer = this.#peers.get(name);
    for (const connection of this.#lingering) if (connection.peer === name) connection.close(why);
    peer?.connection?.close(why);
  }

  /** Lowers the number of peers; the ones that were silent for longest go. */
  limitTo(count: number): void {
    this.#maxPeers = Math.min(this.#limits.maxPeers, Math.max(1, count));
    while (this.#makeRoom(undefined));
  }

  stop(): void {
    this.#isStopped = true;
    for (const { connection } of this.#peers.values()) connection?.close("the node stops");
    for (const connection of this.#lingering) connection.close("the node stops");
  }

  #outgoing(message: KernelMessage): OutgoingMessage | undefined {
    try {
      return toOutgoing(message);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#unsendable(message, error.message);
      return undefined;
    }
  }

  #unsendable(message: KernelMessage, why: string): void {
    const { events } = this.#options;
    events.say(0, `A message to ${message.target.node} was not sent: ${why}`);
    events.failed(message, "timeout");
  }

  #add(name: NodeId): Peer {
    const peer: Peer = {
      name,
      connection: undefined,
      initiator: "",
      isServed: false,
      servesUs: false,
      waiting: new Outbox(this.#limits.connection.outbox),
      finishing: 0,
      sinceMs: this.#options.clock.monotonicMs(),
      connectedMs: 0,
    };
    this.#peers.set(name, peer);
    return peer;
  }

  /** A new peer that is dialled in the background; `undefined` for a name nobody knows. */
  #begin(name: NodeId): Peer | undefined {
    const target = this.#options.known.find(name);
    if (target === undefined || this.#isStopped) return undefined;
    const peer = this.#add(name);
    void this.#dialFor(peer, target);
    return peer;
  }

  async #dialFor(peer: Peer, target: KnownNode): Promise<void> {
    await this.#dial(target, false);
    if (peer.connection !== undefined || this.#peers.get(peer.name) !== peer) return;
    this.#peers.delete(peer.name);
    for (const { message } of peer.waiting.drain()) this.#options.events.failed(message, "offline");
  }

  /** Tries each way until one leads to the node. */
  async #dial(target: KnownNode, proxyRequest: boolean): Promise<boolean> {
    const { known, identity, via } = this.#options;
    for (const step of planDial(target, known, identity.our, identity.random, via?.())) {
      if (this.#isStopped || this.#isReached(target.name, proxyRequest)) break;
      try {
        await this.#tryStep(target, step, proxyRequest);
        return true;
      } catch (error) {
        const way =
          step.router === undefined ? step.protocol : `${step.router} by ${step.protocol}`;
        this.#options.events.say(2, `${target.name} over ${way}: ${(error as Error).message}`);
      }
    }
    return this.#isReached(target.name, proxyRequest);
  }

  #isReached(name: NodeId, proxyRequest: boolean): boolean {
    const peer = this.#peers.get(name);
    return peer?.connection !== undefined && (!proxyRequest || peer.servesUs);
  }

  async #tryStep(target: KnownNode, step: DialStep, proxyRequest: boolean): Promise<void> {
    const { transport, clock, identity } = this.#options;
    if (target.key === undefined) throw new Error("its key cannot be read");
    const { dialTimeoutMs } = this.#limits;
    const deadlineMs = clock.monotonicMs() + dialTimeoutMs;
    const openMs = Math.min(step.openMs ?? dialTimeoutMs, dialTimeoutMs);
    const socket = await openSocket(transport, clock, step, openMs);
    const channel = new HandshakeChannel(
      socket,
      clock,
      Math.max(0, deadlineMs - clock.monotonicMs()),
    );
    const session = await callNode(channel, identity, {
      target: target.name,
      targetKey: target.key,
      proxyRequest,
      ...(step.router === undefined ? {} : { router: step.router }),
    });
    this.adopt(session, channel, session.initiator, proxyRequest);
  }

  #connect(session: Session, { socket, framing }: HandshakeChannel, peer: Peer): Connection {
    const { identity, clock, events } = this.#options;
    const made: { connection?: Connection } = {};
    const connection = new Connection({
      our: identity.our,
      session,
      socket,
      framing,
      clock,
      limits: this.#limits.connection,
      events: {
        received: (message) => events.received(message),
        unsendable: ({ message }, why) => this.#unsendable(message, why),
        refused: (why) => events.say(1, `A message of ${session.peer} was refused: ${why}`),
        closed: (why, unsent) => {
          // It may end while it is made.
          if (made.connection !== undefined) this.#closed(peer, made.connection, why, unsent);
          else events.say(2, `The connection with ${session.peer} ended: ${why}`);
        },
      },
    });
    made.connection = connection;
    return connection;
  }

  /**
   * Which of two connections stays. When both sides dialled at once, the one that the node with the smaller name dialled, so
   * that both choose the same. Else the newer: a node that dials has none of its own (§1.9).
   */
  #isBetter(initiator: NodeId, peer: Peer): boolean {
    const ageMs = this.#options.clock.monotonicMs() - peer.connectedMs;
    return initiator <= peer.initiator || ageMs > 2 * this.#limits.dialTimeoutMs;
  }

  /** Another connection of the peer serves. What is sent from now on waits until all that this one carries was read. */
  #finish(connection: Connection, peer: Peer): void {
    for (const item of connection.retire()) {
      if (!peer.waiting.push(item)) this.#options.events.failed(item.message, "timeout");
    }
    if (connection.hasSent) {
      peer.finishing += 1;
      void this.#whenFinished(connection).then(() => {
        peer.finishing -= 1;
        this.#sendWaiting(peer);
      });
    }
    this.#linger(connection);
  }

  /** The other side has read all of it, or there is no telling whether it ever will. */
  #whenFinished(connection: Connection): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(this.#limits.finishMs, resolve);
    void connection.finished.then(() => {
      timer.cancel();
      resolve();
    });
    return promise;
  }

  #sendWaiting(peer: Peer): void {
    const { connection, waiting } = peer;
    if (connection === undefined || peer.finishing > 0) return;
    for (const item of waiting.drain()) {
      if (!connection.send(item)) this.#options.events.failed(item.message, "timeout");
    }
  }

  /** Listened to as long as the other side uses it: a peer of the reference may go on writing to it. */
  #linger(connection: Connection): void {
    this.#lingering.add(connection);
    const { clock } = this.#options;
    const look = (): void => {
      if (!this.#lingering.has(connection)) return;
      const leftMs = connection.lastTrafficMs + this.#limits.lingerMs - clock.monotonicMs();
      if (leftMs <= 0 && connection.waitingBytes === 0)
        connection.close("another connection serves");
      else clock.after(Math.max(leftMs, 1), look);
    };
    look();
  }

  #closed(
    peer: Peer,
    connection: Connection,
    why: string,
    unsent: readonly OutgoingMessage[],
  ): void {
    const { events, known } = this.#options;
    const wasFinishing = this.#lingering.delete(connection);
    events.say(2, `The connection with ${peer.name} ended: ${why}`);
    let again = unsent;
    if (!wasFinishing && peer.connection === connection) {
      peer.connection = undefined;
      again = [...unsent, ...peer.waiting.drain()];
      if (this.#peers.get(peer.name) === peer) this.#peers.delete(peer.name);
    }
    if (again.length === 0) return;
    // What others have overtaken must not follow them. The peer cannot have any of the rest: it goes by a new connection, in order.
    if (wasFinishing || this.#isStopped || known.find(peer.name) === undefined) {
      for (const { message } of again) events.failed(message, "offline");
    } else for (const { message } of again) void this.send(message);
  }

  /** Drops the peer that has been silent for longest when there are too many; true when one went. */
  #makeRoom(newest: Peer | undefined): boolean {
    if (this.#peers.size <= this.#maxPeers) return false;
    let oldest: Connection | undefined;
    for (const { name, connection } of this.#peers.values()) {
      if (connection === undefined || name === newest?.name) continue;
      if (this.#options.isPinned?.(name) === true) continue;
      if (oldest === undefined || connection.lastTrafficMs < oldest.lastTrafficMs) {
        oldest = connection;
      }
    }
    oldest?.close("there are too many peers");
    return oldest !== undefined;
  }
}

/**
 * Nodes we talk to: at most one connection to each that is written to, dialled when there is something to say.
 * Source: spec/network-identity.md §2.2, §1.8–1.10, §2.5.
 * @module
 */
import { CodecError } from "@kinode-ts/codec";
import type { Clock, KernelMessage, NodeId, SendErrorKind } from "@kinode-ts/types";
import type { HandshakeIdentity, Session } from "../handshake.ts";
import {
  type KnownNode,
  type KnownNodes,
  placesOf,
  type Protocol,
} from "../identity/known-nodes.ts";
import { HANDSHAKE_TIMEOUT_MS, type HandshakeChannel } from "../opening/handshake-channel.ts";
import type { Transport } from "../transport.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";
import { type AdoptOptions, Dialler, type DialOptions, REDIAL_PAUSE_MS } from "./dialler.ts";
import { LingeringConnections } from "./lingering-connections.ts";
import { Outbox } from "./outbox.ts";
import { type OutgoingMessage, toOutgoing } from "./outgoing.ts";
import { Past } from "./past.ts";
import { createPeer, isHeld, type Peer } from "./peer.ts";
import { ReadCounts } from "./read-counts.ts";
import { NOTHING_UNREAD, type UnreadRest } from "./unread.ts";

export interface PeersEvents {
  /** A message of a proven peer for a process of ours. A promise: the peer is read no further until it settles. */
  received(message: KernelMessage): void | Promise<void>;
  /** A message of ours did not leave. */
  failed(message: KernelMessage, kind: SendErrorKind): void;
  /** Requests to a node whose answers are waited for. */
  awaited?(node: NodeId): readonly KernelMessage[];
  /** Something a person may want to know. */
  say(verbosity: number, text: string): void;
  /** A node that we serve as its router is no longer connected. */
  lost?(name: NodeId): void;
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
  /** Of one attempt to find another way to a silent node: shorter, since the way may open at any time. */
  readonly redialTimeoutMs: number;
  /** A node that was called again says within this time what it has read, or it counts as another run of it. */
  readonly resumeMs: number;
  readonly connection: Partial<ConnectionLimits>;
}

export const DEFAULT_PEERS_LIMITS: PeersLimits = {
  maxPeers: 512,
  lingerMs: 5_000,
  finishMs: 5_000,
  dialTimeoutMs: HANDSHAKE_TIMEOUT_MS,
  redialTimeoutMs: 2_500,
  resumeMs: 10_000,
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
  /** Whether a place on this machine is our own: others may name it as theirs, on their machine. */
  readonly isOurs?: (protocol: Protocol, host: string, port: number) => boolean;
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

/** A node whose connections break so often, each so soon and without having been of use, is not called again for the same messages. */
const MAX_FAILURES = 6;
const SHORT_LIFE_MS = 1_000;
/** A node behind a router that was connected is looked for so long: about what it needs to find its router again. */
const ROUTER_PATIENCE_MS = 5_000;
/** On a connection that is being finished nothing is heard for so long: the other side does not know of it, or cannot say so. */
const QUIET_MS = 1_000;

interface Closing {
  readonly why: string;
  readonly unsent: readonly OutgoingMessage[];
  /** What the peer may have; `undefined`: it was ended by us. */
  readonly broken: UnreadRest | undefined;
}

/** Whether nobody goes on with `rival`: nothing is heard on it, or the other side has said so. */
function isReplaced(rival: Connection, { extension }: Session): boolean {
  const isMeant = extension?.replaces?.toHex() === rival.tag;
  return rival.isResumable && (rival.isSilent || isMeant);
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #limits: PeersLimits;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #lingering: LingeringConnections;
  readonly #readCounts = new ReadCounts();
  readonly #dialler: Dialler;
  #maxPeers: number;
  #isStopped = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_PEERS_LIMITS, ...options.limits };
    this.#maxPeers = this.#limits.maxPeers;
    const { identity, known, transport, clock, events, via, isOurs } = options;
    this.#lingering = new LingeringConnections(clock, this.#limits.lingerMs);
    this.#dialler = new Dialler({
      ...{ identity, known, transport, clock, via, isOurs },
      isStopped: () => this.#isStopped,
      say: (verbosity, text) => events.say(verbosity, text),
      adopt: (session, channel, how) => this.#adopt(session, channel, how),
    });
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
    return this.list().filter(({ state }) => state === "connected").length + this.#lingering.count;
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
    const way = isHeld(peer) ? undefined : peer.connection;
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
    this.#adopt(session, channel, { initiator, servesUs });
  }

  #adopt(session: Session, channel: HandshakeChannel, how: AdoptOptions): void {
    const { initiator, servesUs, replaces } = how;
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
    const isOver =
      rival !== undefined &&
      connection.isResumable &&
      (rival === replaces || isReplaced(rival, session));
    const wins = rival === undefined || isOver || this.#isBetter(initiator, peer);
    if (wins) {
      peer.connection = connection;
      peer.initiator = initiator;
      peer.connectedMs = this.#options.clock.monotonicMs();
      if (isOver) this.#abandon(rival, peer);
      else if (rival !== undefined) this.#finish(rival, peer);
      if (peer.servesUs) connection.keepAlive();
      this.#askWhatWasRead(peer, connection);
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
    const isReached = (): boolean => this.#isReached(name, proxyRequest);
    if (isReached()) return true;
    return await this.#dialler.dial(target, {
      proxyRequest,
      isReached,
      timeoutMs: this.#limits.dialTimeoutMs,
    });
  }

  /** Ends every connection with a node; what waits for it goes by a new one, if the node is still known. */
  disconnect(name: NodeId, why = "it was asked to end"): void {
    const peer = this.#peers.get(name);
    this.#lingering.close(why, name);
    peer?.connection?.close(why);
  }

  /** Goes on with a new connection to each node with which there is one; nothing is lost where both sides can go on. */
  async renew(why: string): Promise<void> {
    for (const { name, connection } of [...this.#peers.values()]) {
      this.#lingering.close(why, name);
      if (connection === undefined) continue;
      if (connection.isResumable) connection.abandon(why, 0);
      else connection.close(why);
      // Who has something to say is called already.
      if (this.#peers.has(name)) continue;
      const proxyRequest = this.#options.isPinned?.(name) === true;
      // oxlint-disable-next-line no-await-in-loop -- one after the other: nobody waits for it
      await this.reach(name, { proxyRequest });
    }
  }

  /** Lowers the number of peers; the ones that were silent for longest go. */
  limitTo(count: number): void {
    this.#maxPeers = Math.min(this.#limits.maxPeers, Math.max(1, count));
    while (this.#makeRoom(undefined));
  }

  stop(): void {
    this.#isStopped = true;
    for (const { connection } of this.#peers.values()) connection?.close("the node stops");
    this.#lingering.close("the node stops");
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
    const peer = createPeer(
      name,
      new Outbox(this.#limits.connection.outbox),
      this.#options.clock.monotonicMs(),
    );
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

  /** @param hadSession - it was connected until now */
  async #dialFor(peer: Peer, target: KnownNode, hadSession = false): Promise<void> {
    if (peer.isDialling) return;
    peer.isDialling = true;
    if (peer.failures > 1) await this.#dialler.pause(REDIAL_PAUSE_MS);
    const options: DialOptions = {
      proxyRequest: this.#options.isPinned?.(peer.name) === true,
      timeoutMs: this.#limits.dialTimeoutMs,
      isReached: () => this.#isStopped || peer.connection !== undefined,
    };
    // A node that was there a moment ago may be on its way back to its router.
    const patienceMs = hadSession && placesOf(target).length === 0 ? ROUTER_PATIENCE_MS : 0;
    const untilMs = this.#options.clock.monotonicMs() + patienceMs;
    await this.#dialler.dial(target, options);
    while (!options.isReached() && this.#options.clock.monotonicMs() < untilMs) {
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      await this.#dialler.pause(REDIAL_PAUSE_MS);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await this.#dialler.tryWays(target, options);
    }
    peer.isDialling = false;
    if (peer.connection === undefined && this.#peers.get(peer.name) === peer) this.#giveUp(peer);
  }

  /** Nothing leads to the node: whoever waits for it is told. */
  #giveUp(peer: Peer): void {
    if (this.#peers.get(peer.name) === peer) this.#peers.delete(peer.name);
    const messages = [
      ...peer.pasts.splice(0).flatMap((past) => past.giveUp()),
      ...peer.waiting.drain().map(({ message }) => message),
    ];
    this.#failed(peer.name, messages, "nothing leads to it");
  }

  #failed(name: NodeId, messages: readonly KernelMessage[], why: string): void {
    const { events } = this.#options;
    if (messages.length > 0) events.say(2, `${messages.length} messages to ${name} failed: ${why}`);
    for (const message of messages) events.failed(message, "offline");
  }

  /** Nothing is heard of a node although something was sent: another way is looked for until one of the two works. */
  async #findAgain(peer: Peer, connection: Connection): Promise<void> {
    const isOver = (): boolean =>
      this.#isStopped ||
      peer.connection !== connection ||
      connection.isClosed ||
      !connection.isSilent;
    while (!isOver()) {
      const target = this.#options.known.find(peer.name);
      if (target === undefined) return;
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      await this.#dialler.tryWays(target, {
        proxyRequest: peer.servesUs,
        timeoutMs: this.#limits.redialTimeoutMs,
        replaces: connection,
        isReached: isOver,
      });
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (!isOver()) await this.#dialler.pause(REDIAL_PAUSE_MS);
    }
  }

  #isReached(name: NodeId, proxyRequest: boolean): boolean {
    const peer = this.#peers.get(name);
    return peer?.connection !== undefined && (!proxyRequest || peer.servesUs);
  }

  #connect(session: Session, { socket, framing }: HandshakeChannel, peer: Peer): Connection {
    const { identity, clock, events } = this.#options;
    const made: { connection?: Connection } = {};
    const early: [string, number | undefined][] = [];
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
        silent: () => {
          if (made.connection !== undefined) void this.#findAgain(peer, made.connection);
        },
        resumed: (tag, count) => {
          if (made.connection === undefined) early.push([tag, count]);
          else this.#resumed(peer, made.connection, tag, count);
        },
        closed: (why, unsent, broken) => {
          // It may end while it is made.
          if (made.connection !== undefined) {
            this.#closed(peer, made.connection, { why, unsent, broken });
          } else events.say(2, `The connection with ${session.peer} ended: ${why}`);
        },
      },
    });
    made.connection = connection;
    // What came behind the handshake in one piece is answered when the connection has its place.
    if (early.length > 0) {
      queueMicrotask(() => {
        for (const [tag, count] of early) this.#resumed(peer, connection, tag, count);
      });
    }
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
      peer.finishing.add(connection);
      this.#watchFinishing(connection, peer);
      void connection.finished.then(() => {
        peer.finishing.delete(connection);
        this.#sendWaiting(peer);
      });
    }
    this.#lingering.add(connection);
  }

  /** Another connection goes on in the place of this one: nothing more is read from it, and what it carried goes there. */
  #abandon(connection: Connection, peer: Peer): void {
    peer.finishing.add(connection);
    connection.abandon("another connection goes on in its place");
    // One of a time before the peer was given up counted there: nothing may wait for it here, where others have overtaken it.
    peer.finishing.delete(connection);
  }

  /** The other side reads all of it, unless nobody is there; a node of the reference does not say so. */
  #watchFinishing(connection: Connection, peer: Peer): void {
    const { clock } = this.#options;
    const { finishMs } = this.#limits;
    const sinceMs = clock.monotonicMs();
    const look = (): void => {
      if (!peer.finishing.has(connection)) return;
      const tookMs = clock.monotonicMs() - sinceMs;
      const quietMs = clock.monotonicMs() - Math.max(connection.lastHeardMs, sinceMs);
      const mayAsk = connection.isResumable && peer.connection?.isResumable === true;
      if (mayAsk && quietMs >= QUIET_MS) this.#abandon(connection, peer);
      else if (tookMs < finishMs) clock.after(Math.min(QUIET_MS, finishMs - tookMs), look);
      else if (mayAsk) this.#abandon(connection, peer);
      else {
        peer.finishing.delete(connection);
        this.#sendWaiting(peer);
      }
    };
    clock.after(Math.min(QUIET_MS, finishMs), look);
  }

  #sendWaiting(peer: Peer): void {
    const { connection, waiting, finishing, pasts } = peer;
    if (connection === undefined || finishing.size > 0 || pasts.some(({ isOpen }) => isOpen))
      return;
    peer.pasts = [];
    for (const item of [...pasts.flatMap(({ again }) => again), ...waiting.drain()]) {
      if (!connection.send(item)) this.#options.events.failed(item.message, "timeout");
    }
  }

  /** Asks what was read of connections that broke, and says what we have read of them. */
  #askWhatWasRead(peer: Peer, connection: Connection): void {
    const open = peer.pasts.filter(({ isOpen }) => isOpen);
    if (open.length === 0) return;
    for (const past of open) {
      // It is another program now than when they were made.
      if (connection.isResumable) this.#readCounts.sayOn(connection, past.tag);
      else this.#settle(peer, past, undefined, connection);
    }
    this.#options.clock.after(this.#limits.resumeMs, () => {
      if (peer.connection !== connection) return;
      for (const past of open) this.#settle(peer, past, undefined, undefined);
      this.#sendWaiting(peer);
    });
  }

  /** The peer says how much of an earlier connection it has read. */
  #resumed(peer: Peer, connection: Connection, tag: string, count: number | undefined): void {
    const others = [peer.connection, ...this.#lingering];
    const meant = others.find(
      (other) => other !== connection && other?.peer === peer.name && other.tag === tag,
    );
    // It reads no more of it, whatever we think.
    if (meant?.isResumable === true) this.#abandon(meant, peer);
    const past = peer.pasts.find((each) => each.tag === tag);
    if (past !== undefined) {
      if (past.hasMoved(count)) peer.failures = 0;
      this.#settle(peer, past, count, connection);
    }
    this.#readCounts.sayOn(connection, tag);
    this.#sendWaiting(peer);
  }

  /** @param connection - on which the peer has said so; `undefined`: it has not */
  #settle(
    { name }: Peer,
    past: Past,
    count: number | undefined,
    connection: Connection | undefined,
  ): void {
    this.#failed(
      name,
      past.settle(count, connection?.peerRun),
      "it does not know the connection they were sent on",
    );
  }

  #closed(peer: Peer, connection: Connection, { why, unsent, broken }: Closing): void {
    const { events } = this.#options;
    this.#lingering.delete(connection);
    const wasWaitedFor = peer.finishing.delete(connection);
    events.say(2, `The connection with ${peer.name} ended: ${why}`);
    const { isResumable, tag } = connection;
    if (isResumable) this.#readCounts.remember(peer.name, tag, connection.readCount);
    const isCurrent = peer.connection === connection;
    if (!isCurrent && !(wasWaitedFor && isResumable)) {
      // What others have overtaken must not follow them.
      this.#failed(
        peer.name,
        unsent.map(({ message }) => message),
        "others have overtaken them",
      );
      return;
    }
    const awaited = isCurrent && broken !== undefined ? (events.awaited?.(peer.name) ?? []) : [];
    const unread = broken ?? NOTHING_UNREAD;
    const run = connection.peerRun;
    const past = new Past({ tag, unread, unsent, awaited, isResumable, run });
    if (!past.isEmpty) peer.pasts.push(past);
    if (isCurrent) this.#lost(peer, connection);
    else if (peer.connection !== undefined) this.#askWhatWasRead(peer, peer.connection);
  }

  /** The connection that was written to is over: what is left goes by a new one, at once. */
  #lost(peer: Peer, connection: Connection): void {
    peer.connection = undefined;
    if (peer.isServed) this.#options.events.lost?.(peer.name);
    peer.isServed = peer.servesUs = false;
    const ageMs = this.#options.clock.monotonicMs() - peer.connectedMs;
    peer.failures = connection.hasServed || ageMs > SHORT_LIFE_MS ? 0 : peer.failures + 1;
    const target = this.#options.known.find(peer.name);
    const isNeeded = peer.pasts.length > 0 || peer.waiting.count > 0;
    const mayCall = !this.#isStopped && peer.failures < MAX_FAILURES;
    if (isNeeded && mayCall && target !== undefined) void this.#dialFor(peer, target, true);
    else this.#giveUp(peer);
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

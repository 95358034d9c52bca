/**
 * A name and a key without a registry: who this node is, whom it trusts, and how strangers become known to each other.
 * Source: docs/decisions/0008-local-identity.md; spec/network-identity.md §6.1.
 * @module
 */
import type { Ports } from "@kinode-ts/codec/net";
import { equalBytes } from "@kinode-ts/crypto";
import type { KernelMessage, NodeId, StoreRow, TimerHandle } from "@kinode-ts/types";
import { FEATURE_NOTES, type HandshakeExtension } from "../handshake-extension.ts";
import type { Session } from "../handshake.ts";
import { type Place, placesOf } from "../identity/known-nodes.ts";
import type { Join } from "../routing/routing-request.ts";
import { LocalIdentityError } from "./errors.ts";
import {
  decodeSuccessions,
  encodeSuccessions,
  leadsTo,
  type SignedRecord,
  toKnownNode,
} from "./identity-record.ts";
import { Joiner } from "./joiner.ts";
import {
  LocalContext,
  type LocalIdentityHost,
  type LocalIdentityOptions,
  readNamed,
} from "./local-context.ts";
import { type InviteOptions, Newcomers } from "./newcomers.ts";
import { readNote } from "./peer-note.ts";
import type { PinnedPeer } from "./peer-table.ts";

/** How often this machine's addresses are looked at. */
const LOOK_MS = 5_000;
const isLoopback = (address: string): boolean => /^(127\.|::1$)/.test(address);
/** Who could not be told of a new record is tried again after so long, then after twice the time, up to an hour. */
const FIRST_RETRY_MS = 30_000;
const MAX_RETRY_MS = 3_600_000;

/** A node as a person sees it. */
export interface PeerView {
  readonly peer: PinnedPeer;
  readonly isConnected: boolean;
  readonly isOurRouter: boolean;
  /** It uses this node as its router at this time. */
  readonly isServed: boolean;
}

export class LocalIdentity {
  readonly #context: LocalContext;
  readonly #newcomers: Newcomers;
  readonly #joiner: Joiner;
  /** For the person, as soon as there is somebody to tell. */
  readonly #problems: string[] = [];
  #ports: Ports = new Map();
  #timer: TimerHandle | undefined;
  readonly #retries = new Map<NodeId, { readonly atMs: number; readonly delayMs: number }>();
  #isSpreading = false;
  #isStopped = false;

  constructor(options: LocalIdentityOptions) {
    this.#context = new LocalContext(options);
    this.#newcomers = new Newcomers(this.#context);
    this.#joiner = new Joiner(this.#context);
  }

  // --- life -------------------------------------------------------------------------------------

  /** Before the first message: whoever is pinned is known. */
  attach(host: LocalIdentityHost): void {
    this.#context.attach(host, (problem) => this.#problems.push(problem));
  }

  /** Now it is known where this node listens. */
  listening(ports: Ports): void {
    this.#ports = ports;
    for (const problem of this.#problems.splice(0)) this.#context.host.say(0, problem);
    this.#refresh();
    this.#watch();
    void this.#spread();
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#joiner.stop();
    const rows = this.#context.table.list().map(({ name }) => this.#context.table.row(name)!);
    // Only when each was seen last: not worth a failure.
    return rows.length === 0
      ? Promise.resolve()
      : this.#context.options.commit(rows).catch(() => {});
  }

  get record(): SignedRecord {
    return this.#context.record;
  }

  #watch(): void {
    this.#timer = this.#context.options.clock.after(LOOK_MS, () => {
      for (const { name, state } of this.#context.peers.list()) {
        const peer = state === "connected" ? this.#context.table.get(name) : undefined;
        if (peer !== undefined) peer.lastSeenMs = this.#context.options.clock.nowMs();
      }
      this.#refresh();
      this.#watch();
      void this.#spread();
    });
  }

  /** Calls those that do not know our newest record yet: they would look for us where we were. */
  async #spread(): Promise<void> {
    if (this.#isSpreading) return;
    this.#isSpreading = true;
    for (const peer of this.#context.table.list()) {
      const { name } = peer;
      const nowMs = this.#context.options.clock.monotonicMs();
      const retry = this.#retries.get(name) ?? { atMs: 0, delayMs: FIRST_RETRY_MS };
      const isTold = peer.told >= this.#context.record.sequence;
      if (this.#isStopped || isTold || retry.atMs > nowMs || peer.record === undefined) continue;
      const { delayMs } = retry;
      const next = { atMs: nowMs + delayMs, delayMs: Math.min(2 * delayMs, MAX_RETRY_MS) };
      this.#retries.set(name, next);
      // oxlint-disable-next-line no-await-in-loop -- one after the other: nobody waits for it
      if (await this.#context.peers.reach(name, { proxyRequest: false }))
        this.#retries.delete(name);
    }
    this.#isSpreading = false;
  }

  /** A machine whose cable is out has not moved: nobody could find it when the cable is in again. */
  #addresses(): readonly string[] {
    const now = this.#context.options.addresses();
    const before = this.#context.record.places.map(({ ip }) => ip);
    return now.every(isLoopback) && before.length > 0 ? before : now;
  }

  /** Writes a new record when something about us has changed, and tells whom we are connected with. */
  #refresh(): void {
    const { clock } = this.#context.options;
    const routers = this.#context.own.routers;
    const places: Place[] =
      this.#ports.size === 0 || routers.length > 0
        ? []
        : this.#addresses().map((ip) => ({ ip, ports: this.#ports }));
    const known = routers.map((name) => {
      const node = this.#context.host.known.find(name);
      return { name, places: node === undefined ? [] : placesOf(node) };
    });
    const change = this.#context.own.update({ places, routers: known }, clock.nowMs());
    if (change !== undefined) {
      this.#context.keep([change]);
      for (const { name, state } of this.#context.peers.list()) {
        if (state === "connected" && this.#context.table.get(name) !== undefined) {
          this.#context.note(name, { record: this.#context.record.bytes });
          this.#told(name);
        }
      }
    }
    this.#context.host.become(toKnownNode(this.#context.record).identity);
  }

  // --- handshakes -------------------------------------------------------------------------------

  /** What a node hears from us in the handshake. */
  tell(peer: NodeId | undefined): Omit<HandshakeExtension, "features"> {
    if (peer === undefined) {
      const { successions } = this.#context.record;
      return successions.length === 0 ? {} : { succession: encodeSuccessions(successions) };
    }
    const pinned = this.#context.table.get(peer);
    const inviter = this.#joiner.inviter(peer);
    if (pinned === undefined && inviter === undefined) return {};
    return {
      record: this.#context.record.bytes,
      knows: pinned?.record?.sequence ?? inviter?.sequence,
      introduction: this.#joiner.introductionFor(peer),
    };
  }

  /** A router is told who brings us, as long as it may not know us. */
  tellRouter(router: NodeId): Omit<HandshakeExtension, "features"> | undefined {
    const introduction = this.#joiner.introductionFor(router);
    return introduction === undefined ? undefined : { introduction };
  }

  /** The node we call has another key than we know: it may have handed on the one we know. */
  follow(peer: NodeId, { succession }: HandshakeExtension): Uint8Array | undefined {
    const pinned = this.#context.table.get(peer) ?? this.#joiner.inviter(peer);
    if (pinned === undefined || succession === undefined) return undefined;
    try {
      const steps = decodeSuccessions(succession);
      const last = steps.at(-1)?.to;
      return last !== undefined && leadsTo(peer, pinned.key, last, steps) ? last : undefined;
    } catch {
      // Nothing that could be followed.
      return undefined;
    }
  }

  /** The key to believe for a name that calls us, by what it says; whether it is its own is checked with this key. */
  keyFor(name: NodeId, said: HandshakeExtension | undefined): Uint8Array | undefined {
    const pinned = this.#context.table.get(name);
    if (pinned !== undefined) {
      const record = this.#changedRecord(name, said);
      return record !== undefined && this.#context.table.isTrusted(record)
        ? record.key
        : pinned.key;
    }
    const known = this.#context.host.known.keyOf(name);
    return known ?? this.#newcomers.find(name, said)?.key;
  }

  #changedRecord(name: NodeId, said: HandshakeExtension | undefined): SignedRecord | undefined {
    const bytes = said?.record;
    const before = this.#context.table.get(name)?.record;
    if (bytes === undefined) return undefined;
    if (before !== undefined && equalBytes(before.bytes, bytes)) return before;
    return readNamed(name, bytes);
  }

  /** Whether an indirect node may be called by somebody it does not know: to come in, or to hear why not. */
  admitsStrangers(): boolean {
    return this.#context.invitations.list().length > 0;
  }

  /** Only what proven and known nodes say goes on to the kernel. */
  isKnown(name: NodeId): boolean {
    return this.#context.isKnown(name);
  }

  /** As a router: somebody asked to be joined, and is proven. */
  joining(join: Join): void {
    this.#newcomers.joining(join);
  }

  // --- sessions ---------------------------------------------------------------------------------

  /** A session has begun: what the other side said in it is proven now. */
  opened({ peer: name, extension: said, features }: Session): void {
    const pinned = this.#context.table.get(name);
    // One that the registry knows is no stranger.
    const isNew = pinned === undefined && !this.#context.isKnown(name);
    const stranger = isNew ? this.#newcomers.find(name, said) : undefined;
    if (stranger !== undefined) {
      this.#newcomers.receive(stranger, said);
      return;
    }
    if (pinned === undefined) return;
    pinned.lastSeenMs = this.#context.options.clock.nowMs();
    const record = this.#changedRecord(name, said);
    if (record !== undefined) this.#followRecord(record);
    const isWaiting = said?.introduction !== undefined;
    const isBehind =
      said?.record !== undefined && (said.knows ?? 0) < this.#context.record.sequence;
    if (features.has(FEATURE_NOTES) && (isWaiting || isBehind)) {
      this.#context.note(name, { record: this.#context.record.bytes, welcome: isWaiting });
    }
    this.#told(name);
  }

  /** It has our record now: from the handshake when we called, else in a note. */
  #told(name: NodeId): void {
    const peer = this.#context.table.get(name);
    if (peer === undefined || peer.told === this.#context.record.sequence) return;
    peer.told = this.#context.record.sequence;
    this.#context.keep([this.#context.table.row(name)!]);
  }

  #followRecord(record: SignedRecord): void {
    const change = this.#context.table.follow(record);
    if (change === undefined) return;
    this.#context.show(record.name);
    this.#context.keep([change]);
    if (this.#context.own.routers.includes(record.name)) this.#refresh();
  }

  /** A note of a proven node. */
  noted({ source, message }: KernelMessage): void {
    const note = readNote(message.body);
    if (note === undefined) return;
    const record = note.record === undefined ? undefined : readNamed(source.node, note.record);
    if (record !== undefined) this.#followRecord(record);
    if (note.welcome === true || note.refused !== undefined) {
      this.#joiner.answered(source.node, note);
    }
  }

  // --- what a person does -----------------------------------------------------------------------

  /**
   * The text of a new invitation; settles once it is kept.
   * @throws {LocalIdentityError} `net.nobody-can-come`, `net.too-many`
   */
  invite(options?: InviteOptions): Promise<{ text: string; expiresMs: number }> {
    return this.#newcomers.invite(options);
  }

  /**
   * Comes on an invitation: afterwards both nodes know each other, on disk.
   * @throws {LocalIdentityError} why not
   */
  join(text: string): Promise<PinnedPeer> {
    return this.#joiner.join(text);
  }

  /**
   * The signer has another key now: from here on nodes are called with it, and those that are connected are called again.
   * @param rows - of space `net.self`, with the old key's word about the new one
   */
  keyChanged(rows: readonly StoreRow[]): void {
    this.#context.own.keyChanged(rows);
    this.#refresh();
    void this.#context.peers.renew("the key of this node is another one");
    void this.#spread();
  }

  /** Takes in a node that the person has seen and accepts. Settles once it is kept. */
  async accept(record: SignedRecord): Promise<void> {
    const nowMs = this.#context.options.clock.nowMs();
    const { name, key } = record;
    const times = { addedMs: nowMs, lastSeenMs: nowMs, told: 0 };
    await this.#context.options.commit([
      this.#context.table.pin({ name, key, record, origin: "nearby", ...times }),
    ]);
    this.#context.show(name);
  }

  /** @throws {LocalIdentityError} `net.unknown-peer` */
  async remove(name: NodeId): Promise<void> {
    const change = this.#context.table.remove(name);
    if (change === undefined) throw new LocalIdentityError({ code: "net.unknown-peer", name });
    this.#context.host.known.unpin(name);
    this.#context.peers.disconnect(name, "it was removed");
    const isRouter = this.#context.own.routers.includes(name);
    await this.#context.options.commit(
      isRouter
        ? [
            change,
            this.#context.own.setRouters(
              this.#context.own.routers.filter((other) => other !== name),
            ),
          ]
        : [change],
    );
    if (isRouter) this.#refresh();
  }

  peers(): PeerView[] {
    const infos = new Map(this.#context.peers.list().map((info) => [info.name, info]));
    return this.#context.table.list().map((peer) => ({
      peer,
      isConnected: infos.get(peer.name)?.state === "connected",
      isOurRouter: this.#context.own.routers.includes(peer.name),
      isServed: infos.get(peer.name)?.isServed === true,
    }));
  }

  get routers(): readonly NodeId[] {
    return this.#context.own.routers;
  }

  /**
   * From now on this node is reached through `name` too. Settles once it is kept.
   * @throws {LocalIdentityError} `net.unknown-peer`, `net.no-router`
   */
  async addRouter(name: NodeId): Promise<void> {
    const peer = this.#context.table.get(name);
    if (peer === undefined) throw new LocalIdentityError({ code: "net.unknown-peer", name });
    if ((peer.record?.places.length ?? 0) === 0) {
      const why = "it is behind routers itself";
      throw new LocalIdentityError({ code: "net.no-router", name, why });
    }
    if (this.#context.own.routers.includes(name)) return;
    await this.#context.options.commit([
      this.#context.own.setRouters([...this.#context.own.routers, name]),
    ]);
    this.#refresh();
  }

  /** Settles once it is kept. @throws {LocalIdentityError} `net.no-router` */
  async removeRouter(name: NodeId): Promise<void> {
    if (!this.#context.own.routers.includes(name)) {
      throw new LocalIdentityError({ code: "net.no-router", name, why: "it is none now" });
    }
    const rest = this.#context.own.routers.filter((other) => other !== name);
    await this.#context.options.commit([this.#context.own.setRouters(rest)]);
    this.#refresh();
  }
}

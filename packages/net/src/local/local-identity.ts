/**
 * A name and a key without a registry: who this node is, whom it trusts, and how strangers become known to each other.
 * Source: docs/decisions/0008-local-identity.md; spec/network-identity.md §6.1.
 * @module
 */
import type { NodeIdentity, Ports } from "@kinode-ts/codec/net";
import { createNodeSigner, equalBytes } from "@kinode-ts/crypto";
import type {
  Clock,
  KernelMessage,
  NodeId,
  NodeSigner,
  Random,
  StoreChange,
  StoreRow,
  TimerHandle,
} from "@kinode-ts/types";
import type { HandshakeExtension } from "../handshake-extension.ts";
import { FEATURE_NOTES } from "../handshake-extension.ts";
import type { Session } from "../handshake.ts";
import { type KnownNodes, type Place, placesOf } from "../identity/known-nodes.ts";
import type { Peers } from "../peers/peers.ts";
import type { Join } from "../routing/routing-request.ts";
import { LocalIdentityError, type Refusal } from "./errors.ts";
import {
  decodeSuccessions,
  encodeSuccessions,
  leadsTo,
  readRecord,
  type SignedRecord,
  toKnownNode,
} from "./identity-record.ts";
import { formatInvitation, type Invitation, readInvitation } from "./invitation.ts";
import { InvitationTable } from "./invitation-table.ts";
import { OwnRecord } from "./own-record.ts";
import { createNote, type PeerNote, readNote } from "./peer-note.ts";
import { knownPeer, PeerTable, type PinnedPeer } from "./peer-table.ts";
import {
  type Introduction,
  introduce,
  isSignedBy,
  readIntroduction,
  signVoucher,
} from "./voucher.ts";

/** Time for an answer after the connection is there: as long as a handshake may take. */
const ANSWER_MS = 5_000;
/** A refused node gets so long to read why. */
const FAREWELL_MS = 500;
/** How often this machine's addresses are looked at. */
const LOOK_MS = 30_000;
/** Who could not be told of a new record is tried again after so long, then after twice the time, up to an hour. */
const FIRST_RETRY_MS = 30_000;
const MAX_RETRY_MS = 3_600_000;
const DEFAULT_INVITATION_MS = 86_400_000;

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

export interface InviteOptions {
  /** Default: a day. */
  readonly lifeMs?: number;
  /** How many nodes may come. Default 1. */
  readonly uses?: number;
}

/** A node as a person sees it. */
export interface PeerView {
  readonly peer: PinnedPeer;
  readonly isConnected: boolean;
  readonly isOurRouter: boolean;
  /** It uses this node as its router at this time. */
  readonly isServed: boolean;
}

interface PendingJoin {
  readonly invitation: Invitation;
  readonly answer: PromiseWithResolvers<PeerNote>;
}

export class LocalIdentity {
  readonly #options: LocalIdentityOptions;
  readonly #table = new PeerTable();
  readonly #invitations = new InvitationTable();
  readonly #own: OwnRecord;
  readonly #joins = new Map<NodeId, PendingJoin>();
  /** For the person, as soon as there is somebody to tell. */
  readonly #problems: string[] = [];
  #host: LocalIdentityHost | undefined;
  #ports: Ports = new Map();
  #timer: TimerHandle | undefined;
  readonly #retries = new Map<NodeId, { readonly atMs: number; readonly delayMs: number }>();
  #isSpreading = false;
  #isStopped = false;

  constructor(options: LocalIdentityOptions) {
    this.#options = options;
    this.#own = new OwnRecord(options.our, options.signer, options.rows.self);
    this.#invitations.load(options.rows.invitations);
  }

  // --- life -------------------------------------------------------------------------------------

  /** Before the first message: whoever is pinned is known. */
  attach(host: LocalIdentityHost): void {
    this.#host = host;
    this.#table.load(this.#options.rows.peers, (name, why) =>
      this.#problems.push(`What was kept about ${name} cannot be read and is left out: ${why}`),
    );
    for (const peer of this.#table.list()) host.known.pin(knownPeer(peer));
  }

  /** Now it is known where this node listens. */
  listening(ports: Ports): void {
    this.#ports = ports;
    for (const problem of this.#problems.splice(0)) this.#host!.say(0, problem);
    this.#refresh();
    this.#watch();
    void this.#spread();
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const { answer } of this.#joins.values()) answer.reject(new Error("the node stops"));
    const rows = this.#table.list().map(({ name }) => this.#table.row(name)!);
    // Only when each was seen last: not worth a failure.
    return rows.length === 0 ? Promise.resolve() : this.#options.commit(rows).catch(() => {});
  }

  get record(): SignedRecord {
    return this.#own.record;
  }

  #watch(): void {
    this.#timer = this.#options.clock.after(LOOK_MS, () => {
      for (const { name, state } of this.#peers.list()) {
        const peer = state === "connected" ? this.#table.get(name) : undefined;
        if (peer !== undefined) peer.lastSeenMs = this.#options.clock.nowMs();
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
    for (const peer of this.#table.list()) {
      const { name } = peer;
      const nowMs = this.#options.clock.monotonicMs();
      const retry = this.#retries.get(name) ?? { atMs: 0, delayMs: FIRST_RETRY_MS };
      const isTold = peer.told >= this.record.sequence;
      if (this.#isStopped || isTold || retry.atMs > nowMs || peer.record === undefined) continue;
      const { delayMs } = retry;
      const next = { atMs: nowMs + delayMs, delayMs: Math.min(2 * delayMs, MAX_RETRY_MS) };
      this.#retries.set(name, next);
      // oxlint-disable-next-line no-await-in-loop -- one after the other: nobody waits for it
      if (await this.#peers.reach(name, { proxyRequest: false })) this.#retries.delete(name);
    }
    this.#isSpreading = false;
  }

  get #peers(): Peers {
    return this.#host!.peers;
  }

  /** Writes a new record when something about us has changed, and tells whom we are connected with. */
  #refresh(): void {
    const { addresses, clock } = this.#options;
    const routers = this.#own.routers;
    const places: Place[] =
      this.#ports.size === 0 || routers.length > 0
        ? []
        : addresses().map((ip) => ({ ip, ports: this.#ports }));
    const known = routers.map((name) => {
      const node = this.#host!.known.find(name);
      return { name, places: node === undefined ? [] : placesOf(node) };
    });
    const change = this.#own.update({ places, routers: known }, clock.nowMs());
    if (change !== undefined) {
      this.#keep([change]);
      for (const { name, state } of this.#peers.list()) {
        if (state === "connected" && this.#table.get(name) !== undefined) {
          this.#note(name, { record: this.record.bytes });
          this.#told(name);
        }
      }
    }
    this.#host!.become(toKnownNode(this.record).identity);
  }

  #keep(changes: readonly StoreChange[]): void {
    this.#options.commit(changes).catch((error: Error) => {
      this.#host?.say(0, `What is known of other nodes could not be written: ${error.message}`);
    });
  }

  // --- handshakes -------------------------------------------------------------------------------

  /** What a node hears from us in the handshake. */
  tell(peer: NodeId | undefined): Omit<HandshakeExtension, "features"> {
    if (peer === undefined) {
      const { successions } = this.record;
      return successions.length === 0 ? {} : { succession: encodeSuccessions(successions) };
    }
    const pinned = this.#table.get(peer);
    const join = this.#joins.get(peer);
    if (pinned === undefined && join === undefined) return {};
    return {
      record: this.record.bytes,
      knows: pinned?.record?.sequence ?? join?.invitation.inviter.sequence,
      introduction: this.#introductionFor(peer),
    };
  }

  /** A router is told who brings us, as long as it may not know us. */
  tellRouter(router: NodeId): Omit<HandshakeExtension, "features"> | undefined {
    const introduction = this.#introductionFor(router);
    return introduction === undefined ? undefined : { introduction };
  }

  #introductionFor(reader: NodeId): Uint8Array | undefined {
    const invitation = this.#invitationFor(reader);
    if (invitation === undefined || invitation.expiresMs <= this.#options.clock.nowMs()) {
      return undefined;
    }
    const { our, signer } = this.#options;
    return introduce(reader, invitation.voucher, invitation.secret, our, signer.publicKey);
  }

  #invitationFor(reader: NodeId): Invitation | undefined {
    const own = this.#joins.get(reader);
    if (own !== undefined) return own.invitation;
    for (const { invitation } of this.#joins.values()) {
      if (invitation.routers.some(({ name }) => name === reader)) return invitation;
    }
    const pass = this.#table.get(reader)?.pass;
    return pass === undefined ? undefined : readInvitation(pass);
  }

  /** The node we call has another key than we know: it may have handed on the one we know. */
  follow(peer: NodeId, { succession }: HandshakeExtension): Uint8Array | undefined {
    const pinned = this.#table.get(peer) ?? this.#joins.get(peer)?.invitation.inviter;
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
    const pinned = this.#table.get(name);
    if (pinned !== undefined) {
      const record = this.#changedRecord(name, said);
      return record !== undefined && this.#table.isTrusted(record) ? record.key : pinned.key;
    }
    const known = this.#host!.known.keyOf(name);
    return known ?? this.#stranger(name, said)?.key;
  }

  #changedRecord(name: NodeId, said: HandshakeExtension | undefined): SignedRecord | undefined {
    const bytes = said?.record;
    const before = this.#table.get(name)?.record;
    if (bytes === undefined) return undefined;
    if (before !== undefined && equalBytes(before.bytes, bytes)) return before;
    return readNamed(name, bytes);
  }

  /** Somebody unknown with an introduction that this node can judge: by an invitation of its own, or of a node it serves. */
  #stranger(name: NodeId, said: HandshakeExtension | undefined): Introduction | undefined {
    const { our } = this.#options;
    if (said?.introduction === undefined || name === our) return undefined;
    const introduction = readIntroduction(said.introduction, our);
    if (introduction === undefined || introduction.name !== name) return undefined;
    const { voucher } = introduction;
    if (!this.#keysOf(voucher.inviter).some((key) => isSignedBy(voucher, key))) return undefined;
    return voucher.inviter === our || this.#mayBeGuest(introduction) ? introduction : undefined;
  }

  /** Of ourselves or a pinned node; the earlier ones too, since an invitation may be older than the key. */
  #keysOf(name: NodeId): Uint8Array[] {
    const isOurs = name === this.#options.our;
    const peer = this.#table.get(name);
    const record = isOurs ? this.record : peer?.record;
    const key = isOurs ? this.#options.signer.publicKey : peer?.key;
    return key === undefined ? [] : [key, ...(record?.successions ?? []).map(({ from }) => from)];
  }

  #mayBeGuest({ voucher }: Introduction): boolean {
    const isServed = this.#peers
      .list()
      .some(({ name, isServed: served }) => served && name === voucher.inviter);
    return (
      isServed &&
      voucher.expiresMs > this.#options.clock.nowMs() &&
      this.#table.guestCount(voucher.invitation.toHex()) < voucher.uses &&
      this.#table.hasRoomForGuest
    );
  }

  /** Whether an indirect node may be called by somebody it does not know: to come in, or to hear why not. */
  admitsStrangers(): boolean {
    return this.#invitations.list().length > 0;
  }

  /** Only what proven and known nodes say goes on to the kernel. */
  isKnown(name: NodeId): boolean {
    return this.#host!.known.find(name) !== undefined;
  }

  // --- sessions ---------------------------------------------------------------------------------

  /** A session has begun: what the other side said in it is proven now. */
  opened({ peer: name, extension: said, features }: Session): void {
    const pinned = this.#table.get(name);
    // One that the registry knows is no stranger.
    const isNew = pinned === undefined && !this.isKnown(name);
    const stranger = isNew ? this.#stranger(name, said) : undefined;
    if (stranger !== undefined) {
      if (stranger.voucher.inviter === this.#options.our) void this.#settle(stranger, said);
      else this.#admitGuest(stranger, said);
      return;
    }
    if (pinned === undefined) return;
    pinned.lastSeenMs = this.#options.clock.nowMs();
    const record = this.#changedRecord(name, said);
    if (record !== undefined) this.#followRecord(record);
    const isWaiting = said?.introduction !== undefined;
    const isBehind = said?.record !== undefined && (said.knows ?? 0) < this.record.sequence;
    if (features.has(FEATURE_NOTES) && (isWaiting || isBehind)) {
      this.#note(name, { record: this.record.bytes, welcome: isWaiting });
    }
    this.#told(name);
  }

  /** It has our record now: from the handshake when we called, else in a note. */
  #told(name: NodeId): void {
    const peer = this.#table.get(name);
    if (peer === undefined || peer.told === this.record.sequence) return;
    peer.told = this.record.sequence;
    this.#keep([this.#table.row(name)!]);
  }

  #followRecord(record: SignedRecord): void {
    const change = this.#table.follow(record);
    if (change === undefined) return;
    this.#host!.known.pin(knownPeer(this.#table.get(record.name)!));
    this.#keep([change]);
    if (this.#own.routers.includes(record.name)) this.#refresh();
  }

  /** A newcomer on an invitation of ours. */
  async #settle(
    { voucher, name, key }: Introduction,
    said: HandshakeExtension | undefined,
  ): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const id = voucher.invitation.toHex();
    const record = said?.record === undefined ? undefined : readNamed(name, said.record);
    if (record === undefined || !equalBytes(record.key, key)) {
      this.#refuse(name, "unknown");
      return;
    }
    const use = this.#table.hasRoom ? this.#invitations.use(id, name, nowMs) : "full";
    if (typeof use === "string") {
      this.#refuse(name, use);
      return;
    }
    const pinned = this.#table.pin({
      name,
      key,
      record,
      origin: "invited",
      addedMs: nowMs,
      lastSeenMs: nowMs,
      told: this.record.sequence,
    });
    try {
      await this.#options.commit([use, pinned]);
    } catch (error) {
      this.#table.remove(name);
      this.#invitations.restore(id, name);
      this.#host!.say(0, `${name} could not be taken in: ${(error as Error).message}`);
      this.#peers.disconnect(name, "it could not be kept");
      return;
    }
    this.#host!.known.pin(knownPeer(this.#table.get(name)!));
    this.#host!.say(0, `${name} has come on an invitation; it is known now`);
    this.#note(name, { welcome: true, record: this.record.bytes });
  }

  #refuse(name: NodeId, refused: Refusal): void {
    this.#host!.say(0, `${name} came on an invitation and was not let in: ${refused}`);
    this.#note(name, { refused });
    this.#options.clock.after(FAREWELL_MS, () => {
      if (this.#table.get(name) === undefined) this.#peers.disconnect(name, "it is not known");
    });
  }

  #admitGuest({ voucher, name, key }: Introduction, said: HandshakeExtension | undefined): void {
    const nowMs = this.#options.clock.nowMs();
    const told = said?.record === undefined ? undefined : readNamed(name, said.record);
    const record = told !== undefined && equalBytes(told.key, key) ? told : undefined;
    const change = this.#table.pin({
      name,
      key,
      record,
      origin: "guest",
      by: voucher.inviter,
      invitation: voucher.invitation.toHex(),
      addedMs: nowMs,
      lastSeenMs: nowMs,
      told: 0,
    });
    this.#host!.known.pin(knownPeer(this.#table.get(name)!));
    this.#keep([change]);
    this.#host!.say(1, `${name} is served here: ${voucher.inviter} vouches for it`);
  }

  /** As a router: somebody asked to be joined, and is proven. */
  joining({ source, said }: Join): void {
    const stranger = this.isKnown(source) ? undefined : this.#stranger(source, said);
    if (stranger !== undefined) this.#admitGuest(stranger, undefined);
  }

  /** A note of a proven node. */
  noted({ source, message }: KernelMessage): void {
    const note = readNote(message.body);
    if (note === undefined) return;
    const record = note.record === undefined ? undefined : readNamed(source.node, note.record);
    if (record !== undefined) this.#followRecord(record);
    if (note.welcome === true || note.refused !== undefined) {
      this.#joins.get(source.node)?.answer.resolve(note);
    }
  }

  #note(to: NodeId, note: PeerNote): void {
    const { our, random } = this.#options;
    void this.#peers.send(createNote(our, to, random.u64(), note));
  }

  // --- what a person does -----------------------------------------------------------------------

  /**
   * The text of a new invitation; settles once it is kept.
   * @throws {LocalIdentityError} `net.nobody-can-come`, `net.too-many`
   */
  async invite(options: InviteOptions = {}): Promise<{ text: string; expiresMs: number }> {
    const { our, signer, random, clock, commit } = this.#options;
    const { lifeMs = DEFAULT_INVITATION_MS, uses = 1 } = options;
    if (this.record.places.length === 0 && this.#own.routers.length === 0) {
      throw new LocalIdentityError({ code: "net.nobody-can-come" });
    }
    const secret = random.bytes(32);
    const madeMs = clock.nowMs();
    const expiresMs = madeMs + lifeMs;
    const invitation = createNodeSigner(secret).publicKey;
    const voucher = signVoucher({ inviter: our, invitation, expiresMs, uses }, signer);
    const routers = this.#own.routers.flatMap((name) => this.#table.get(name)?.record ?? []);
    const made = { madeMs, expiresMs, uses, usedBy: [] };
    await commit(this.#invitations.add(invitation.toHex(), made));
    const inviter = this.record;
    return {
      text: formatInvitation({ inviter, routers, secret, expiresMs, voucher }),
      expiresMs,
    };
  }

  /**
   * Comes on an invitation: afterwards both nodes know each other, on disk.
   * @throws {LocalIdentityError} why not
   */
  async join(text: string): Promise<PinnedPeer> {
    const invitation = readInvitation(text);
    const { inviter, expiresMs } = invitation;
    const { name } = inviter;
    if (name === this.#options.our) {
      throw new LocalIdentityError({ code: "net.own-invitation", inviter: name });
    }
    if (expiresMs <= this.#options.clock.nowMs()) {
      throw new LocalIdentityError({
        code: "net.invitation-expired",
        inviter: name,
        expiredMs: expiresMs,
      });
    }
    if (this.#joins.has(name)) {
      throw new LocalIdentityError({ code: "net.join-under-way", inviter: name });
    }
    const before = this.#table.get(name);
    if (before !== undefined && !this.#isSameNode(before, inviter)) {
      throw new LocalIdentityError({ code: "net.other-key", name });
    }
    const { known } = this.#host!;
    if (before === undefined) known.pin(toKnownNode(inviter));
    try {
      const note = await this.#introduceTo(name, invitation);
      if (note.refused !== undefined) {
        const why = note.refused;
        throw new LocalIdentityError({ code: "net.invitation-refused", inviter: name, why });
      }
      return await this.#pinInviter(invitation, text, note);
    } catch (error) {
      if (this.#table.get(name) === undefined) known.unpin(name);
      this.#peers.disconnect(name, "the invitation led nowhere");
      throw error;
    } finally {
      this.#joins.delete(name);
    }
  }

  #isSameNode(before: PinnedPeer, { name, key, successions }: SignedRecord): boolean {
    return equalBytes(before.key, key) || leadsTo(name, before.key, key, successions);
  }

  async #introduceTo(name: NodeId, invitation: Invitation): Promise<PeerNote> {
    const answer = Promise.withResolvers<PeerNote>();
    answer.promise.catch(() => {});
    this.#joins.set(name, { invitation, answer });
    // A connection of before has not heard of the invitation.
    this.#peers.disconnect(name, "an invitation comes");
    if (!(await this.#peers.reach(name, { proxyRequest: false }))) {
      throw new LocalIdentityError({ code: "net.inviter-unreachable", inviter: name });
    }
    const timer = this.#options.clock.after(ANSWER_MS, () =>
      answer.reject(
        new LocalIdentityError({ code: "net.invitation-refused", inviter: name, why: "silent" }),
      ),
    );
    try {
      return await answer.promise;
    } finally {
      timer.cancel();
    }
  }

  async #pinInviter(invitation: Invitation, text: string, note: PeerNote): Promise<PinnedPeer> {
    const { inviter, routers } = invitation;
    const { our, clock, commit } = this.#options;
    const nowMs = clock.nowMs();
    const told = note.record === undefined ? undefined : readNamed(inviter.name, note.record);
    const isNewer = told !== undefined && this.#isNewer(inviter, told);
    const record = isNewer ? told : inviter;
    const { name, key } = record;
    const times = { addedMs: nowMs, lastSeenMs: nowMs, told: this.record.sequence };
    const changes = [this.#table.pin({ name, key, record, origin: "joined", ...times })];
    for (const router of routers) {
      const isOther = this.#table.get(router.name) !== undefined;
      if (router.name === our || isOther || !this.#table.hasRoom) continue;
      const from = { origin: "router", by: name, pass: text } as const;
      const { name: at, key: its } = router;
      changes.push(this.#table.pin({ name: at, key: its, record: router, ...from, ...times }));
      this.#host!.known.pin(toKnownNode(router));
    }
    await commit(changes);
    this.#host!.known.pin(toKnownNode(record));
    return this.#table.get(name)!;
  }

  #isNewer(before: SignedRecord, told: SignedRecord): boolean {
    const isTrusted = leadsTo(before.name, before.key, told.key, told.successions);
    return isTrusted && told.sequence > before.sequence;
  }

  /** Takes in a node that the person has seen and accepts. Settles once it is kept. */
  async accept(record: SignedRecord): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const { name, key } = record;
    const times = { addedMs: nowMs, lastSeenMs: nowMs, told: 0 };
    await this.#options.commit([
      this.#table.pin({ name, key, record, origin: "nearby", ...times }),
    ]);
    this.#host!.known.pin(knownPeer(this.#table.get(name)!));
  }

  /** @throws {LocalIdentityError} `net.unknown-peer` */
  async remove(name: NodeId): Promise<void> {
    const change = this.#table.remove(name);
    if (change === undefined) throw new LocalIdentityError({ code: "net.unknown-peer", name });
    this.#host!.known.unpin(name);
    this.#peers.disconnect(name, "it was removed");
    const isRouter = this.#own.routers.includes(name);
    await this.#options.commit(
      isRouter
        ? [change, this.#own.setRouters(this.#own.routers.filter((other) => other !== name))]
        : [change],
    );
    if (isRouter) this.#refresh();
  }

  peers(): PeerView[] {
    const infos = new Map(this.#peers.list().map((info) => [info.name, info]));
    return this.#table.list().map((peer) => ({
      peer,
      isConnected: infos.get(peer.name)?.state === "connected",
      isOurRouter: this.#own.routers.includes(peer.name),
      isServed: infos.get(peer.name)?.isServed === true,
    }));
  }

  get routers(): readonly NodeId[] {
    return this.#own.routers;
  }

  /**
   * From now on this node is reached through `name` too. Settles once it is kept.
   * @throws {LocalIdentityError} `net.unknown-peer`, `net.no-router`
   */
  async addRouter(name: NodeId): Promise<void> {
    const peer = this.#table.get(name);
    if (peer === undefined) throw new LocalIdentityError({ code: "net.unknown-peer", name });
    if ((peer.record?.places.length ?? 0) === 0) {
      const why = "it is behind routers itself";
      throw new LocalIdentityError({ code: "net.no-router", name, why });
    }
    if (this.#own.routers.includes(name)) return;
    await this.#options.commit([this.#own.setRouters([...this.#own.routers, name])]);
    this.#refresh();
  }

  /** Settles once it is kept. @throws {LocalIdentityError} `net.no-router` */
  async removeRouter(name: NodeId): Promise<void> {
    if (!this.#own.routers.includes(name)) {
      throw new LocalIdentityError({ code: "net.no-router", name, why: "it is none now" });
    }
    const rest = this.#own.routers.filter((other) => other !== name);
    await this.#options.commit([this.#own.setRouters(rest)]);
    this.#refresh();
  }
}

/** A record of that node, or `undefined`. */
function readNamed(name: NodeId, bytes: Uint8Array): SignedRecord | undefined {
  try {
    const record = readRecord(bytes);
    return record.name === name ? record : undefined;
  } catch {
    // What a peer says about itself may be anything.
    return undefined;
  }
}

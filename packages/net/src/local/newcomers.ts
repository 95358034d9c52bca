/**
 * Strangers that come on an invitation: of this node, or of a node that it serves as router.
 * Source: docs/decisions/0008-local-identity.md.
 * @module
 */
import { createNodeSigner, equalBytes } from "@kinode-ts/crypto";
import type { NodeId } from "@kinode-ts/types";
import type { HandshakeExtension } from "../handshake-extension.ts";
import type { Join } from "../routing/routing-request.ts";
import { LocalIdentityError, type Refusal } from "./errors.ts";
import { formatInvitation } from "./invitation.ts";
import { type LocalContext, readNamed } from "./local-context.ts";
import { type Introduction, isSignedBy, readIntroduction, signVoucher } from "./voucher.ts";

/** A refused node gets so long to read why. */
const FAREWELL_MS = 500;
const DEFAULT_INVITATION_MS = 86_400_000;

export interface InviteOptions {
  /** Default: a day. */
  readonly lifeMs?: number;
  /** How many nodes may come. Default 1. */
  readonly uses?: number;
}

export class Newcomers {
  readonly #context: LocalContext;

  constructor(context: LocalContext) {
    this.#context = context;
  }

  /**
   * The text of a new invitation; settles once it is kept.
   * @throws {LocalIdentityError} `net.nobody-can-come`, `net.too-many`
   */
  async invite(options: InviteOptions = {}): Promise<{ text: string; expiresMs: number }> {
    const { our, signer, random, clock, commit } = this.#context.options;
    const { lifeMs = DEFAULT_INVITATION_MS, uses = 1 } = options;
    if (this.#context.record.places.length === 0 && this.#context.own.routers.length === 0) {
      throw new LocalIdentityError({ code: "net.nobody-can-come" });
    }
    const secret = random.bytes(32);
    const madeMs = clock.nowMs();
    const expiresMs = madeMs + lifeMs;
    const invitation = createNodeSigner(secret).publicKey;
    const voucher = signVoucher({ inviter: our, invitation, expiresMs, uses }, signer);
    const routers = this.#context.own.routers.flatMap(
      (name) => this.#context.table.get(name)?.record ?? [],
    );
    const made = { madeMs, expiresMs, uses, usedBy: [] };
    await commit(this.#context.invitations.add(invitation.toHex(), made));
    const inviter = this.#context.record;
    return {
      text: formatInvitation({ inviter, routers, secret, expiresMs, voucher }),
      expiresMs,
    };
  }

  /** Somebody unknown with an introduction that this node can judge: by an invitation of its own, or of a node it serves. */
  find(name: NodeId, said: HandshakeExtension | undefined): Introduction | undefined {
    const { our } = this.#context.options;
    if (said?.introduction === undefined || name === our) return undefined;
    const introduction = readIntroduction(said.introduction, our);
    if (introduction === undefined || introduction.name !== name) return undefined;
    const { voucher } = introduction;
    if (!this.#keysOf(voucher.inviter).some((key) => isSignedBy(voucher, key))) return undefined;
    return voucher.inviter === our || this.#mayBeGuest(introduction) ? introduction : undefined;
  }

  /** Of ourselves or a pinned node; the earlier ones too, since an invitation may be older than the key. */
  #keysOf(name: NodeId): Uint8Array[] {
    const isOurs = name === this.#context.options.our;
    const peer = this.#context.table.get(name);
    const record = isOurs ? this.#context.record : peer?.record;
    const key = isOurs ? this.#context.options.signer.publicKey : peer?.key;
    return key === undefined ? [] : [key, ...(record?.successions ?? []).map(({ from }) => from)];
  }

  #mayBeGuest({ voucher }: Introduction): boolean {
    const isServed = this.#context.peers
      .list()
      .some(({ name, isServed: served }) => served && name === voucher.inviter);
    return (
      isServed &&
      voucher.expiresMs > this.#context.options.clock.nowMs() &&
      this.#context.table.guestCount(voucher.invitation.toHex()) < voucher.uses &&
      this.#context.table.hasRoomForGuest
    );
  }

  /** A stranger is proven: it comes in, becomes a guest, or hears why not. */
  receive(stranger: Introduction, said: HandshakeExtension | undefined): void {
    if (stranger.voucher.inviter === this.#context.options.our) void this.#settle(stranger, said);
    else this.#admitGuest(stranger, said);
  }

  /** A newcomer on an invitation of ours. */
  async #settle(
    { voucher, name, key }: Introduction,
    said: HandshakeExtension | undefined,
  ): Promise<void> {
    const nowMs = this.#context.options.clock.nowMs();
    const id = voucher.invitation.toHex();
    const record = said?.record === undefined ? undefined : readNamed(name, said.record);
    if (record === undefined || !equalBytes(record.key, key)) {
      this.#refuse(name, "unknown");
      return;
    }
    const use = this.#context.table.hasRoom
      ? this.#context.invitations.use(id, name, nowMs)
      : "full";
    if (typeof use === "string") {
      this.#refuse(name, use);
      return;
    }
    const pinned = this.#context.table.pin({
      name,
      key,
      record,
      origin: "invited",
      addedMs: nowMs,
      lastSeenMs: nowMs,
      told: this.#context.record.sequence,
    });
    try {
      await this.#context.options.commit([use, pinned]);
    } catch (error) {
      this.#context.table.remove(name);
      this.#context.invitations.restore(id, name);
      this.#context.host.say(0, `${name} could not be taken in: ${(error as Error).message}`);
      this.#context.peers.disconnect(name, "it could not be kept");
      return;
    }
    this.#context.show(name);
    this.#context.host.say(0, `${name} has come on an invitation; it is known now`);
    this.#context.note(name, { welcome: true, record: this.#context.record.bytes });
  }

  #refuse(name: NodeId, refused: Refusal): void {
    this.#context.host.say(0, `${name} came on an invitation and was not let in: ${refused}`);
    this.#context.note(name, { refused });
    this.#context.options.clock.after(FAREWELL_MS, () => {
      if (this.#context.table.get(name) === undefined)
        this.#context.peers.disconnect(name, "it is not known");
    });
  }

  #admitGuest({ voucher, name, key }: Introduction, said: HandshakeExtension | undefined): void {
    const nowMs = this.#context.options.clock.nowMs();
    const told = said?.record === undefined ? undefined : readNamed(name, said.record);
    const record = told !== undefined && equalBytes(told.key, key) ? told : undefined;
    const change = this.#context.table.pin({
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
    this.#context.show(name);
    this.#context.keep([change]);
    this.#context.host.say(1, `${name} is served here: ${voucher.inviter} vouches for it`);
  }

  /** As a router: somebody asked to be joined, and is proven. */
  joining({ source, said }: Join): void {
    const stranger = this.#context.isKnown(source) ? undefined : this.find(source, said);
    if (stranger !== undefined) this.#admitGuest(stranger, undefined);
  }
}

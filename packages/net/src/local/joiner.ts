/**
 * Coming on an invitation of another node.
 * Source: docs/decisions/0008-local-identity.md.
 * @module
 */
import { equalBytes } from "@kinode-ts/crypto";
import type { NodeId } from "@kinode-ts/types";
import { LocalIdentityError } from "./errors.ts";
import { leadsTo, type SignedRecord, toKnownNode } from "./identity-record.ts";
import { type Invitation, readInvitation } from "./invitation.ts";
import { type LocalContext, readNamed } from "./local-context.ts";
import type { PeerNote } from "./peer-note.ts";
import type { PinnedPeer } from "./peer-table.ts";
import { introduce } from "./voucher.ts";

/** Time for an answer after the connection is there: as long as a handshake may take. */
const ANSWER_MS = 5_000;

interface PendingJoin {
  readonly invitation: Invitation;
  readonly answer: PromiseWithResolvers<PeerNote>;
}

export class Joiner {
  readonly #context: LocalContext;
  readonly #joins = new Map<NodeId, PendingJoin>();

  constructor(context: LocalContext) {
    this.#context = context;
  }

  stop(): void {
    for (const { answer } of this.#joins.values()) answer.reject(new Error("the node stops"));
  }

  /** Whom this node is coming to now. */
  inviter(name: NodeId): SignedRecord | undefined {
    return this.#joins.get(name)?.invitation.inviter;
  }

  /** The inviter has said something about the invitation. */
  answered(name: NodeId, note: PeerNote): void {
    this.#joins.get(name)?.answer.resolve(note);
  }

  /** What `reader` has to hear of us, as long as it may not know us. */
  introductionFor(reader: NodeId): Uint8Array | undefined {
    const invitation = this.#invitationFor(reader);
    if (invitation === undefined || invitation.expiresMs <= this.#context.options.clock.nowMs()) {
      return undefined;
    }
    const { our, signer } = this.#context.options;
    return introduce(reader, invitation.voucher, invitation.secret, our, signer.publicKey);
  }

  #invitationFor(reader: NodeId): Invitation | undefined {
    const own = this.#joins.get(reader);
    if (own !== undefined) return own.invitation;
    for (const { invitation } of this.#joins.values()) {
      if (invitation.routers.some(({ name }) => name === reader)) return invitation;
    }
    const pass = this.#context.table.get(reader)?.pass;
    return pass === undefined ? undefined : readInvitation(pass);
  }

  /**
   * Comes on an invitation: afterwards both nodes know each other, on disk.
   * @throws {LocalIdentityError} why not
   */
  async join(text: string): Promise<PinnedPeer> {
    const invitation = readInvitation(text);
    const { inviter, expiresMs } = invitation;
    const { name } = inviter;
    if (name === this.#context.options.our) {
      throw new LocalIdentityError({ code: "net.own-invitation", inviter: name });
    }
    if (expiresMs <= this.#context.options.clock.nowMs()) {
      throw new LocalIdentityError({
        code: "net.invitation-expired",
        inviter: name,
        expiredMs: expiresMs,
      });
    }
    if (this.#joins.has(name)) {
      throw new LocalIdentityError({ code: "net.join-under-way", inviter: name });
    }
    const before = this.#context.table.get(name);
    if (before !== undefined && !this.#isSameNode(before, inviter)) {
      throw new LocalIdentityError({ code: "net.other-key", name });
    }
    const { known } = this.#context.host;
    if (before === undefined) known.pin(toKnownNode(inviter));
    try {
      const note = await this.#introduceTo(name, invitation);
      if (note.refused !== undefined) {
        const why = note.refused;
        throw new LocalIdentityError({ code: "net.invitation-refused", inviter: name, why });
      }
      return await this.#pinInviter(invitation, text, note);
    } catch (error) {
      if (this.#context.table.get(name) === undefined) known.unpin(name);
      this.#context.peers.disconnect(name, "the invitation led nowhere");
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
    this.#context.peers.disconnect(name, "an invitation comes");
    if (!(await this.#context.peers.reach(name, { proxyRequest: false }))) {
      throw new LocalIdentityError({ code: "net.inviter-unreachable", inviter: name });
    }
    const timer = this.#context.options.clock.after(ANSWER_MS, () =>
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
    const { our, clock, commit } = this.#context.options;
    const nowMs = clock.nowMs();
    const told = note.record === undefined ? undefined : readNamed(inviter.name, note.record);
    const isNewer = told !== undefined && this.#isNewer(inviter, told);
    const record = isNewer ? told : inviter;
    const { name, key } = record;
    const times = { addedMs: nowMs, lastSeenMs: nowMs, told: this.#context.record.sequence };
    const changes = [this.#context.table.pin({ name, key, record, origin: "joined", ...times })];
    for (const router of routers) {
      const isOther = this.#context.table.get(router.name) !== undefined;
      if (router.name === our || isOther || !this.#context.table.hasRoom) continue;
      const from = { origin: "router", by: name, pass: text } as const;
      const { name: at, key: its } = router;
      changes.push(
        this.#context.table.pin({ name: at, key: its, record: router, ...from, ...times }),
      );
      this.#context.host.known.pin(toKnownNode(router));
    }
    await commit(changes);
    this.#context.host.known.pin(toKnownNode(record));
    return this.#context.table.get(name)!;
  }

  #isNewer(before: SignedRecord, told: SignedRecord): boolean {
    const isTrusted = leadsTo(before.name, before.key, told.key, told.successions);
    return isTrusted && told.sequence > before.sequence;
  }
}

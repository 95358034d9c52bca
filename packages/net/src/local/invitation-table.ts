/**
 * Invitations this node has made: how often each may still be used, and until when. The secret itself is not kept.
 * Rows: space `net.invitations`, key = public key of the invitation in hex, value = JSON of `MadeInvitation`.
 * @module
 */
import type { StoreChange, StoreRow } from "@kinode-ts/types";
import { LocalIdentityError, type Refusal } from "./errors.ts";

export const INVITATIONS_SPACE = "net.invitations";
const MAX_OPEN = 1_000;
/** So long after its end an invitation is remembered, to be able to say what happened to it. */
const REMEMBER_MS = 30 * 86_400_000;

export interface MadeInvitation {
  readonly madeMs: number;
  readonly expiresMs: number;
  readonly uses: number;
  /** Names of the nodes that came. */
  readonly usedBy: readonly string[];
}

export class InvitationTable {
  readonly #made = new Map<string, MadeInvitation>();

  load(rows: readonly StoreRow[]): void {
    for (const { key, value } of rows) this.#made.set(key, JSON.parse(value) as MadeInvitation);
  }

  list(): readonly (readonly [string, MadeInvitation])[] {
    return [...this.#made];
  }

  /** @throws {LocalIdentityError} `net.too-many` */
  add(id: string, made: MadeInvitation): StoreChange[] {
    const gone = this.list().filter(([, { expiresMs }]) => expiresMs + REMEMBER_MS < made.madeMs);
    for (const [old] of gone) this.#made.delete(old);
    if (this.#made.size >= MAX_OPEN) {
      throw new LocalIdentityError({ code: "net.too-many", what: "invitations", max: MAX_OPEN });
    }
    this.#made.set(id, made);
    return [
      ...gone.map(([key]): StoreChange => ({
        kind: "delete-record",
        space: INVITATIONS_SPACE,
        key,
      })),
      this.#row(id, made),
    ];
  }

  /** Takes one use; a node that came before may come again. The reason when it may not. */
  use(id: string, name: string, nowMs: number): StoreChange | Refusal {
    const made = this.#made.get(id);
    if (made === undefined) return "unknown";
    if (made.expiresMs <= nowMs) return "expired";
    if (!made.usedBy.includes(name) && made.usedBy.length >= made.uses) return "used";
    const usedBy = [...new Set([...made.usedBy, name])];
    const used = { ...made, usedBy };
    this.#made.set(id, used);
    return this.#row(id, used);
  }

  /** Gives back a use that came to nothing. */
  restore(id: string, name: string): void {
    const made = this.#made.get(id);
    if (made === undefined) return;
    this.#made.set(id, { ...made, usedBy: made.usedBy.filter((other) => other !== name) });
  }

  #row(key: string, made: MadeInvitation): StoreChange {
    return { kind: "put-record", space: INVITATIONS_SPACE, key, value: JSON.stringify(made) };
  }
}

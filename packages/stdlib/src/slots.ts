/**
 * Outstanding requests. The kernel gives each one's context back with its end, so the context is all that is needed
 * to match: four bytes that number a slot here.
 * @module
 */
import type { SendError } from "./errors.ts";
import type { IncomingRequest, IncomingResponse } from "./message.ts";

export type SlotUse = "promise" | "inbox" | "bookmark";

/** One outstanding request. */
export class Slot {
  readonly index: number;
  /** Sent along; its bytes never change, so it can be sent again when the slot is used again. */
  readonly context: Uint8Array;
  busy = false;
  use: SlotUse = "promise";
  /** The prompting message when it was sent; the kernel restores it with the end. */
  saved: IncomingRequest | undefined = undefined;
  /** The request on whose behalf it was sent. */
  owner: IncomingRequest | undefined = undefined;
  /** Whether it reuses the id of `saved`. */
  inherited = false;
  /** The author's own context. */
  userContext: Uint8Array | undefined = undefined;
  done: ((response: IncomingResponse) => void) | undefined = undefined;
  failed: ((error: SendError) => void) | undefined = undefined;
  /** Delay of a bookmark in milliseconds. */
  delayMs = 0;

  constructor(index: number) {
    this.index = index;
    this.context = Uint8Array.of(index, index >>> 8, index >>> 16, index >>> 24);
  }
}

export class SlotTable {
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];

  take(use: SlotUse): Slot {
    let slot = this.#free.pop();
    if (slot === undefined) {
      slot = new Slot(this.#slots.length);
      this.#slots.push(slot);
    }
    slot.busy = true;
    slot.use = use;
    return slot;
  }

  /** The busy slot a context names, if any. */
  find(context: Uint8Array | undefined): Slot | undefined {
    if (context === undefined || context.length !== 4) return undefined;
    const index =
      (context[0]! | (context[1]! << 8) | (context[2]! << 16) | (context[3]! << 24)) >>> 0;
    const slot = this.#slots[index];
    return slot !== undefined && slot.busy ? slot : undefined;
  }

  release(slot: Slot): void {
    slot.busy = false;
    slot.saved = slot.owner = slot.userContext = slot.done = slot.failed = undefined;
    slot.inherited = false;
    this.#free.push(slot);
  }
}

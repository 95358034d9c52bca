/**
 * Outstanding requests. The kernel gives each one's context back with its end, so the context is all that is needed
 * to match: four bytes that number a slot here.
 * @module
 */
import type { SendError } from "./errors.ts";
import type { IncomingRequest, IncomingResponse } from "./message.ts";

/** `asked`: the host settles its promise itself (`GuestFast.ask`). */
export type SlotUse = "free" | "asked" | "promise" | "inbox" | "bookmark";

/** One outstanding request. */
export class Slot {
  readonly index: number;
  /** Sent along; its bytes never change, so it can be sent again when the slot is used again. */
  readonly context: Uint8Array;
  use: SlotUse = "free";
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
  nextFree: Slot | undefined = undefined;
  /** Delay of a bookmark in milliseconds. */
  delayMs = 0;

  constructor(index: number) {
    this.index = index;
    this.context = Uint8Array.of(index, index >>> 8, index >>> 16, index >>> 24);
  }
}

export class SlotTable {
  /** All slots by number. */
  readonly all: Slot[] = [];
  /** Slots not in use, as a chain. */
  free: Slot | undefined = undefined;

  take(use: SlotUse): Slot {
    let slot = this.free;
    if (slot === undefined) {
      slot = new Slot(this.all.length);
      this.all.push(slot);
    } else {
      this.free = slot.nextFree;
    }
    slot.use = use;
    return slot;
  }

  /** The busy slot of this number, if any. */
  at(index: number): Slot | undefined {
    const slot = this.all[index];
    return slot !== undefined && slot.use !== "free" ? slot : undefined;
  }

  /** The busy slot a context names, if any. */
  find(context: Uint8Array | undefined): Slot | undefined {
    if (context === undefined || context.length !== 4) return undefined;
    return this.at(
      (context[0]! | (context[1]! << 8) | (context[2]! << 16) | (context[3]! << 24)) >>> 0,
    );
  }

  release(slot: Slot): void {
    slot.userContext = slot.done = slot.failed = undefined;
    slot.inherited = false;
    slot.saved = slot.owner = undefined;
    slot.use = "free";
    slot.nextFree = this.free;
    this.free = slot;
  }
}

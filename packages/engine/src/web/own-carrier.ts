/**
 * Requests of timers and `fetch` in a script that receives its messages itself: their ends are taken out before the
 * script sees them. While such a request is under way the process receives even if the script does not; what arrives for
 * the script is kept.
 *
 * `send-response` answers the message the kernel holds for prompting, which the end of a request restores to what it was
 * when that request was sent. So a kept message is handed over only at the end of a bookmark: an empty timer request
 * that was sent while the message was the newest one.
 *
 * A library that follows every message takes all this over with `carryBy`.
 * Source: spec/kernel.md §3.3–3.6.
 * @module
 */
import type {
  GuestBlob,
  GuestCarriedEnd,
  GuestCarriedRequest,
  GuestCarrier,
  GuestDelivery,
  GuestRuntime,
} from "@kinode-ts/types";

/** What the carrier needs from the event loop it is part of. */
export interface CarrierPort {
  readonly host: Pick<GuestRuntime, "sendRequest" | "hasBlob" | "getBlob">;
  /** How many own requests are under way, and how many messages are kept: while there are any, receive. */
  pending(requests: number, kept: number): void;
  /** Settles the oldest waiting `receive` with a message and makes its blob the current one; false: none waits. */
  deliver(delivery: GuestDelivery, blob: GuestBlob | undefined): boolean;
}

type Done = (end: GuestCarriedEnd) => void;

interface Kept {
  readonly delivery: GuestDelivery;
  readonly blob: GuestBlob | undefined;
  delayMs: number;
}

const TIMER = "our@timer:distro:sys";
const BOOKMARK_MAX_MS = 100;
/** "kjs:own:" in front of the four bytes of a number; the engine's C compares the same bytes. */
const MARK: readonly number[] = [0x6b, 0x6a, 0x73, 0x3a, 0x6f, 0x77, 0x6e, 0x3a];
const CONTEXT_BYTES = 12;

/** The number in a context of ours, else `undefined`. */
export function ticketOf(context: Uint8Array | undefined): number | undefined {
  if (context?.length !== CONTEXT_BYTES || !MARK.every((byte, i) => context[i] === byte)) {
    return undefined;
  }
  return new DataView(context.buffer, context.byteOffset).getUint32(MARK.length, true);
}

function contextOf(ticket: number): Uint8Array {
  return Uint8Array.of(...MARK, ticket, ticket >>> 8, ticket >>> 16, ticket >>> 24);
}

export class OwnCarrier {
  readonly #port: CarrierPort;
  readonly #under: Map<number, Done> = new Map();
  readonly #kept: Kept[] = [];
  #held: (() => void)[] | undefined = [];
  #taken: GuestCarrier | undefined;
  #next = 0;

  constructor(port: CarrierPort, carrier?: GuestCarrier) {
    this.#port = port;
    this.#taken = carrier;
  }

  carryBy(carrier: GuestCarrier): void {
    this.#taken = carrier;
  }

  /** Sends; before the entry point has been called, later: a library may still take over. */
  readonly carry = (request: GuestCarriedRequest, done: Done): void => {
    if (this.#held !== undefined) this.#held.push(() => this.#send(request, done));
    else this.#send(request, done);
  };

  /** The entry point has been called. */
  start(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const send of held) send();
  }

  #send(request: GuestCarriedRequest, done: Done): void {
    if (this.#taken !== undefined) {
      this.#taken(request, done);
      return;
    }
    const ticket = this.#next;
    this.#next = (ticket + 1) >>> 0;
    void this.#port.host.sendRequest({ ...request, context: contextOf(ticket) });
    this.#under.set(ticket, done);
    this.#tell();
  }

  /** The end of a request of ours has come. */
  end(delivery: GuestDelivery): void {
    if (delivery.kind === "request") return;
    const ticket = ticketOf(delivery.context) ?? -1;
    const done = this.#under.get(ticket);
    this.#under.delete(ticket);
    this.#tell();
    done?.(this.#endOf(delivery));
  }

  #endOf(delivery: Exclude<GuestDelivery, { kind: "request" }>): GuestCarriedEnd {
    if (delivery.kind === "send-error") return { kind: "send-error", error: delivery.error };
    return { kind: "response", body: delivery.body, blob: this.#currentBlob() };
  }

  #currentBlob(): GuestBlob | undefined {
    return this.#port.host.hasBlob() ? this.#port.host.getBlob() : undefined;
  }

  /** A message for the script has come while nobody receives, or behind one that is kept. */
  keep(delivery: GuestDelivery): void {
    const kept = { delivery, blob: this.#currentBlob(), delayMs: 0 };
    this.#kept.push(kept);
    this.#bookmark(kept);
  }

  #bookmark(kept: Kept): void {
    const body = `{"SetTimer":${kept.delayMs}}`;
    this.#send({ target: TIMER, body, expectsResponse: 1, blob: undefined }, () => {
      if (this.#kept[0] === kept && this.#port.deliver(kept.delivery, kept.blob)) {
        this.#kept.shift();
        this.#tell();
        return;
      }
      kept.delayMs = Math.min(BOOKMARK_MAX_MS, kept.delayMs * 2 + 1);
      this.#bookmark(kept);
    });
  }

  #tell(): void {
    this.#port.pending(this.#under.size, this.#kept.length);
  }
}

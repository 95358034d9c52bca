/**
 * The short way of receiving for a process of a test node: `GuestFast.listen` with the order of events of the sandbox.
 * @module
 */
import type { GuestDelivery, GuestHeardResponse, GuestListener } from "@kinode-ts/types";

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

type Take = (delivery: GuestDelivery, hasBlob: boolean) => void;

/** Microtasks after which a process is taken to have run all its jobs. */
const JOBS = 32;

function ticketOf(context: Uint8Array | undefined): number {
  if (context?.length !== 4) return -1;
  return new DataView(context.buffer, context.byteOffset).getInt32(0, true);
}

export class TestListening {
  readonly #park: (take: Take) => void;
  readonly #asked = new Map<number, Asked>();
  #listener: GuestListener | undefined;
  #maySkipNext = false;
  #askIsEnough = false;

  /** @param park - waits for the next message with its blob and hands it over */
  constructor(park: (take: Take) => void) {
    this.#park = park;
  }

  listen(listener: GuestListener): void {
    const isNew = this.#listener === undefined;
    this.#listener = listener;
    this.#maySkipNext = this.#askIsEnough = false;
    if (isNew) this.#afterJobs(JOBS);
  }

  ask(ticket: number): Promise<unknown> {
    if (this.#asked.has(ticket)) throw new RangeError(`The ticket ${ticket} is in use`);
    this.#maySkipNext = this.#askIsEnough;
    return new Promise((resolve, reject) => this.#asked.set(ticket, { resolve, reject }));
  }

  #afterJobs(turns: number): void {
    queueMicrotask(() => (turns > 0 ? this.#afterJobs(turns - 1) : this.#wait()));
  }

  #wait(): void {
    const listener = this.#listener!;
    if (!this.#maySkipNext && !listener.next()) {
      this.#listener = undefined;
      return;
    }
    this.#park((delivery, hasBlob) => {
      this.#maySkipNext = this.#askIsEnough = false;
      this.#hand(listener, delivery, hasBlob);
      this.#afterJobs(JOBS);
    });
  }

  #hand(listener: GuestListener, delivery: GuestDelivery, hasBlob: boolean): void {
    if (delivery.kind === "request") {
      const { source: sender, capabilities: attached, kind: _kind, ...rest } = delivery;
      const prototype = Object.create(listener.requestPrototype) as object;
      const settled = listener.request(
        Object.assign(prototype, { sender, attached, state: "open", ...rest }),
      );
      this.#maySkipNext = settled === true;
      return;
    }
    const ticket = ticketOf(delivery.context);
    const asked = this.#asked.get(ticket);
    this.#asked.delete(ticket);
    this.#askIsEnough = delivery.kind === "response" && !hasBlob;
    let outcome: unknown;
    try {
      outcome = listener.end(heardEnd(listener, delivery, hasBlob), ticket);
    } catch (thrown) {
      if (asked === undefined) throw thrown;
      asked.reject(thrown);
      return;
    }
    asked?.resolve(outcome);
  }
}

function heardEnd(
  listener: GuestListener,
  delivery: Exclude<GuestDelivery, { kind: "request" }>,
  carriesBlob: boolean,
): Parameters<GuestListener["end"]>[0] {
  if (delivery.kind === "send-error") return delivery;
  const { source: sender, inherit, body, metadata, capabilities: attached } = delivery;
  const heard: GuestHeardResponse = { sender, inherit, body, metadata, attached, carriesBlob };
  return Object.assign(Object.create(listener.responsePrototype) as object, heard);
}

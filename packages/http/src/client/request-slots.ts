/**
 * Requests on their way: how many there may be, who they belong to, and how they are given up.
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";
import { ClientError } from "./actions.ts";
import type { HttpClientLimits } from "./limits.ts";

/** The place of one request. It counts until it is released, which may be long after the answer: with its body. */
export interface RequestSlot {
  readonly signal: AbortSignal;
  /** Ends whatever is under way; the reason is what the process is told. */
  giveUp(reason: string): void;
  /** Does nothing the second time. */
  release(): void;
}

interface Occupied {
  readonly controller: AbortController;
  readonly requestId: number | undefined;
}

type SlotLimits = Pick<
  HttpClientLimits,
  "maxRequestsPerProcess" | "maxRequests" | "scarceFrom" | "maxRequestsWhenScarce"
>;

export class RequestSlots {
  readonly #limits: SlotLimits;
  readonly #byProcess = new Map<ProcessId, Set<Occupied>>();
  #count = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * @param requestId - what the process calls it, to give it up
   * @throws {ClientError} there are too many, or one of that number
   */
  admit(process: ProcessId, requestId: number | undefined): RequestSlot {
    const occupied = this.#byProcess.get(process) ?? new Set<Occupied>();
    this.#assertRoom(process, occupied.size);
    if (requestId !== undefined && this.#find(process, requestId) !== undefined) {
      throw new ClientError({ BuildRequestFailed: `the request_id ${requestId} is in use` });
    }
    const controller = new AbortController();
    const slot: Occupied = { controller, requestId };
    occupied.add(slot);
    this.#byProcess.set(process, occupied);
    this.#count++;
    return {
      signal: controller.signal,
      giveUp: (reason) => controller.abort(new Error(reason)),
      release: () => this.#release(process, occupied, slot),
    };
  }

  /** @returns false when there is none of that number */
  giveUp(process: ProcessId, requestId: number, reason: string): boolean {
    const slot = this.#find(process, requestId);
    slot?.controller.abort(new Error(reason));
    return slot !== undefined;
  }

  dropProcess(process: ProcessId): void {
    for (const { controller } of this.#byProcess.get(process) ?? []) controller.abort();
  }

  dropAll(): void {
    for (const process of this.#byProcess.keys()) this.dropProcess(process);
  }

  // Where places are scarce, those who have few come first: no process, and no few of them, can keep others out.
  #assertRoom(process: ProcessId, own: number): void {
    const { maxRequestsPerProcess, maxRequests, scarceFrom, maxRequestsWhenScarce } = this.#limits;
    const isScarce = this.#count >= scarceFrom;
    const bound = isScarce ? maxRequestsWhenScarce : maxRequestsPerProcess;
    if (own >= bound) {
      throw failure(`${process} has ${own} requests on their way, its limit`);
    }
    if (this.#count >= maxRequests) throw failure("the node has too many requests on their way");
  }

  #find(process: ProcessId, requestId: number): Occupied | undefined {
    for (const slot of this.#byProcess.get(process) ?? []) {
      if (slot.requestId === requestId) return slot;
    }
    return undefined;
  }

  #release(process: ProcessId, occupied: Set<Occupied>, slot: Occupied): void {
    if (!occupied.delete(slot)) return;
    this.#count--;
    if (occupied.size === 0 && this.#byProcess.get(process) === occupied) {
      this.#byProcess.delete(process);
    }
  }
}

const failure = (text: string): ClientError => new ClientError({ ExecuteRequestFailed: text });

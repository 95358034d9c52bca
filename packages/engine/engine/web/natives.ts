/**
 * What the engine's C offers to its own JavaScript (src/globals.h, src/web.h), and to nobody else.
 * @module
 */
import type { GuestBlob, GuestCarrier, GuestDelivery } from "@kinode-ts/types";

/** Called by the event loop; see `OwnCarrier`. */
export interface WebHandler {
  start(): void;
  end(delivery: GuestDelivery): void;
  keep(delivery: GuestDelivery): void;
  carryBy(carrier: GuestCarrier): void;
}

export interface Natives {
  utf8Encode(text: string): Uint8Array<ArrayBuffer>;
  /** `undefined` when fatal and malformed. */
  utf8Decode(bytes: Uint8Array, fatal: boolean): string | undefined;
  randomFill(bytes: Uint8Array): void;
  monotonicMs(): number;
  /** Defines a global that is made by a part when it is first used. */
  defineLazy(part: number, name: string): void;
  /** Makes the loop call the handler; whether the entry point has been called already. */
  attach(handler: WebHandler): boolean;
  /** What `kinode.carryBy` was given. */
  carrier(): GuestCarrier | undefined;
  pending(requests: number, kept: number): void;
  deliver(delivery: GuestDelivery, blob: GuestBlob | undefined): boolean;
  /** What a part exports; loads it the first time. */
  load(part: number): unknown;
}

/**
 * Says on the local network that this node is here, and hears others say so. Opt in; nobody becomes known by it: a person
 * compares keys and accepts. A datagram is a prefix and the signed record; whatever else comes is ignored.
 * Source: docs/decisions/0008-local-identity.md.
 * @module
 */
import { equalBytes } from "@kinode-ts/crypto";
import { readRecord, type SignedRecord } from "@kinode-ts/net";
import { type Clock, errorText, type TimerHandle } from "@kinode-ts/types";
import { joinLanGroup, type LanFamily, type LanGroup } from "./lan-groups.ts";
import type { Nearby } from "./local-network.ts";

export const LAN_PORT = 9_975;
const PREFIX = new TextEncoder().encode("kinode near 1\n");
const ANNOUNCE_MS = 15_000;
/** Newcomers make a node speak up before its time, but not more often than this. */
const PAUSE_MS = 1_000;
/** Somebody who was not heard for so long has gone. */
const FORGET_MS = 60_000;
const MAX_NEARBY = 100;
/** Datagrams that are looked at in a second: each costs a signature check. */
const MAX_PER_SECOND = 50;
/** More does not fit into one piece on every network. */
const MAX_DATAGRAM_BYTES = 1_400;

export interface LanAnnouncerOptions {
  readonly record: () => SignedRecord;
  readonly clock: Clock;
  readonly say: (text: string) => void;
  /** For tests on one machine. */
  readonly port?: number;
  /** Default: both. */
  readonly families?: readonly LanFamily[];
}

const FAMILIES: readonly LanFamily[] = ["ipv4", "ipv6"];

export class LanAnnouncer {
  readonly #options: LanAnnouncerOptions;
  readonly #seen = new Map<string, Nearby & { readonly atMs: number }>();
  readonly #groups = new Map<LanFamily, LanGroup>();
  #timer: TimerHandle | undefined;
  #sentMs = 0;
  #second = 0;
  #countInSecond = 0;

  constructor(options: LanAnnouncerOptions) {
    this.#options = options;
  }

  /** Never throws: without such a network the node goes on, and says so when there is none of either kind. */
  start(): void {
    const { port = LAN_PORT, families = FAMILIES } = this.#options;
    for (const family of families) {
      const group = joinLanGroup(family, port, {
        heard: (bytes, address) => this.#heard(bytes, address),
        ready: () => this.#announce(),
        failed: (error) => this.#failed(family, error),
      });
      this.#groups.set(family, group);
    }
  }

  #failed(family: LanFamily, error: Error): void {
    this.#groups.delete(family);
    if (this.#groups.size > 0) return;
    this.#options.say(`Nodes near this one are not seen: ${errorText(error)}`);
    this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    for (const group of this.#groups.values()) group.stop();
    this.#groups.clear();
  }

  /** Who was heard within the last minute, this node itself left out. */
  nearby(): Nearby[] {
    const sinceMs = this.#options.clock.monotonicMs() - FORGET_MS;
    for (const [id, { atMs }] of this.#seen) if (atMs < sinceMs) this.#seen.delete(id);
    return [...this.#seen.values()];
  }

  #announce(): void {
    if (this.#groups.size === 0) return;
    this.#announceAfter(ANNOUNCE_MS);
    this.#sentMs = this.#options.clock.monotonicMs();
    const { bytes } = this.#options.record();
    const datagram = new Uint8Array(PREFIX.length + bytes.length);
    datagram.set(PREFIX);
    datagram.set(bytes, PREFIX.length);
    if (datagram.length > MAX_DATAGRAM_BYTES) return;
    for (const group of this.#groups.values()) group.send(datagram);
  }

  #announceAfter(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => this.#announce());
  }

  #heard(bytes: Uint8Array, address: string): void {
    if (bytes.length > MAX_DATAGRAM_BYTES || this.#isFlood()) return;
    if (!PREFIX.every((byte, at) => bytes[at] === byte)) return;
    let record: SignedRecord;
    try {
      record = readRecord(new Uint8Array(bytes.subarray(PREFIX.length)));
    } catch {
      // Anybody on the network may send anything.
      return;
    }
    const own = this.#options.record();
    if (equalBytes(record.key, own.key)) return;
    // By key too: one that takes the name of another must not hide it.
    const id = `${record.name} ${record.key.toHex()}`;
    const before = this.#seen.get(id);
    if (before === undefined && this.nearby().length >= MAX_NEARBY) return;
    if (before !== undefined && before.record.sequence > record.sequence) return;
    const atMs = this.#options.clock.monotonicMs();
    this.#seen.set(id, { record, address, atMs });
    // Somebody new has not heard of us.
    if (before === undefined) this.#announceAfter(Math.max(0, this.#sentMs + PAUSE_MS - atMs));
  }

  #isFlood(): boolean {
    const second = Math.floor(this.#options.clock.monotonicMs() / 1_000);
    if (second !== this.#second) this.#countInSecond = 0;
    this.#second = second;
    this.#countInSecond += 1;
    return this.#countInSecond > MAX_PER_SECOND;
  }
}

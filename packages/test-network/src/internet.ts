/**
 * Hosts, the ways between them, and what goes wrong on these. Everything is drawn from one seed and happens on one clock.
 * @module
 */
import type { Listening, Protocol, Socket, Transport } from "@kinode-ts/net";
import type { SeededRandom } from "@kinode-ts/testing";
import type { Clock, TimerHandle } from "@kinode-ts/types";
import { Link, type Weather } from "./link.ts";

export interface InternetOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Each piece takes between these milliseconds. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/** How long a connection outlives an interrupted way. */
export const MAX_SILENCE_MS = 60_000;

export class Internet implements Weather {
  readonly #options: InternetOptions;
  readonly #listeners = new Map<string, (socket: Socket) => void>();
  readonly #links = new Set<Link>();
  #groups: readonly (readonly string[])[] = [];
  readonly #unplugged = new Set<string>();

  constructor(options: InternetOptions) {
    this.#options = options;
  }

  delayMs(from: string, to: string): number | undefined {
    if (!this.reaches(from, to)) return undefined;
    const { random, minDelayMs, maxDelayMs } = this.#options;
    return minDelayMs + random.below(maxDelayMs - minDelayMs + 1);
  }

  reaches(from: string, to: string): boolean {
    if (this.#unplugged.has(from) || this.#unplugged.has(to)) return false;
    const groupOf = (host: string) => this.#groups.find((group) => group.includes(host));
    const [ours, theirs] = [groupOf(from), groupOf(to)];
    return ours === undefined || theirs === undefined || ours === theirs;
  }

  /** Hosts of different groups do not reach each other, those in no group reach all. */
  partition(groups: readonly (readonly string[])[]): void {
    this.#groups = groups;
    this.#breakSilent();
  }

  unplug(host: string): void {
    this.#unplugged.add(host);
    this.#breakSilent();
  }

  plug(host: string): void {
    this.#unplugged.delete(host);
  }

  heal(): void {
    this.#groups = [];
    this.#unplugged.clear();
  }

  /** Breaks connections that `chosen` chooses; what is on its way is lost. @returns how many */
  cut(chosen: (one: string, other: string) => boolean): number {
    const { random } = this.#options;
    const broken = [...this.#links].filter(({ isOpen, ends: [left, right] }) => {
      return isOpen && chosen(left.host, right.host);
    });
    for (const link of broken) link.break(random.chance(0.5) ? 0 : 1, random.below(500));
    return broken.length;
  }

  /** What a host of this program sees; `clock` is its own, which stops with it. */
  transport(host: string, clock: Clock): Transport {
    return {
      dial: (protocol, to, port) => this.#dial(host, protocol, to, port, clock),
      listen: (protocol, port, accept) => this.#listen(host, protocol, port, accept),
    };
  }

  /** Nothing of a host is there any more, from one moment to the next. */
  crash(host: string): void {
    for (const place of this.#listeners.keys()) {
      if (place.includes(` ${host}:`)) this.#listeners.delete(place);
    }
    for (const link of this.#links) {
      const [left, right] = link.ends;
      if (left.host === host) link.break(0, this.#options.random.below(200));
      else if (right.host === host) link.break(1, this.#options.random.below(200));
    }
  }

  #listen(
    host: string,
    protocol: Protocol,
    port: number,
    accept: (socket: Socket) => void,
  ): Promise<Listening> {
    const place = `${protocol} ${host}:${port}`;
    this.#listeners.set(place, accept);
    return Promise.resolve({
      port,
      stop: async () => void this.#listeners.delete(place),
    });
  }

  #dial(from: string, protocol: Protocol, to: string, port: number, clock: Clock): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const ways = [this.delayMs(from, to), this.delayMs(to, from)];
    // Nobody answers from the other side of an interruption: the caller's own deadline ends it.
    if (ways.includes(undefined)) return promise;
    clock.after(ways[0]!, () => {
      const accept = this.#listeners.get(`${protocol} ${to}:${port}`);
      if (accept === undefined) {
        clock.after(ways[1]!, () => reject(new Error(`${to}:${port} refuses`)));
        return;
      }
      const { random } = this.#options;
      const link = new Link(protocol, [from, to], {
        clock: this.#options.clock,
        random,
        weather: this,
      });
      this.#links.add(link);
      accept(link.ends[1]);
      clock.after(ways[1]!, () => resolve(link.ends[0]));
    });
    return promise;
  }

  /** A connection over an interrupted way ends in the end. */
  #breakSilent(): void {
    const { clock } = this.#options;
    for (const link of this.#links) {
      if (!link.isOpen) {
        this.#links.delete(link);
        continue;
      }
      const [left, right] = link.ends;
      if (this.reaches(left.host, right.host)) continue;
      clock.after(MAX_SILENCE_MS, () => {
        if (!this.reaches(left.host, right.host)) link.break(0, 0);
      });
    }
  }
}

/** A clock that stops when its owner does: none of its timers fires any more. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  die(): void {
    this.#isDead = true;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, fire: () => void): TimerHandle {
    return this.#clock.after(delayMs, () => {
      if (!this.#isDead) fire();
    });
  }

  afterTurn(turn: () => void): void {
    this.#clock.afterTurn(() => {
      if (!this.#isDead) turn();
    });
  }
}

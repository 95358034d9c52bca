/**
 * Who dials us costs something before it has proven anything: two X25519 operations, a signature, memory. The gate bounds how many
 * visitors are in their handshake, in all and from one place, and lets their work be done one step at a time between everything
 * else, for half of the time at most while more wait.
 * Source: spec/network-identity.md W13, §0 (5 s).
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import type { Socket } from "../transport.ts";

export interface VisitorLimits {
  /** Visitors in their handshake. */
  readonly maxVisitors: number;
  /** Of these, from one address (IPv6: from one /64). */
  readonly maxVisitorsPerHost: number;
}

export const DEFAULT_VISITOR_LIMITS: VisitorLimits = {
  maxVisitors: 512,
  maxVisitorsPerHost: 128,
};

/** A turn may have taken long for other reasons: visitors have five seconds in all. */
const MAX_REST_MS = 2;

/** The part of an address that one person has to themselves. */
export function hostOf({ protocol, remote }: Pick<Socket, "protocol" | "remote">): string {
  const address = protocol === "tcp" ? remote.slice(0, remote.lastIndexOf(":")) : remote;
  const groups = address.split(":");
  return groups.length > 2 ? groups.slice(0, 4).join(":") : address;
}

export class VisitorGate {
  readonly #limits: VisitorLimits;
  readonly #clock: Clock;
  readonly #perHost = new Map<string, number>();
  #count = 0;
  readonly #waiting: (() => void)[] = [];
  #isWorking = false;

  constructor(clock: Clock, limits: Partial<VisitorLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...DEFAULT_VISITOR_LIMITS, ...limits };
  }

  /** Visitors in their handshake. */
  get count(): number {
    return this.#count;
  }

  /** Lets a visitor in; call what it returns, once, when the handshake is over. `undefined`: there are too many. */
  enter(socket: Pick<Socket, "protocol" | "remote">): (() => void) | undefined {
    const host = hostOf(socket);
    const ofHost = this.#perHost.get(host) ?? 0;
    if (this.#count >= this.#limits.maxVisitors || ofHost >= this.#limits.maxVisitorsPerHost) {
      return undefined;
    }
    this.#count += 1;
    this.#perHost.set(host, ofHost + 1);
    return () => {
      this.#count -= 1;
      const left = this.#perHost.get(host)! - 1;
      if (left === 0) this.#perHost.delete(host);
      else this.#perHost.set(host, left);
    };
  }

  /** Settles when it is the turn of one step of a handshake. */
  async turn(): Promise<void> {
    if (this.#isWorking) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#isWorking = true;
    const startedMs = this.#clock.monotonicMs();
    // The step is done in the microtasks that follow; then everything else has as long as it took.
    this.#clock.afterTurn(() => {
      const tookMs = this.#clock.monotonicMs() - startedMs;
      if (this.#waiting.length === 0) this.#isWorking = false;
      else this.#clock.after(Math.min(tookMs, MAX_REST_MS), () => this.#next());
    });
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isWorking = false;
    else next();
  }
}

/**
 * Hellos of other nodes, as the person sees them: one row each, and not too many of one node.
 * Source: spec/network-identity.md §2.7, W12.
 * @module
 */
import type { Clock, NodeId } from "@kinode-ts/types";

/** Characters of a hello that are shown. */
const MAX_LENGTH = 500;
/** Hellos of one node that are shown in a minute. */
const MAX_SHOWN = 30;
const PERIOD_MS = 60_000;

export class Hellos {
  readonly #clock: Clock;
  readonly #say: (verbosity: number, text: string) => void;
  /** By node, in this period. */
  readonly #counts = new Map<NodeId, number>();
  #periodEndMs = 0;

  constructor(clock: Clock, say: (verbosity: number, text: string) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** Shows what a node says, unless it says too much. */
  show(node: NodeId, said: Uint8Array): void {
    if (!this.#mayShow(node)) return;
    const text = new TextDecoder().decode(said.subarray(0, 4 * MAX_LENGTH));
    const shown = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ").slice(0, MAX_LENGTH);
    this.#say(0, `${node}: ${shown}`);
  }

  #mayShow(node: NodeId): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#periodEndMs) {
      this.#counts.clear();
      this.#periodEndMs = nowMs + PERIOD_MS;
    }
    const count = (this.#counts.get(node) ?? 0) + 1;
    this.#counts.set(node, count);
    if (count === MAX_SHOWN + 1) {
      this.#say(0, `${node} says hello too often; for a minute no more of it is shown`);
    }
    return count <= MAX_SHOWN;
  }
}

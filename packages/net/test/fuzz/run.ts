/**
 * Runs cases; each depends on the seed and its number alone.
 * @module
 */
import { createSeededRandom, type SeededRandom } from "@kinode-ts/testing";
import { type Target, TARGETS } from "./targets.ts";

export interface FuzzOptions {
  readonly cases: number;
  readonly seed: number;
  /** First case. */
  readonly from?: number;
  /** Only targets whose name has this text. */
  readonly only?: string;
  readonly onProgress?: (done: number) => void;
}

export interface FuzzReport {
  /** Cases by target. */
  readonly cases: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
  readonly slowestMs: number;
  readonly slowest: string;
}

const MAX_FAULTS = 20;

function choose(random: SeededRandom): Target {
  let left = random.below(TARGETS.reduce((sum, { share }) => sum + share, 0));
  return TARGETS.find(({ share }) => (left -= share) < 0)!;
}

export function fuzzNet({ cases, seed, from = 0, only, onProgress }: FuzzOptions): FuzzReport {
  const counts = new Map<string, number>();
  const faults: string[] = [];
  let [slowestMs, slowest] = [0, ""];
  for (let index = from; index < from + cases && faults.length < MAX_FAULTS; index += 1) {
    const random = createSeededRandom(seed * 2_147_483 + index);
    const target = choose(random);
    if (only !== undefined && !target.name.includes(only)) continue;
    const label = `${target.name}, case ${index}`;
    const startedMs = performance.now();
    try {
      target.run(random);
    } catch (error) {
      faults.push(`${label}: ${(error as Error).stack ?? String(error)}`);
    }
    const tookMs = performance.now() - startedMs;
    if (tookMs > slowestMs) [slowestMs, slowest] = [tookMs, label];
    counts.set(target.name, (counts.get(target.name) ?? 0) + 1);
    if (index % 10_000 === 0) onProgress?.(index - from);
  }
  return { cases: counts, faults, slowestMs, slowest };
}

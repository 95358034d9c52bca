/**
 * The components that are damaged: every committed guest, small ones often, large ones seldom.
 * @module
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createSeededRandom } from "@kinode-ts/testing";
import { fuzzSource, mutate } from "./mutate.ts";
import type { FuzzSource } from "./mutate.ts";

const GUESTS = join(import.meta.dir, "../../../testing/guests/built");
const ENGINE = join(import.meta.dir, "../../../engine/engine/kinode-engine.wasm");
/** Share of cases with a file above each size: they take a hundred times as long. */
const LARGE_BYTES = 16_384;
const LARGE_SHARE = 0.03;
const HUGE_BYTES = 400_000;
const HUGE_SHARE = 0.002;
const GENERAL_SHARE = 0.4;
/** Cases of one seed, so that those of different seeds are different. */
const CASES_PER_SEED = 2 ** 32;

export interface FuzzCase {
  readonly index: number;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether it is run the general way even if its main module would do. */
  readonly general: boolean;
}

function readSources(): readonly FuzzSource[] {
  const files = readdirSync(GUESTS)
    .filter((name) => name.endsWith(".wasm"))
    .sort()
    .map((name) => join(GUESTS, name));
  if (existsSync(ENGINE)) files.push(ENGINE);
  return files.map((file) =>
    // a copy: slices of what `readFileSync` returns share its bytes
    fuzzSource(file.slice(file.lastIndexOf("/") + 1), new Uint8Array(readFileSync(file))),
  );
}

/** Makes case after case; the same seed and index give the same bytes while the guests are the same. */
export function createCorpus(seed: number): { case(index: number): FuzzCase } {
  const sources = readSources();
  const ofSize = (from: number, to: number): readonly FuzzSource[] =>
    sources.filter(({ bytes }) => bytes.length >= from && bytes.length < to);
  const small = ofSize(0, LARGE_BYTES);
  const large = ofSize(LARGE_BYTES, HUGE_BYTES);
  const huge = ofSize(HUGE_BYTES, Infinity);
  return {
    case(index) {
      const random = createSeededRandom(seed * CASES_PER_SEED + index);
      const source = random.chance(HUGE_SHARE)
        ? random.pick(huge.length > 0 ? huge : large)
        : random.pick(random.chance(LARGE_SHARE) ? large : small);
      const general = random.chance(GENERAL_SHARE);
      const bytes = mutate(source, random.pick(small), random);
      return { index, name: source.name, bytes, general };
    },
  };
}

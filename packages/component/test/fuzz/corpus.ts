/**
 * The components that are damaged: every committed guest, small ones often, large ones seldom; and nested ones with calls
 * and resources from one to the other.
 * @module
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createSeededRandom } from "@kinode-ts/testing";
import type { SeededRandom } from "@kinode-ts/testing";
import { parseText } from "../build-component.ts";
import { composedProcess, thingUser, ticketUser } from "../composed-text.ts";
import { fuzzSource, mutate } from "./mutate.ts";
import type { FuzzSource } from "./mutate.ts";

const GUESTS = join(import.meta.dir, "../../../testing/guests/built");
const ENGINE = join(import.meta.dir, "../../../engine/engine/kinode-engine.wasm");
/** Share of cases with a file above each size: they take a hundred times as long. */
const LARGE_BYTES = 16_384;
const LARGE_SHARE = 0.03;
const HUGE_BYTES = 400_000;
const HUGE_SHARE = 0.002;
/** Share of cases made of nested components, and of those that are not run as their main module alone. */
const NESTED_SHARE = 0.2;
const GENERAL_SHARE = 0.35;
const LIBRARY_SHARE = 0.15;
/** Cases of one seed, so that those of different seeds are different. */
const CASES_PER_SEED = 2 ** 32;

export interface FuzzCase {
  readonly index: number;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly way: Way;
}

/** As a process of its main module if that will do, of all its modules, or as a library without a node. */
export type Way = "main" | "general" | "library";

const USE_TICKETS = `
  (local.set $a (call $make (local.get 0)))
  (local.set $b (call $swap (call $make (i32.const 7))))
  (drop (call $both (local.get $a) (local.get $b)))
  (call $keep (call $make (i32.const 8)))
  (call $number (local.get $a)) (call $drop (local.get $a))`;
const USE_THINGS = `
  (local.set $a (call $merge (call $make (local.get 0)) (call $make (i32.const 7))))
  (call $name (local.get $a)) (call $drop (local.get $a))`;
const CALL_GREETER = `
  (call $hello (local.get 0) (local.get 1) (i32.const 1024))
  (call $print (i32.const 0) (i32.load (i32.const 1024)) (i32.load (i32.const 1028)))
  (drop (call $count))`;

/** Components that no toolchain among the guests makes. */
const TEXTS: Readonly<Record<string, string>> = {
  "composed process": composedProcess(CALL_GREETER),
  "user of tickets": ticketUser(USE_TICKETS),
  "user of things": thingUser(USE_THINGS),
};

async function readSources(): Promise<readonly FuzzSource[]> {
  const files = readdirSync(GUESTS)
    .filter((name) => name.endsWith(".wasm"))
    .sort()
    .map((name) => join(GUESTS, name));
  if (existsSync(ENGINE)) files.push(ENGINE);
  const guests = files.map((file) =>
    // a copy: slices of what `readFileSync` returns share its bytes
    fuzzSource(file.slice(file.lastIndexOf("/") + 1), new Uint8Array(readFileSync(file))),
  );
  const texts = Object.entries(TEXTS).map(async ([name, text]) =>
    fuzzSource(name, await parseText(text)),
  );
  return [...guests, ...(await Promise.all(texts))];
}

function pickWay(random: SeededRandom): Way {
  if (random.chance(LIBRARY_SHARE)) return "library";
  return random.chance(GENERAL_SHARE) ? "general" : "main";
}

/** Makes case after case; the same seed and index give the same bytes while the guests are the same. */
export async function createCorpus(seed: number): Promise<{ case(index: number): FuzzCase }> {
  const sources = await readSources();
  const nested = sources.filter(({ name }) => name in TEXTS);
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
        : random.chance(NESTED_SHARE)
          ? random.pick(nested)
          : random.pick(random.chance(LARGE_SHARE) ? large : small);
      const way = source.name.startsWith("user of") ? "library" : pickWay(random);
      return { index, name: source.name, bytes: mutate(source, random.pick(small), random), way };
    },
  };
}

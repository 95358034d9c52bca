/** The short form of `bun run fuzz:net`. */
import { expect, test } from "bun:test";
import { fuzzNet } from "./fuzz/run.ts";
import { TARGETS } from "./fuzz/targets.ts";

test("damaged frames, handshakes, routing requests and messages end at worst in an error of ours", () => {
  const report = fuzzNet({ cases: 30_000, seed: 7 });
  expect(report.faults).toEqual([]);
  expect(report.cases.size).toBe(TARGETS.length);
}, 120_000);

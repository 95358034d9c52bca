/**
 * Damaged components never crash or hold the node: the quick share of `bun run fuzz`.
 * @module
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { createCorpus } from "./fuzz/corpus.ts";
import { MAX_CASE_CPU_MS, cpuMs } from "./fuzz/limits.ts";
import { runCase } from "./fuzz/run-case.ts";
import type { Outcome } from "./fuzz/run-case.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const SEED = Number(process.env["KINODE_SEED"] ?? 1);
const CASES = 5_000;

test(`${CASES} damaged components are refused with a ComponentError or run to an end, none slowly (seed ${SEED})`, async () => {
  const corpus = await createCorpus(SEED);
  const counts: Record<Outcome, number> = { refused: 0, returned: 0, trapped: 0, killed: 0 };
  for (let index = 0; index < CASES; index++) {
    const { name, bytes, way } = corpus.case(index);
    const what = `Case ${index} of seed ${SEED}, made of ${name},`;
    const startedMs = cpuMs();
    try {
      counts[await runCase(bytes, way)]++;
    } catch (cause) {
      throw new Error(`${what} failed: ${String(cause)}`, { cause });
    }
    const tookMs = cpuMs() - startedMs;
    if (tookMs > MAX_CASE_CPU_MS) throw new Error(`${what} took ${tookMs} ms`);
  }
  // all kinds must occur, else the damage tests nothing
  expect(counts.refused).toBeGreaterThan(CASES / 10);
  expect(counts.trapped).toBeGreaterThan(CASES / 50);
  expect(counts.killed).toBeGreaterThan(CASES / 50);
});

/**
 * Runs cases one after the other in a program of its own, so that even a crash of the engine leaves someone to tell of it.
 * It writes one line before each case and one at the end; the parent is `main.ts`.
 * @module
 */
import { writeSync } from "node:fs";
import { createCorpus } from "./corpus.ts";
import { cpuMs } from "./limits.ts";
import { runCase } from "./run-case.ts";
import type { Outcome } from "./run-case.ts";

const STDOUT = 1;
/** Cases between two looks at the memory. */
const CASES_PER_LOOK = 5_000;

/** One line to the parent. */
export type FuzzReport =
  | { readonly kind: "case"; readonly index: number }
  | { readonly kind: "memory"; readonly index: number; readonly rssBytes: number }
  | { readonly kind: "failed"; readonly index: number; readonly reason: string }
  | {
      readonly kind: "done";
      readonly counts: Readonly<Record<Outcome, number>>;
      readonly slowest: { readonly index: number; readonly cpuMs: number };
    };

/** At once and whole: what is only buffered is lost in a crash. The parent may be slow to read. */
function tell(report: FuzzReport): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(report)}\n`);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(STDOUT, bytes, at);
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
}

const [seed, from, count] = process.argv.slice(2).map(Number);
const corpus = await createCorpus(seed!);
const counts: Record<Outcome, number> = { refused: 0, returned: 0, trapped: 0, killed: 0 };
let slowest = { index: -1, cpuMs: 0 };

for (let index = from!; index < from! + count!; index++) {
  tell({ kind: "case", index });
  const { bytes, way } = corpus.case(index);
  const startedMs = cpuMs();
  try {
    counts[await runCase(bytes, way)]++;
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tell({ kind: "failed", index, reason });
  }
  const tookMs = cpuMs() - startedMs;
  if (tookMs > slowest.cpuMs) slowest = { index, cpuMs: Math.round(tookMs) };
  if (index % CASES_PER_LOOK === 0) {
    Bun.gc(true);
    tell({ kind: "memory", index, rssBytes: process.memoryUsage().rss });
  }
}
tell({ kind: "done", counts, slowest });

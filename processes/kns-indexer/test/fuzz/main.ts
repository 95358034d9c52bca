/**
 * `bun run fuzz:chain [--cases 1000000] [--seed 1]`: logs, damaged and right, through the decoder and the index.
 * Fails when anything throws, a name is none or has another hash than its own, or memory grows.
 * @module
 */
import { parseArgs } from "node:util";
import { fuzzLogs } from "./run.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
  },
});
const cases = Number(values.cases);
const seed = Number(values.seed);
const STEP = 100_000;
const MAX_GROWTH_BYTES = 200_000_000;

let believed = 0;
let slowestMs = 0;
const startedMs = performance.now();
fuzzLogs(1_000, seed);
Bun.gc(true);
const before = process.memoryUsage().rss;
for (let done = 0; done < cases; done += STEP) {
  const report = fuzzLogs(Math.min(STEP, cases - done), seed + done);
  believed += report.believed;
  slowestMs = Math.max(slowestMs, report.slowestMs);
}
Bun.gc(true);
const grownBytes = process.memoryUsage().rss - before;
const seconds = (performance.now() - startedMs) / 1_000;
console.log(
  `${cases} logs in ${seconds.toFixed(1)} s (${Math.round(cases / seconds)}/s): ${believed} believed, slowest ${slowestMs.toFixed(1)} ms, memory ${(grownBytes / 1e6).toFixed(0)} MB`,
);
if (grownBytes > MAX_GROWTH_BYTES) {
  console.error(`memory grew by ${grownBytes} bytes, more than ${MAX_GROWTH_BYTES}`);
  process.exit(1);
}

/**
 * `bun run fuzz:net [--cases 1000000] [--seed 1] [--from 0] [--only <text>]`: damaged frames, handshakes, routing requests and
 * messages. Fails when anything is thrown that is no error of ours, when something damaged is believed, or when memory grows.
 * @module
 */
import { parseArgs } from "node:util";
import { fuzzNet } from "./run.ts";

/** Memory that a million cases may leave behind, after the first ones have warmed the program up. */
const MAX_GROWTH_BYTES = 128 << 20;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    only: { type: "string" },
  },
});
const [cases, seed, from] = [values.cases, values.seed, values.from].map(Number) as [
  number,
  number,
  number,
];
const only = values.only === undefined ? {} : { only: values.only };
fuzzNet({ cases: Math.min(cases, 20_000), seed, from, ...only });
Bun.gc(true);
const before = process.memoryUsage.rss();
const startedMs = performance.now();
const report = fuzzNet({
  cases,
  seed,
  from,
  ...only,
  onProgress: (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${cases}\u001b[K\r`);
  },
});
Bun.gc(true);
const grown = process.memoryUsage.rss() - before;
const seconds = (performance.now() - startedMs) / 1_000;
for (const [name, count] of report.cases) console.log(`${name.padEnd(20)} ${count}`);
console.log(
  `${cases} cases in ${seconds.toFixed(1)} s, slowest ${report.slowestMs.toFixed(1)} ms (${report.slowest}), ` +
    `${(grown / 1_048_576).toFixed(0)} MiB more`,
);
for (const fault of report.faults) {
  console.error(`FAULT (seed ${seed}) ${fault}`);
  const index = /case (\d+)/.exec(fault)?.[1];
  console.error(`  again: bun run fuzz:net --seed ${seed} --from ${index} --cases 1`);
}
if (grown > MAX_GROWTH_BYTES) console.error("Memory has grown too much");
process.exit(report.faults.length > 0 || grown > MAX_GROWTH_BYTES ? 1 : 0);

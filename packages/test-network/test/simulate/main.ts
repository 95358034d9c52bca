/**
 * `bun run simulate [--seeds 2000] [--seed 1] [--steps 60]`: runs of the simulation, seed after seed. A seed that fails is
 * printed with what was wrong and how to run it again, and the command fails.
 * @module
 */
import { parseArgs } from "node:util";
import { simulate } from "../../src/simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "60" },
  },
});
const numbers = [values.seeds, values.seed, values.steps].map(Number);
if (numbers.some((number) => !Number.isInteger(number) || number < 0)) {
  console.error("--seeds, --seed and --steps take whole numbers");
  process.exit(2);
}
const [seeds, first, steps] = numbers as [number, number, number];
const total = { sent: 0, arrived: 0, answered: 0, failed: 0, troubles: 0 };
const startedMs = performance.now();
let bad = 0;
for (let seed = first; seed < first + seeds; seed += 1) {
  const report = await simulate({ seed, steps });
  for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += report[key];
  if (report.faults.length > 0) {
    bad += 1;
    console.error(`seed ${seed}: bun run simulate --seed ${seed} --seeds 1 --steps ${steps}`);
    for (const fault of report.faults.slice(0, 10)) console.error(`  ${fault}`);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${seed - first + 1} of ${seeds}\u001b[K\r`);
}
const seconds = (performance.now() - startedMs) / 1_000;
const counts = Object.entries(total).map(([name, count]) => `${count} ${name}`);
console.log(`${seeds} seeds in ${seconds.toFixed(1)} s: ${counts.join(", ")}; ${bad} failed`);
process.exit(bad > 0 ? 1 : 0);

/**
 * `bun run bench [group] [--json] [--only <text>]`: every figure beside its baseline of the same run.
 * Each scenario runs in a process of its own, so that one does not warm or burden the next.
 * @module
 */
import { busyShare } from "./busy-share.ts";
import type { Figure } from "./figure.ts";
import { formatJson, formatTable } from "./report.ts";
import { GROUPS, SCENARIOS } from "./scenarios.ts";

/** Share of the processors that others may use; beyond, figures say little. */
const BUSY = 0.2;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(
    `Usage: bun run bench [${Object.keys(GROUPS).join("|")}] [--json] [--only <text in the name of a scenario or figure>]`,
  );
  for (const { name, figures } of SCENARIOS) console.log(`  ${name}: ${figures.join(", ")}`);
  process.exit(0);
}
const asJson = args.includes("--json");
const onlyAt = args.indexOf("--only");
const only = onlyAt < 0 ? undefined : args[onlyAt + 1];
const childAt = args.indexOf("--scenario");

if (childAt >= 0) {
  const scenario = SCENARIOS.find(({ name }) => name === args[childAt + 1]);
  if (scenario === undefined) throw new RangeError(`There is no scenario "${args[childAt + 1]}"`);
  const figures = await scenario.run();
  await Bun.write(Bun.stdout, JSON.stringify(figures));
  process.exit(0);
}

const group = args[0] === undefined || args[0].startsWith("-") ? undefined : args[0];
if (group !== undefined && GROUPS[group] === undefined) {
  console.error(
    `There is no group "${group}" of benchmarks; there is: ${Object.keys(GROUPS).join(", ")}`,
  );
  process.exit(2);
}
const busy = await busyShare();
if (busy > BUSY) {
  process.stderr.write(
    `Other programs keep ${Math.round(busy * 100)} % of this machine busy: waits, p99 above all, are theirs as well\n`,
  );
}
const figures: Figure[] = [];
let failed = false;
for (const scenario of group === undefined ? SCENARIOS : GROUPS[group]!) {
  const wanted =
    only === undefined ||
    scenario.name.includes(only) ||
    scenario.figures.some((name) => name.includes(only));
  if (!wanted) continue;
  if (!asJson) process.stderr.write(`${scenario.name} …\n`);
  const child = Bun.spawn([process.execPath, import.meta.path, "--scenario", scenario.name], {
    // As the node's own program sets it: docs/decisions/0002-bounds-checked-memories.md.
    env: { ...process.env, BUN_JSC_useWasmFastMemory: "0" },
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) === 0) figures.push(...(JSON.parse(output) as Figure[]));
  else {
    failed = true;
    process.stderr.write(`${scenario.name} failed\n`);
  }
}
console.log(asJson ? formatJson(figures) : formatTable(figures));
process.exit(failed ? 1 : 0);

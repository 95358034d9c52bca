/**
 * `bun run soak [--minutes 30] [--processes 200] [--rate 100] [--seed n]`: a line per minute, and a verdict. Exit code 1 when
 * something was lost, doubled or wrong, or memory or files grew.
 * @module
 */
import { soak } from "./soak.ts";

const args = process.argv.slice(2);
const DEFAULTS: Readonly<Record<string, number>> = {
  "--minutes": 30,
  "--processes": 200,
  "--rate": 100,
  "--seed": Date.now() % 1_000_000,
};
for (let at = 0; at < args.length; at += 2) {
  if (DEFAULTS[args[at]!] !== undefined && Number(args[at + 1]) > 0) continue;
  console.error(
    `Usage: bun run soak [--minutes 30] [--processes 200] [--rate <steps per second>] [--seed <number>]`,
  );
  process.exit(args[at] === "--help" ? 0 : 2);
}
const option = (name: string): number => {
  const at = args.indexOf(name);
  return at < 0 ? DEFAULTS[name]! : Number(args[at + 1]);
};

const { passed } = await soak({
  durationMs: option("--minutes") * 60_000,
  processes: option("--processes"),
  seed: option("--seed"),
  stepsPerSecond: option("--rate"),
  lineMs: 60_000,
  print: (line) => console.log(line),
});
console.log(passed ? "PASSED" : "FAILED");
process.exit(passed ? 0 : 1);

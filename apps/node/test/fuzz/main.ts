/**
 * `bun run fuzz:modules [--cases 100000] [--seed 1] [--module vfs] [--from 0]`: damaged messages from all kinds of senders to
 * every runtime module, through a real kernel on a real folder. Fails when a module throws, does not answer, answers twice, does
 * not refuse what is not as specified, shows a path of the host, touches what is not a package's, holds the thread too long, or keeps memory or files.
 * A fault names its case; the same seed with `--from <case> --cases 1` makes it again, unless it depends on what came before.
 * @module
 */
import { parseArgs } from "node:util";
import { type Report, fuzzModule } from "./run.ts";
import { createTargets } from "./seeds.ts";
import { fuzzTerminal } from "./terminal-run.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    module: { type: "string" },
  },
});

function line(report: Report, cases: number): string {
  const {
    module,
    seconds,
    answered,
    succeeded,
    silent,
    ignored,
    slowestMs,
    stoodStillMs,
    grownBytes,
    mostFiles,
  } = report;
  const parts = [
    `${seconds.toFixed(1)} s`,
    `${Math.round(cases / seconds)}/s`,
    `${answered} answered (${succeeded} without error)`,
    `${silent} timed out`,
    ...(ignored === undefined ? [] : [`${ignored} of strangers ignored`]),
    `slowest ${slowestMs.toFixed(1)} ms`,
    `loop stood still ${stoodStillMs.toFixed(0)} ms`,
    `${(grownBytes / 1_048_576).toFixed(0)} MiB more`,
    `${mostFiles} files`,
  ];
  return `${module.padEnd(12)} ${parts.join(", ")}`;
}

const cases = Number(values.cases);
const all = [...createTargets(1).keys(), "terminal"];
let failed = false;
for (const module of values.module === undefined ? all : [values.module]) {
  const fuzz = module === "terminal" ? fuzzTerminal : fuzzModule;
  const report = await fuzz({
    module,
    cases,
    seed: Number(values.seed),
    from: Number(values.from),
    onProgress: (done) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${module} ${done}\u001b[K\r`);
    },
  });
  console.log(line(report, cases));
  console.log(`             slowest: ${JSON.stringify(report.slowestCase)}`);
  for (const fault of report.faults) console.log(`  FAULT (seed ${values.seed}) ${fault}`);
  failed ||= report.faults.length > 0;
}
process.exit(failed ? 1 : 0);

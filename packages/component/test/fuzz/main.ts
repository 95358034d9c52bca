/**
 * `bun run fuzz [--cases 200000] [--seed 1] [--from 0] [--out <folder>]`: damaged components against parser, linker,
 * metering, compiler and fiber. A case that crashes, hangs, costs too much or throws what it should not is written to
 * a file, and the command fails. `--one <index>` runs a single case of the seed again; `--file` one from a file.
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createCorpus } from "./corpus.ts";
import { MAX_CASE_CPU_MS, cpuMs } from "./limits.ts";
import { runCase } from "./run-case.ts";
import type { FuzzReport } from "./worker.ts";

/** A case that tells nothing for so long hangs, however busy the machine is. */
const MAX_SILENCE_MS = 120_000;
/** Memory that 200,000 cases may leave behind in the program, after the first ones have warmed it up. */
const MAX_GROWTH_BYTES = 256 << 20;
const CASES_PER_LINE = 10_000;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "200000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    out: { type: "string", default: ".reports/fuzz" },
    one: { type: "string" },
    file: { type: "string" },
  },
});
const seed = Number(values.seed);
const corpus = await createCorpus(seed);
let failures = 0;

function fail(index: number, reason: string): void {
  failures++;
  const { name, bytes } = corpus.case(index);
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `seed-${seed}-case-${index}.wasm`);
  writeFileSync(file, bytes);
  console.error(`\ncase ${index} of seed ${seed}, made of ${name}: ${reason}`);
  console.error(`its ${bytes.length} bytes are in ${file}; try bun run fuzz --file ${file}`);
}

/** Text by lines. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Runs cases until they are done or one ends the program. @returns the case to go on with, if any are left */
async function runWorker(from: number, to: number): Promise<number | undefined> {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "worker.ts"), `${seed}`, `${from}`, `${to - from}`],
    {
      stdout: "pipe",
      stderr: "inherit",
      env: { ...process.env, BUN_JSC_useWasmFastMemory: "0" },
    },
  );
  let index = from;
  let firstRss = 0;
  let isDone = false;
  let hangs = false;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  const watch = (): void => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      hangs = true;
      child.kill("SIGKILL");
    }, MAX_SILENCE_MS);
  };
  watch();
  for await (const line of linesOf(child.stdout)) {
    watch();
    const report = JSON.parse(line) as FuzzReport;
    if (report.kind === "case") {
      index = report.index;
      if (index > from && index % CASES_PER_LINE === 0) console.log(`${index} of ${to} cases`);
    } else if (report.kind === "failed") fail(report.index, report.reason);
    else if (report.kind === "memory") {
      if (firstRss === 0 && report.index > from) firstRss = report.rssBytes;
      const grown = firstRss === 0 ? 0 : report.rssBytes - firstRss;
      if (grown > MAX_GROWTH_BYTES) {
        fail(report.index, `memory has grown by ${grown} bytes since the first cases`);
        child.kill("SIGKILL");
        isDone = true;
      } else if (report.index % CASES_PER_LINE === 0) {
        console.log(`  memory ${(report.rssBytes / 1e6).toFixed(0)} MB`);
      }
    } else {
      isDone = true;
      console.log(
        report.counts,
        `slowest: case ${report.slowest.index}, ${report.slowest.cpuMs} ms`,
      );
      if (report.slowest.cpuMs > MAX_CASE_CPU_MS) {
        fail(report.slowest.index, `it took ${report.slowest.cpuMs} ms of the processor`);
      }
    }
  }
  clearTimeout(watchdog);
  await child.exited;
  if (isDone) return undefined;
  fail(
    index,
    hangs
      ? `no end within ${MAX_SILENCE_MS} ms`
      : `the program ended: ${child.signalCode ?? child.exitCode}`,
  );
  return index + 1;
}

/** Every way, as nobody remembers which one failed. */
async function runOne(bytes: Uint8Array): Promise<void> {
  for (const way of ["main", "general", "library"] as const) {
    const startedMs = cpuMs();
    const outcome = await runCase(bytes, way);
    console.log(`${way}: ${outcome}, ${(cpuMs() - startedMs).toFixed(1)} ms`);
  }
}

if (values.file !== undefined) await runOne(readFileSync(values.file));
else if (values.one !== undefined) await runOne(corpus.case(Number(values.one)).bytes);
else {
  const first = Number(values.from);
  const to = first + Number(values.cases);
  console.log(`cases ${first} to ${to - 1} of seed ${seed}`);
  const startedMs = performance.now();
  let next: number | undefined = first;
  while (next !== undefined && next < to && failures < 20) next = await runWorker(next, to);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  console.log(`${failures} failures, ${seconds} s`);
  process.exit(failures === 0 ? 0 : 1);
}

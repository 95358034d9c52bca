/**
 * `bun run test [package …]`: installs what is missing, runs the tests of every package, two packages at a time and quiet
 * ones beside them, those of runtime modules a second time through a real kernel, writes JUnit reports to `.reports/`, and
 * ends with one line `N passed, N failed`. What hangs is ended and named.
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installMissing } from "./install-missing.ts";
import { countCases, type TestCounts } from "./junit.ts";
import { testsWithHarness } from "./tests-through-kernel.ts";
import { runWatched } from "./watched-run.ts";
import { type Member, readMembers, ROOT } from "./workspace.ts";

const REPORTS = join(ROOT, ".reports");
const PARALLEL = 2;
/** For one test, unless it says otherwise. Generous: only what hangs gets near it, also on a machine that is slow and busy. */
const TEST_TIMEOUT_MS = 120_000;
/**
 * Tests that print no result for so long hang: they are ended and counted as failed. Longer than any one test may take; there
 * is no bound for a package, as nobody knows how slow the machine is.
 */
const MAX_SILENCE_MS = 600_000;
/** Slow ones first, so that two processors are busy to the end. */
const SLOW_FIRST = ["apps/node", "packages/engine", "packages/component", "packages/kernel"];
/** Packages whose files run in so many parts, side by side: alone they would take longer than all others together. */
const PARTS: Readonly<Record<string, number>> = { "apps/node": 4 };

/** Mostly wait (a minute of soak): run beside the others. */
const QUIET = ["bench"];

/**
 * Runtime modules: tests that use the stand-in of the kernel run a second time with real processes and a real one; where some
 * would say nothing new, only those that are named.
 */
const THROUGH_KERNEL: Readonly<Record<string, "all" | readonly string[]>> = {
  "packages/vfs": "all",
  "packages/data": "all",
  "packages/system": "all",
  "packages/http": "all",
  "apps/node": ["test/module-rules.test.ts"],
};
const KERNEL_HARNESS = join(ROOT, "tools/test/kernel-harness.ts");

interface Run {
  readonly member: Member;
  readonly throughKernel: boolean;
  /** Which part of its files, from 1, and of how many; absent: all of them. */
  readonly part?: { readonly number: number; readonly of: number };
}

interface Outcome extends TestCounts {
  readonly name: string;
  readonly seconds: number;
  readonly output: string;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));

async function main(wanted: readonly string[]): Promise<number> {
  installMissing();
  const all = selectMembers([]);
  const unknown = wanted.filter((name) => !all.some((member) => isCalled(member, name)));
  if (unknown.length > 0) {
    console.error(`No package with tests is called ${unknown.join(" or ")}. There are:`);
    console.error(all.map(({ folder }) => `  ${folder}`).join("\n"));
    return 1;
  }
  // Reports of packages that are gone must not stay; those of packages not asked for must.
  if (wanted.length === 0) rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  const members = selectMembers(wanted);
  const quiet = members.filter(({ folder }) => QUIET.includes(folder));
  const busy = members.filter((member) => !quiet.includes(member));
  const queue = busy.flatMap(runsOf);
  const outcomes: Outcome[] = [];
  const run = async (next: Run): Promise<void> => {
    const outcome = await runTests(next);
    outcomes.push(outcome);
    report(outcome);
  };
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await run(next);
  };
  await Promise.all([
    ...Array.from({ length: PARALLEL }, worker),
    ...quiet.map((member) => run({ member, throughKernel: false })),
  ]);
  return summarise(outcomes);
}

function runsOf(member: Member): Run[] {
  const of = PARTS[member.folder];
  const plain = { member, throughKernel: false };
  const runs: Run[] =
    of === undefined
      ? [plain]
      : Array.from({ length: of }, (_, i) => ({ ...plain, part: { number: i + 1, of } }));
  if (Object.hasOwn(THROUGH_KERNEL, member.folder)) runs.push({ member, throughKernel: true });
  return runs;
}

/** Test files of a folder that run through a kernel. */
function throughKernelFiles({ folder }: Member): readonly string[] {
  const files = THROUGH_KERNEL[folder];
  return Array.isArray(files) ? files : testsWithHarness(join(ROOT, folder));
}

/** Members that have tests; all, or those whose folder's last part is named. */
function selectMembers(wanted: readonly string[]): Member[] {
  const rank = (member: Member): number => (SLOW_FIRST.indexOf(member.folder) + 100) % 100;
  return readMembers()
    .filter((member) => wanted.length === 0 || wanted.some((name) => isCalled(member, name)))
    .filter((member) => hasTests(join(ROOT, member.folder)))
    .sort((a, b) => rank(a) - rank(b));
}

/** By its folder, or by the last part of it. */
function isCalled({ folder }: Member, name: string): boolean {
  return folder === name || folder.split("/").at(-1) === name;
}

function hasTests(folder: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).some(
    (entry) =>
      (entry.isFile() && /\.test\.tsx?$/.test(entry.name)) ||
      (entry.isDirectory() &&
        entry.name !== "node_modules" &&
        entry.name !== "dist" &&
        hasTests(join(folder, entry.name))),
  );
}

async function runTests({ member, throughKernel, part }: Run): Promise<Outcome> {
  const suffix = throughKernel ? "-through-kernel" : part === undefined ? "" : `-${part.number}`;
  const report = join(REPORTS, `${member.folder.replaceAll("/", "-")}${suffix}.xml`);
  rmSync(report, { force: true });
  const folder = join(ROOT, member.folder);
  const startedMs = performance.now();
  const { exitCode, output, hung } = await runWatched(
    [
      process.execPath,
      "test",
      // Programs that a failed test left behind end with it.
      "--no-orphans",
      `--timeout=${TEST_TIMEOUT_MS}`,
      ...(throughKernel ? [`--preload=${KERNEL_HARNESS}`] : []),
      ...(part === undefined ? [] : [`--shard=${part.number}/${part.of}`]),
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      ...(throughKernel ? throughKernelFiles(member).map((file) => `./${file}`) : []),
    ],
    {
      cwd: folder,
      // the way a node runs: otherwise each start of a guest collects all garbage (docs/decisions/0002)
      env: { ...process.env, FORCE_COLOR: "0", BUN_JSC_useWasmFastMemory: "0" },
      maxSilenceMs: MAX_SILENCE_MS,
    },
  );
  const counts = existsSync(report)
    ? countCases(readFileSync(report, "utf8"))
    : { passed: 0, failed: 0, skipped: 0 };
  // A file that cannot be loaded, a hang or a crash fails no case, but it is a failure.
  const failed = exitCode !== 0 && counts.failed === 0 ? 1 : counts.failed;
  const seconds = (performance.now() - startedMs) / 1_000;
  const of = part === undefined ? "" : ` (${part.number} of ${part.of})`;
  const name = `${member.folder}${throughKernel ? " through the kernel" : of}`;
  return { name, ...counts, failed, seconds, output: hung ? output + hangOf(output) : output };
}

/** Where tests hung, by what they printed last. */
function hangOf(output: string): string {
  const lines = output.split("\n");
  const file = lines.findLast((line) => /\.test\.tsx?:$/.test(line)) ?? "no file";
  const last = lines.findLast((line) => /^\((pass|fail|skip|todo)\) /.test(line)) ?? "nothing";
  return (
    `\nNo test ended for ${MAX_SILENCE_MS / 1_000} s: the tests hung and were ended.\n` +
    `The last file is ${file.replace(/:$/, "")}; the last that ended is: ${last}`
  );
}

function report({ name, passed, failed, skipped, seconds, output }: Outcome): void {
  if (failed > 0) console.log(failures(output));
  const note = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(
    `${failed > 0 ? "✗" : "✓"} ${name}: ${passed} passed, ${failed} failed${note} (${seconds.toFixed(1)} s)`,
  );
}

/** The output without the lines of tests that passed. */
function failures(output: string): string {
  return output
    .split("\n")
    .filter((line) => !/^\((pass|skip|todo)\) /.test(line))
    .slice(-200)
    .join("\n");
}

function summarise(outcomes: readonly Outcome[]): number {
  const sum = (pick: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  const failed = sum((outcome) => outcome.failed);
  console.log(`\nReports: .reports/*.xml`);
  console.log(`${sum((outcome) => outcome.passed)} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/**
 * `bun run test [package …]`: installs what is missing, runs the tests of every package, two packages at a time and quiet
 * ones beside them, those of runtime modules a second time through a real kernel, writes JUnit reports to `.reports/`, and
 * ends with one line `N passed, N failed`.
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installMissing } from "./install-missing.ts";
import { countCases, type TestCounts } from "./junit.ts";
import { type Member, readMembers, ROOT } from "./workspace.ts";

const REPORTS = join(ROOT, ".reports");
const PARALLEL = 2;
/** A package that takes longer hangs: its tests are ended and counted as failed. */
const PACKAGE_TIMEOUT_MS = 480_000;
/** Slow ones first, so that two processors are busy to the end. */
const SLOW_FIRST = ["apps/node", "packages/engine", "packages/component", "packages/kernel"];

/** Mostly wait (a minute of soak): run beside the others. */
const QUIET = ["bench"];

/** Runtime modules: their tests run a second time with real processes and a real kernel around them. */
const THROUGH_KERNEL = ["packages/vfs", "packages/data", "packages/system", "packages/http"];
const KERNEL_HARNESS = join(ROOT, "tools/test/kernel-harness.ts");

interface Run {
  readonly member: Member;
  readonly throughKernel: boolean;
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
  const queue = busy.flatMap((member): Run[] => [
    { member, throughKernel: false },
    ...(THROUGH_KERNEL.includes(member.folder) ? [{ member, throughKernel: true }] : []),
  ]);
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

async function runTests({ member, throughKernel }: Run): Promise<Outcome> {
  const suffix = throughKernel ? "-through-kernel" : "";
  const report = join(REPORTS, `${member.folder.replaceAll("/", "-")}${suffix}.xml`);
  rmSync(report, { force: true });
  const startedMs = performance.now();
  const child = Bun.spawn(
    [
      process.execPath,
      "test",
      "--timeout=30000",
      ...(throughKernel ? [`--preload=${KERNEL_HARNESS}`] : []),
      "--reporter=junit",
      `--reporter-outfile=${report}`,
    ],
    {
      cwd: join(ROOT, member.folder),
      stdout: "pipe",
      stderr: "pipe",
      // the way a node runs: otherwise each start of a guest collects all garbage (docs/decisions/0002)
      env: { ...process.env, FORCE_COLOR: "0", BUN_JSC_useWasmFastMemory: "0" },
      timeout: PACKAGE_TIMEOUT_MS,
      killSignal: "SIGKILL",
    },
  );
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const counts = existsSync(report)
    ? countCases(readFileSync(report, "utf8"))
    : { passed: 0, failed: 0, skipped: 0 };
  // A file that cannot be loaded, a hang or a crash fails no case, but it is a failure.
  const failed = exitCode !== 0 && counts.failed === 0 ? 1 : counts.failed;
  const seconds = (performance.now() - startedMs) / 1_000;
  const name = `${member.folder}${throughKernel ? " through the kernel" : ""}`;
  return { name, ...counts, failed, seconds, output: stdout + stderr };
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

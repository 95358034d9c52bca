/**
 * A soak: a node with many processes under mixed load for a while, watched from outside.
 * @module
 */
import { startNode, temporaryFolder } from "../node-program.ts";
import { checkDatabases } from "./databases.ts";
import { Ledger } from "./ledger.ts";
import { crowd, packCrowd } from "./soak-package.ts";
import { cpuSecondsOf, type Sample, sampleOf, type Trend, trendOf } from "./watch.ts";
import { Workload } from "./workload.ts";

export interface SoakOptions {
  readonly durationMs: number;
  readonly processes: number;
  readonly seed: number;
  readonly stepsPerSecond: number;
  /** Called for each line of the report. */
  readonly print: (line: string) => void;
  /** Between two lines. */
  readonly lineMs: number;
}

export interface SoakResult {
  readonly passed: boolean;
  readonly ledger: Ledger;
  readonly trend: Trend;
}

const WARM_UP_SHARE = 0.25;
const SAMPLES = 400;
const SETTLE_MS = 1_000;

const total = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([kind, count]) => `${count} × ${kind}`)
    .join(", ");

function every(ms: number, act: () => void): Disposable {
  const timer = setInterval(act, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Runs it on a fresh node in a folder of its own, which is gone afterwards. @throws {Error} the node ended */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { durationMs, print } = options;
  using folder = temporaryFolder();
  const home = `${folder.path}/home`;
  const all = crowd(options.processes);
  const zip = await packCrowd(all, folder.path);
  const ledger = new Ledger((fault) => print(`  fault: ${fault}`));
  const node = await startNode(home, ["--package", zip, "--port", "0"]);
  const workload = new Workload({
    home,
    port: node.port,
    crowd: all,
    ledger,
    seed: options.seed,
    stepsPerSecond: options.stepsPerSecond,
    pagesPerSecond: options.stepsPerSecond / 2,
    socketMessagesPerSecond: options.stepsPerSecond / 4,
    crashesPerMinute: options.processes / 50,
    killsPerMinute: options.processes / 400,
  });
  const samples: Sample[] = [];
  const startedMs = performance.now();
  const say = (): void => {
    const { rssMib, files, sockets } = sampleOf(node.pid);
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    print(
      `${String(seconds).padStart(5)} s  ${rssMib.toFixed(0)} MiB  ${files} files  ${sockets} sockets  ` +
        `${cpuSecondsOf(node.pid).toFixed(0)} s of processor  ${total(ledger.answered)}, ` +
        `${ledger.explained} ended, ${ledger.late} late, ${workload.pendingCount} under way, ${ledger.faultCount} faults`,
    );
  };
  try {
    print(`${options.processes} processes, seed ${options.seed}, ${durationMs / 1_000} s`);
    await workload.open();
    say();
    using _sampling = every(durationMs / SAMPLES, () => samples.push(sampleOf(node.pid)));
    using _saying = every(options.lineMs, say);
    await Promise.race([workload.run(durationMs), node.ended]);
    await Bun.sleep(SETTLE_MS);
    samples.push(sampleOf(node.pid));
    say();
  } finally {
    await node[Symbol.asyncDispose]();
  }
  ledger.close(workload.ended);
  const checked = checkDatabases(home, ledger, workload.ended);
  const trend = trendOf(samples, Math.floor(samples.length * WARM_UP_SHARE));
  report(print, ledger, trend, checked);
  return { passed: ledger.faultCount === 0 && trend.isFlat && trend.isBounded, ledger, trend };
}

function report(
  print: (line: string) => void,
  ledger: Ledger,
  trend: Trend,
  checked: { readonly databaseCount: number; readonly rowCount: number },
): void {
  const verdict = (good: boolean) => (good ? "yes" : "NO");
  print(
    `memory flat: ${verdict(trend.isFlat)} (${trend.startMib.toFixed(0)} MiB after the warm-up, ` +
      `${trend.growthMib >= 0 ? "+" : ""}${trend.growthMib.toFixed(1)} MiB since, ` +
      `${trend.mibPerHour.toFixed(1)} MiB/h; ${trend.maxMib.toFixed(0)} MiB at most)`,
  );
  print(
    `files bounded: ${verdict(trend.isBounded)} ` +
      `(${trend.maxFiles} at most, and ${trend.maxSockets} sockets)`,
  );
  print(`databases: ${checked.databaseCount} whole, ${checked.rowCount} rows compared`);
  print(`answers: ${total(ledger.answered)}, ${ledger.explained} unanswered by processes ended`);
  print(`late: ${ledger.late}`);
  print(`nothing lost, doubled or wrong: ${verdict(ledger.faultCount === 0)}`);
}

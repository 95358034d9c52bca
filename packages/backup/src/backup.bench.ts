/**
 * Snapshot and restore beside `restic` on the same folder, in wall and processor time.
 * Run: `KINODE_RESTIC=… bun src/backup.bench.ts [megabytes of large files, default 256]`
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolderRemote, createFolderSource, createFolderTarget } from "./folder-bun.ts";
import { initRepository } from "./open-repository.ts";
import { createHostPowers } from "./powers-bun.ts";
import { createHostRandom } from "./random-bun.ts";

const MB = 1_000_000;
const largeMegabytes = Number(process.argv[2] ?? 256);
const SMALL_COUNT = 5_000;
const SMALL_BYTES = 4_000;
const THREADS = 2;
const PASSWORD = "bench";
const restic = process.env["KINODE_RESTIC"] ?? Bun.which("restic") ?? undefined;

const root = mkdtempSync(join(tmpdir(), "kinode-backup-bench-"));
const random = createHostRandom();

/** Half of it cannot be compressed, a quarter can, and many small files. */
function writeSource(folder: string): number {
  mkdirSync(join(folder, "small"), { recursive: true });
  const piece = 8 * MB;
  const count = Math.max(1, Math.round((largeMegabytes * MB) / piece));
  for (let i = 0; i < count; i++) {
    const text = `${i} ${"some text that repeats itself a little ".repeat(10)}\n`;
    const bytes =
      i % 3 === 0 ? Buffer.from(text.repeat(Math.ceil(piece / text.length))) : random.bytes(piece);
    writeFileSync(join(folder, `large${i}`), bytes.subarray(0, piece));
  }
  for (let i = 0; i < SMALL_COUNT; i++) {
    writeFileSync(join(folder, "small", `${i}`), random.bytes(SMALL_BYTES));
  }
  return count * piece + SMALL_COUNT * SMALL_BYTES;
}

interface Figure {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

async function ours(run: () => Promise<unknown>): Promise<Figure> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
  await run();
  clearInterval(watch);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMegabytes: peak / MB };
}

async function theirs(...args: string[]): Promise<Figure> {
  const start = performance.now();
  const child = Bun.spawn([restic!, "--no-cache", "--quiet", ...args], {
    env: { ...process.env, RESTIC_PASSWORD: PASSWORD },
    stdout: "ignore",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error(`restic ${args.join(" ")} failed`);
  const { cpuTime, maxRSS } = child.resourceUsage()!;
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, cpuSeconds: Number(cpuTime.total) / 1e6, peakMegabytes: maxRSS / MB };
}

function show(name: string, { seconds, cpuSeconds, peakMegabytes }: Figure, bytes: number): void {
  const rate = (time: number): string => `${(bytes / MB / time).toFixed(0)} MB/s`.padStart(9);
  console.log(
    `${name.padEnd(28)} ${rate(seconds)}  ${seconds.toFixed(2)} s  ${cpuSeconds.toFixed(2)} s of processor  ${peakMegabytes.toFixed(0)} MB`,
  );
}

try {
  const source = join(root, "source");
  const bytes = writeSource(source);
  console.log(`${(bytes / MB).toFixed(0)} MB in large files and ${SMALL_COUNT} small ones`);
  const powers = createHostPowers({ hostname: "bench", username: "", pid: process.pid }, THREADS);
  const remote = createFolderRemote({ path: join(root, "ours") });
  const tree = createFolderSource({ path: source });
  await using repository = await initRepository(remote, PASSWORD, powers);
  let longestMs = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last - 5);
    last = performance.now();
  }, 5);
  show("first snapshot", await ours(() => repository.takeSnapshot(tree)), bytes);
  show("unchanged", await ours(() => repository.takeSnapshot(tree)), bytes);
  const target = createFolderTarget({ path: join(root, "back") });
  show("restore", await ours(() => repository.restore("latest", target)), bytes);
  show("verify, reading all", await ours(() => repository.verify({ readData: true })), bytes);
  clearInterval(beat);
  console.log(`the node's thread was held for ${longestMs.toFixed(0)} ms at most`);
  if (restic === undefined) console.log("restic is not here (KINODE_RESTIC)");
  else {
    const place = ["--repo", join(root, "theirs")];
    await theirs(...place, "init", "--repository-version", "2");
    show("restic, first snapshot", await theirs(...place, "backup", source), bytes);
    show("restic, unchanged", await theirs(...place, "backup", source), bytes);
    const back = ["restore", "latest", "--target", join(root, "their-back")];
    show("restic, restore", await theirs(...place, ...back), bytes);
    show("restic, check --read-data", await theirs(...place, "check", "--read-data"), bytes);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

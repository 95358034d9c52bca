/**
 * Starting many small processes of one program: time for each until it waits for a message, and memory.
 * Run: `bun packages/component/src/spawn.bench.ts [processes]`
 * @module
 */
import { createSeededRandom } from "@kinode-ts/testing";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import type { Clock, ProcessId } from "@kinode-ts/types";
import { loadComponent } from "./load-component.ts";

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: () => ({ cancel: () => undefined }),
  afterTurn: (turn) => void setImmediate(turn),
};
const LIMITS = { maxMemoryBytes: 64 << 20, fuelPerCheck: 100_000 };

const count = Number(Bun.argv[2] ?? 1_000);
const guest = Bun.argv[3] ?? "echo";
const program = await loadComponent(guestBytes(guest), { clock, random: createSeededRandom(1) });
const link = new DirectLink();

async function startOne(name: string): Promise<void> {
  const host = link.createHost({ node: "our", process: `${name}:test:sys` as ProcessId });
  program.start(host, LIMITS);
  while (!host.parked) await Promise.resolve();
}

await startOne("warm");
Bun.gc(true);
const before = process.memoryUsage.rss();
const times: number[] = [];
for (let i = 0; i < count; i++) {
  const startedMs = performance.now();
  await startOne(`p${i}`);
  times.push(performance.now() - startedMs);
}
const raw = process.memoryUsage.rss();
Bun.gc(true);
await Bun.sleep(100);
const after = process.memoryUsage.rss();
times.sort((a, b) => a - b);
const at = (share: number): string => times[Math.floor(times.length * share)]!.toFixed(3);
console.log(`${count} processes of ${guest}: start p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
console.log(
  `each ${((after - before) / count / 1024).toFixed(1)} KiB of resident memory (before collection ${((raw - before) / count / 1024).toFixed(1)})`,
);
process.exit(0);

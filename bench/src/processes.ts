/**
 * What a process costs: starting one, and keeping one.
 * @module
 */
import { guestBytes } from "@kinode-ts/testing/guests";
import { createBenchNode } from "./bench-node.ts";
import { type Figure, figure, median, type Scenario } from "./figure.ts";

const WORKER = URL.createObjectURL(new Blob(["postMessage('ready'); onmessage = () => {};"]));

async function startWorker(): Promise<Worker> {
  const worker = new Worker(WORKER);
  await new Promise<void>((resolve) => {
    worker.onmessage = () => resolve();
  });
  return worker;
}

/** Resident memory in KB after everything unreachable is gone. */
export function residentKb(): number {
  Bun.gc(true);
  return process.memoryUsage.rss() / 1024;
}

/** Median time and memory of an idle worker. */
export async function workerCost(count: number): Promise<{ ms: number; kb: number }> {
  const before = residentKb();
  const times: number[] = [];
  const workers: Worker[] = [];
  for (let i = 0; i < count; i++) {
    const startedMs = performance.now();
    workers.push(await startWorker());
    times.push(performance.now() - startedMs);
  }
  const kb = (residentKb() - before) / count;
  for (const worker of workers) worker.terminate();
  return { ms: median(times), kb };
}

export const SPAWN: Scenario = {
  name: "starting processes",
  figures: ["spawn"],
  async run() {
    const node = await createBenchNode();
    const bytes = guestBytes("echo");
    for (let i = 0; i < 50; i++) await node.start(`warm-${i}`, "echo.wasm", bytes);
    const times: number[] = [];
    for (let i = 0; i < 500; i++) {
      const startedMs = performance.now();
      await node.start(`p-${i}`, "echo.wasm", bytes);
      times.push(performance.now() - startedMs);
    }
    const worker = await workerCost(20);
    const baseline = { name: "new Worker", value: worker.ms };
    return [figure("spawn", median(times), "ms", baseline, { max: 0.8 })];
  },
};

function memoryScenario(count: number): Scenario {
  const name = `process-memory-${count}`;
  return {
    name: `memory of ${count} processes`,
    figures: [name],
    async run() {
      const worker = await workerCost(20);
      const node = await createBenchNode();
      const bytes = guestBytes("echo");
      for (let i = 0; i < 20; i++) await node.start(`warm-${i}`, "echo.wasm", bytes);
      const before = residentKb();
      for (let i = 0; i < count; i++) await node.start(`p-${i}`, "echo.wasm", bytes);
      const kb = (residentKb() - before) / count;
      const baseline = { name: "one Worker", value: worker.kb };
      return [figure(name, kb, "KB per process", baseline, { max: 100 })] satisfies Figure[];
    },
  };
}

export const PROCESS_MEMORY: readonly Scenario[] = [memoryScenario(1_000), memoryScenario(10_000)];

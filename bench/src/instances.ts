/**
 * What the second and the thousandth process of one program cost.
 * @module
 */
import { createScriptExecutor } from "@kinode-ts/engine";
import { guestBytes } from "@kinode-ts/testing/guests";
import { type BenchNode, clock, createBenchNode, random } from "./bench-node.ts";
import { figure, median, type Scenario } from "./figure.ts";
import { largeComponent } from "./large-component.ts";
import { residentKb, workerCost } from "./processes.ts";
import { bundle } from "./script-trips.ts";

interface Program {
  readonly name: string;
  readonly file: string;
  bytes(): Promise<Uint8Array>;
  readonly maxStartMs: number;
  readonly maxKb: number;
}

const PROGRAMS: readonly Program[] = [
  {
    name: "100k",
    file: "rust.wasm",
    bytes: () => Promise.resolve(guestBytes("rust-bench")),
    maxStartMs: 1,
    maxKb: 60,
  },
  { name: "2m", file: "large.wasm", bytes: largeComponent, maxStartMs: 2.5, maxKb: 1_024 },
  { name: "script", file: "echo.js", bytes: () => bundle("echo"), maxStartMs: 5, maxKb: 1_024 },
];

const STARTS = 60;
const INSTANCES = 1_000;

const createNode = (): Promise<BenchNode> =>
  createBenchNode({ executors: [createScriptExecutor({ clock, random })] });

function startScenario({ name, file, bytes, maxStartMs }: Program): Scenario {
  const figureName = `second-instance-${name}`;
  return {
    name: `start of the second ${name}`,
    figures: [figureName],
    async run() {
      const node = await createNode();
      const program = await bytes();
      /** From the order to start it until it has answered a message. */
      const start = async (process: string): Promise<number> => {
        const startedMs = performance.now();
        await node.ask(await node.start(process, file, program), "hello");
        return performance.now() - startedMs;
      };
      for (let i = 0; i < 10; i++) await start(`warm-${i}`);
      const times: number[] = [];
      for (let i = 0; i < STARTS; i++) times.push(await start(`p-${i}`));
      const worker = await workerCost(20);
      const baseline = { name: "new Worker", value: worker.ms };
      return [figure(figureName, median(times), "ms", baseline, { max: maxStartMs })];
    },
  };
}

function memoryScenario({ name, file, bytes, maxKb }: Program): Scenario {
  const figureName = `instance-memory-${name}`;
  return {
    name: `memory of ${INSTANCES} times ${name}`,
    figures: [figureName],
    async run() {
      const worker = await workerCost(20);
      const node = await createNode();
      const program = await bytes();
      const start = async (process: string): Promise<void> => {
        await node.ask(await node.start(process, file, program), "hello");
      };
      for (let i = 0; i < 20; i++) await start(`warm-${i}`);
      const before = residentKb();
      for (let i = 0; i < INSTANCES; i++) await start(`p-${i}`);
      const kb = (residentKb() - before) / INSTANCES;
      const baseline = { name: "one Worker", value: worker.kb };
      return [figure(figureName, kb, "KB per process", baseline, { max: maxKb })];
    },
  };
}

export const INSTANCE_START: readonly Scenario[] = PROGRAMS.map(startScenario);
export const INSTANCE_MEMORY: readonly Scenario[] = PROGRAMS.map(memoryScenario);

/**
 * Round trips between two sandboxed TypeScript processes on the standard library.
 * @module
 */
import { join } from "node:path";
import { createScriptExecutor } from "@kinode-ts/engine";
import { type BenchNode, clock, createBenchNode, random } from "./bench-node.ts";
import { figure, interleave, type Scenario } from "./figure.ts";

const ROUNDS = 9;
const COUNT = 20_000;

/** One file for the engine, as the kit makes it. */
export async function bundle(name: string): Promise<Uint8Array> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, `../scripts/${name}.ts`)],
    format: "iife",
    target: "browser",
    minify: true,
    conditions: ["bun"],
  });
  return new Uint8Array(await built.outputs[0]!.arrayBuffer());
}

async function startPair(node: BenchNode): Promise<(count: number) => Promise<number>> {
  await node.start("echo", "echo.js", await bundle("echo"), ["ping"]);
  const ping = await node.start("ping", "ping.js", await bundle("ping"), ["echo"]);
  return async (count) => {
    const startedMs = performance.now();
    const answer = new TextDecoder().decode(await node.ask(ping, String(count)));
    if (answer !== "done") throw new Error(`The scripts did not finish: ${answer}`);
    return ((performance.now() - startedMs) * 1_000) / count;
  };
}

/** The same exchange between two async functions of the host. */
async function functions(count: number): Promise<number> {
  const queue: Uint8Array[] = [];
  const body = new Uint8Array(16);
  const echo = (): Promise<Uint8Array> => Promise.resolve().then(() => queue.shift()!.slice());
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) {
    queue.push(body.slice());
    await echo();
  }
  return ((performance.now() - startedMs) * 1_000) / count;
}

export const ROUND_TRIP_SCRIPT: Scenario = {
  name: "round trip of scripts",
  figures: ["round-trip-script"],
  async run() {
    const node = await createBenchNode({ executors: [createScriptExecutor({ clock, random })] });
    const scripts = await startPair(node);
    for (let i = 0; i < 4; i++) await scripts(COUNT);
    const { a, b } = await interleave(
      ROUNDS,
      () => scripts(COUNT),
      () => functions(COUNT),
    );
    const baseline = { name: "two async functions over an array", value: b };
    return [figure("round-trip-script", a, "µs", baseline, { max: 5 })];
  },
};

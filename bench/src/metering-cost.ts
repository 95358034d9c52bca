/**
 * What metering costs: compute kernels in a process of a node, beside the same code as its author compiled it.
 * @module
 */
import { guestBytes } from "@kinode-ts/testing/guests";
import { type BenchNode, createBenchNode } from "./bench-node.ts";
import { coreModules } from "./core-modules.ts";
import { figure, interleave, median, type Scenario } from "./figure.ts";

const COMPILATIONS = 9;
const ROUNDS = 7;
const WARM_ROUNDS = 4;

/** Name, the letter that the guest knows it by, and rounds that take some 20 ms. */
const KERNELS = [
  ["tight", "t", 20_000_000],
  ["sieve", "s", 150],
  ["matrix", "m", 40],
  ["json", "j", 250],
] as const;

type Kernel = (rounds: number) => number;

/** The kernels without a meter and without a node around them. */
function plainKernels(): Readonly<Record<string, Kernel>> {
  const module = new WebAssembly.Module(coreModules(guestBytes("c-bench"))[0]!);
  const imports: Record<string, Record<string, () => void>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = () => {};
  return new WebAssembly.Instance(module, imports).exports as Readonly<Record<string, Kernel>>;
}

export function kernelJob(letter: string, number: number): Uint8Array {
  const body = new Uint8Array(5);
  body[0] = letter.charCodeAt(0);
  new DataView(body.buffer).setUint32(1, number, true);
  return body;
}

async function runInNode(node: BenchNode, letter: string, rounds: number): Promise<number> {
  const answer = await node.ask("bench:test:sys" as never, kernelJob(letter, rounds));
  return new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);
}

/**
 * Both compiled anew: where machine code comes to lie makes a tight loop up to a third faster or slower, metered or not.
 * @returns milliseconds
 */
async function measureOnce(
  name: string,
  letter: string,
  rounds: number,
): Promise<{ metered: number; plain: number }> {
  const kernel = plainKernels()[name]!;
  const node = await createBenchNode();
  await node.start("bench", "c-bench.wasm", guestBytes("c-bench"));
  const expected = kernel(rounds) >>> 0;
  const timed = async (run: () => number | Promise<number>): Promise<number> => {
    const startedMs = performance.now();
    const sum = (await run()) >>> 0;
    const elapsedMs = performance.now() - startedMs;
    if (sum !== expected) throw new Error(`${name}: ${sum} is not ${expected}`);
    return elapsedMs;
  };
  const metered = () => timed(() => runInNode(node, letter, rounds));
  const plain = () => timed(() => kernel(rounds));
  await interleave(WARM_ROUNDS, metered, plain);
  const { a, b } = await interleave(ROUNDS, metered, plain);
  return { metered: a, plain: b };
}

function meteringScenario([name, letter, rounds]: (typeof KERNELS)[number]): Scenario {
  return {
    name: `metering of ${name}`,
    figures: [`metering-${name}`],
    async run() {
      const runs = [];
      for (let i = 0; i < COMPILATIONS; i++) runs.push(await measureOnce(name, letter, rounds));
      const metered = median(runs.map((run) => run.metered));
      const plain = median(runs.map((run) => run.plain));
      const baseline = { name: "the same code, not metered, no node", value: plain };
      const maxRatio = name === "tight" ? 1.5 : 1.15;
      return [figure(`metering-${name}`, metered, "ms", baseline, { maxRatio })];
    },
  };
}

export const METERING: readonly Scenario[] = KERNELS.map(meteringScenario);

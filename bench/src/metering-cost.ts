/**
 * What metering costs: compute kernels in a process of a node, beside the same code as its author compiled it.
 * @module
 */
import { guestBytes } from "@kinode-ts/testing/guests";
import { type BenchNode, createBenchNode } from "./bench-node.ts";
import { coreModules } from "./core-modules.ts";
import { figure, interleave, type Scenario } from "./figure.ts";

const ROUNDS = 15;
const WARM_ROUNDS = 6;

/** Name, the letter that the guest knows it by, and rounds that take some 50 ms. */
const KERNELS = [
  ["tight", "t", 40_000_000],
  ["sieve", "s", 300],
  ["matrix", "m", 80],
  ["json", "j", 500],
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

export async function runInNode(node: BenchNode, letter: string, rounds: number): Promise<number> {
  const answer = await node.ask("bench:test:sys" as never, kernelJob(letter, rounds));
  return new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);
}

function meteringScenario([name, letter, rounds]: (typeof KERNELS)[number]): Scenario {
  return {
    name: `metering of ${name}`,
    figures: [`metering-${name}`],
    async run() {
      const plain = plainKernels()[name]!;
      const node = await createBenchNode();
      await node.start("bench", "c-bench.wasm", guestBytes("c-bench"));
      const expected = plain(rounds) >>> 0;
      const timed = async (run: () => number | Promise<number>): Promise<number> => {
        const startedMs = performance.now();
        const sum = (await run()) >>> 0;
        const elapsedMs = performance.now() - startedMs;
        if (sum !== expected) throw new Error(`${name}: ${sum} is not ${expected}`);
        return elapsedMs;
      };
      const metered = () => timed(() => runInNode(node, letter, rounds));
      const unmetered = () => timed(() => plain(rounds));
      await interleave(WARM_ROUNDS, metered, unmetered);
      const { a, b } = await interleave(ROUNDS, metered, unmetered);
      const baseline = { name: "the same code, not metered, no node", value: b };
      const maxRatio = name === "tight" ? 1.5 : 1.15;
      return [figure(`metering-${name}`, a, "ms", baseline, { maxRatio })];
    },
  };
}

export const METERING: readonly Scenario[] = KERNELS.map(meteringScenario);

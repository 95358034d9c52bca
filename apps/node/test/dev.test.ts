/** `kinode dev`: from a saved file to the running process, keeping state and mailbox. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processorMs } from "@kinode-ts/testing/processor-time";
import { devCommand } from "../src/commands/dev-command.ts";
import type { Output } from "../src/commands/output.ts";
import { type DetachedNode, startDetached } from "./detached-node.ts";

const ROOT = join(import.meta.dir, "../../..");
/** Inside an example, so that the library is found. */
const folder = join(ROOT, "examples/chat/target/dev-test");
const home = mkdtempSync(join(tmpdir(), "kinode-dev-"));
const COUNTER = "counter:counter:example.os";

/** What a saved file may cost of the processor; on a quiet machine it is running in less than 300 ms. */
const MAX_CPU_MS = 1_000;
const METADATA = {
  name: "Counter",
  properties: {
    package_name: "counter",
    publisher: "example.os",
    current_version: "1.0.0",
    mirrors: [],
    code_hashes: {},
    wit_version: 1,
  },
};
const manifestEntry = (request: readonly string[] = []) => ({
  process_name: "counter",
  process_wasm_path: "/counter.js",
  on_exit: "Restart",
  request_networking: false,
  request_capabilities: request,
  grant_capabilities: ["terminal:terminal:sys"],
  public: false,
});

function source(word: string): string {
  return `import { defineProcess, serve, state } from "@kinode-ts/stdlib";
export default defineProcess(async () => {
  let count = Number((await state.raw.get())?.[0] ?? 0);
  await serve(async () => {
    count += 1;
    await state.raw.set(new Uint8Array([count]));
    return { word: ${JSON.stringify(word)}, count };
  });
});
`;
}

function write(path: string, text: string): void {
  const full = join(folder, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, text);
}

/** What the command printed, with a way to wait for more. */
class Lines implements Output {
  readonly lines: string[] = [];
  readonly isTerminal = false;
  exitCode = 0;
  #arrived = Promise.withResolvers<void>();
  line(text: string): void {
    this.lines.push(text);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }
  error(text: string): void {
    this.line(text);
  }
  async shows(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (const deadline = performance.now() + 60_000; ;) {
      const match = this.lines
        .slice(from)
        .map((line) => pattern.exec(line))
        .find((found) => found);
      if (match !== undefined && match !== null) return match;
      const rest = deadline - performance.now();
      if (rest < 0) throw new Error(`Never printed ${String(pattern)}:\n${this.lines.join("\n")}`);
      await Promise.race([this.#arrived.promise, Bun.sleep(rest)]);
    }
  }
}

let node: DetachedNode;
const end = new AbortController();
const output = new Lines();
let ended: Promise<void>;
beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  node = await startDetached(home);
}, 120_000);
afterAll(async () => {
  end.abort();
  await ended;
  await node.stop();
  for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
});

const ask = () => node.post("send", { target: `our@${COUNTER}`, body: '"?"', timeout: 5 });

test("a package is built and installed at the start, and stays after it", async () => {
  write("src/counter.ts", source("one"));
  write("metadata.json", JSON.stringify(METADATA));
  write("pkg/manifest.json", JSON.stringify([manifestEntry()]));
  ended = devCommand(folder, { home, yes: true }, output, end.signal);
  await output.shows(/Watching/);
  expect(await ask()).toMatchObject({ body: '{"word":"one","count":1}' });
});

test("a saved file is running soon, with the state it had", async () => {
  const took: number[] = [];
  const cost: number[] = [];
  for (let round = 1; round <= 5; round++) {
    const from = output.lines.length;
    const startMs = performance.now();
    const startCpuMs = processorMs();
    write("src/counter.ts", source(`round ${round}`));
    const [, ms] = await output.shows(/built counter\.js; replaced counter \((\d+) ms\)/, from);
    took.push(performance.now() - startMs);
    cost.push(processorMs() - startCpuMs);
    expect(Number(ms)).toBeLessThan(60_000);
    expect(await ask()).toMatchObject({ body: `{"word":"round ${round}","count":${round + 1}}` });
  }
  expect(cost.toSorted((a, b) => a - b)[2]).toBeLessThan(MAX_CPU_MS);
  const list = (values: number[]): string => values.map((ms) => ms.toFixed(0)).join(", ");
  console.log(`save to running: ${list(took)} ms (processor: ${list(cost)} ms)`);
});

test("a file that does not compile is told, the old program runs on, and the next save mends it", async () => {
  let from = output.lines.length;
  write("src/counter.ts", "export default (");
  await output.shows(/Cannot build "src\/counter\.ts"/, from);
  expect(await ask()).toMatchObject({ body: '{"word":"round 5","count":7}' });
  from = output.lines.length;
  write("src/counter.ts", source("mended"));
  await output.shows(/replaced counter/, from);
  expect(await ask()).toMatchObject({ body: '{"word":"mended","count":8}' });
});

test("what the processes print is shown", async () => {
  const from = output.lines.length;
  write(
    "src/counter.ts",
    source("mended").replace("count += 1;", 'count += 1; console.log("counted");'),
  );
  await output.shows(/replaced counter/, from);
  await ask();
  await output.shows(/counted/, from);
});

test("another permission is an update: it is shown and asked for", async () => {
  const from = output.lines.length;
  write("pkg/manifest.json", JSON.stringify([manifestEntry(["vfs:distro:sys"])]));
  await output.shows(/Installed .*counter/i, from);
  expect(output.lines.slice(from).join("\n")).toContain("file");
});

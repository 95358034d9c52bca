/** Stack traces of a bundled script, with and without the map beside it. */
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeHost } from "../test/fake-host.ts";
import { clock, LIMITS, random } from "../test/run-script.ts";
import { createScriptExecutor } from "./index.ts";
import { parseSourceMap } from "./source-map.ts";

const SOURCE = `interface Thing { readonly name: string }

function fail(thing: Thing): never {
  throw new RangeError("no " + thing.name);
}
declare const kinode: { main(init: () => Promise<void>): void };
kinode.main(async () => {
  try {
    fail({ name: "lück \u{1f600}" });
  } catch (thrown) {
    console.error(thrown);
  }
  console.log("after");
  await Promise.resolve();
  fail({ name: "end" });
});
`;

async function bundle(): Promise<{ code: Uint8Array; map: Uint8Array }> {
  const folder = await mkdtemp(join(tmpdir(), "kinode-map-"));
  try {
    await Bun.write(join(folder, "thing.ts"), SOURCE);
    const built = await Bun.build({
      entrypoints: [join(folder, "thing.ts")],
      root: folder,
      format: "iife",
      sourcemap: "external",
      minify: { whitespace: true, syntax: true, identifiers: false },
    });
    const text = await built.outputs.find(({ kind }) => kind === "sourcemap")!.text();
    const map = JSON.parse(text) as { sources: string[] };
    map.sources = ["src/thing.ts"];
    return {
      code: new Uint8Array(
        await built.outputs.find(({ kind }) => kind === "entry-point")!.arrayBuffer(),
      ),
      map: new TextEncoder().encode(JSON.stringify(map)),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(readFile: ((path: string) => Promise<Uint8Array | undefined>) | undefined) {
  const { code } = await bundle();
  const executor = createScriptExecutor({ clock, random, ...(readFile && { readFile }) });
  const program = await executor.prepare({ handle: "/things:me.os/pkg/thing.js", bytes: code });
  const host = new FakeHost();
  const ending = await program.start(host, LIMITS).ended;
  return { prints: host.prints, ending: ending as { kind: string; stderr: string } };
}

test("with its map a trace names places in the sources, in prints and at the end", async () => {
  const { map } = await bundle();
  const read: string[] = [];
  const { prints, ending } = await run(async (path) => {
    read.push(path);
    await new Promise((done) => setImmediate(done));
    return map;
  });
  expect(read).toEqual(["/things:me.os/pkg/thing.js.map"]);
  expect(prints).toHaveLength(2);
  expect(prints[0]).toMatch(
    /^0 RangeError: no lück 😀\n {4}at fail \(src\/thing\.ts:4:\d+\)\n {4}at <anonymous> \(src\/thing\.ts:9:\d+\)/,
  );
  expect(prints[1]).toBe("0 after");
  expect(ending.kind).toBe("trapped");
  expect(ending.stderr).toMatch(
    /^RangeError: no end\n {4}at fail \(src\/thing\.ts:4:\d+\)\n {4}at <anonymous> \(src\/thing\.ts:15:\d+\)/,
  );
});

test.each([
  ["no reader", undefined],
  ["no file", async () => undefined],
  ["a reader that fails", () => Promise.reject(new Error("disk"))],
  ["something that is no map", async () => new TextEncoder().encode("{")],
  [
    "a map without mappings",
    async () => new TextEncoder().encode(`{"version":3,"sources":[],"mappings":"!"}`),
  ],
])("with %s a trace names places in the bundle", async (_what, readFile) => {
  const { prints, ending } = await run(readFile);
  expect(prints[0]).toMatch(/^0 RangeError: no lück 😀\n {4}at fail \(thing\.js:\d+:\d+\)/);
  expect(prints[1]).toBe("0 after");
  expect(ending.stderr).toMatch(/^RangeError: no end\n {4}at fail \(thing\.js:\d+:\d+\)/);
});

test("a script that shows no trace never has its map read", async () => {
  let reads = 0;
  const executor = createScriptExecutor({
    clock,
    random,
    readFile: async () => (reads++, undefined),
  });
  const text = `kinode.main(() => console.log("at script.js:1:1, I say"))`;
  const source = { handle: "/p:s/pkg/a.js", bytes: new TextEncoder().encode(text) };
  const host = new FakeHost();
  await (await executor.prepare(source)).start(host, LIMITS).ended;
  expect(host.prints).toEqual(["0 at script.js:1:1, I say"]);
  expect(reads).toBe(0);
});

test("a map finds the mapping at or before a position, in its line only", () => {
  const map = parseSourceMap(
    new TextEncoder().encode(
      JSON.stringify({ version: 3, sources: ["a.ts", null], mappings: "AAAA,IACC;;EAEAC,CCAA" }),
    ),
  )!;
  expect(map.find(1, 1)).toEqual({ source: "a.ts", line: 1, column: 1 });
  expect(map.find(1, 4)).toEqual({ source: "a.ts", line: 1, column: 1 });
  expect(map.find(1, 5)).toEqual({ source: "a.ts", line: 2, column: 2 });
  expect(map.find(1, 500)).toEqual({ source: "a.ts", line: 2, column: 2 });
  expect(map.find(2, 1)).toBeUndefined();
  expect(map.find(3, 1)).toBeUndefined();
  expect(map.find(3, 3)).toEqual({ source: "a.ts", line: 4, column: 2 });
  expect(map.find(3, 4)).toBeUndefined(); // a source without a name
});

import { expect, test } from "bun:test";
import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";
import * as fc from "fast-check";
import { createComponentExecutor } from "@kinode-ts/component";
import type { Executor, Response } from "@kinode-ts/types";
import { FakeHost } from "../test/fake-host.ts";
import { linkByJco } from "../test/jco-script.ts";
import { clock, LIMITS, random, runScript, sandbox } from "../test/run-script.ts";
import { ENGINE_GLOBALS, isPackedScript, packScript, readEngine, unpackScript } from "./index.ts";

const engine = await readEngine();
const SCRIPT = "kinode.main(() => console.log('packed'));";

test("packScript() makes a valid component that needs only the process interface and WASI", async () => {
  const wit = await componentWit(packScript(engine, SCRIPT));
  const imports = wit.match(/^ {2}import .*$/gm) ?? [];
  expect(imports).toContain("  import kinode:process/standard@1.0.0;");
  expect(imports.filter((line) => !/ (wasi:|kinode:process\/)/.test(line))).toEqual([]);
  expect(wit).toContain("export init: func(our: string)");
});

test("packScript() is undone by unpackScript(), whatever the script", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (script) => {
      const packed = packScript(engine, script);
      expect(isPackedScript(packed)).toBe(true);
      expect(unpackScript(engine, packed)).toEqual(script);
    }),
    { numRuns: 10, seed: 3 },
  );
});

test("packScript() has no limit of size for the script", () => {
  const large = "/".repeat(3_000_000);
  expect(unpackScript(engine, packScript(engine, large))?.length).toBe(large.length);
});

test("unpackScript() does not take a file that differs anywhere outside the script", () => {
  const packed = packScript(engine, SCRIPT);
  for (const at of [20, 5_000, packed.length - 30, packed.length - 3]) {
    const changed = packed.slice();
    changed[at]! ^= 1;
    expect(unpackScript(engine, changed)).toBeUndefined();
  }
  expect(unpackScript(engine, engine)).toBeUndefined();
  expect(unpackScript(engine, new Uint8Array())).toBeUndefined();
});

test("packScript() refuses what is not the engine", () => {
  expect(() => packScript(new Uint8Array([1, 2, 3]), SCRIPT)).toThrow(
    "the engine is not a component",
  );
  expect(() => packScript(packScript(engine, SCRIPT), SCRIPT)).toThrow("does not import");
});

test("the script executor runs a packed script on the shared engine", async () => {
  const source = { handle: "/packed.wasm", bytes: packScript(engine, SCRIPT) };
  expect(sandbox.accepts(source)).toBe(true);
  const host = new FakeHost();
  const { ended } = (await sandbox.prepare(source)).start(host, LIMITS);
  expect(await ended).toEqual({ kind: "returned" });
  expect(host.prints).toEqual(["0 packed"]);
});

const CONVERSATION = `kinode.main(async (our) => {
  console.log(our, new URL("/x", "https://h/y").href, crypto.randomUUID().length);
  for (;;) {
    const { kind, body } = await kinode.receive();
    const text = new TextDecoder().decode(body);
    kinode.sendResponse({ body: kind + " " + text });
    if (text === "end") break;
  }
});`;

async function converse(executor: Executor, bytes: Uint8Array): Promise<void> {
  const program = await executor.prepare({ handle: "/p:s/pkg/packed.wasm", bytes });
  const host = new FakeHost();
  const { ended } = program.start(host, LIMITS);
  host.request("one");
  host.request("end");
  expect(await ended).toEqual({ kind: "returned" });
  expect(host.prints).toEqual(["0 alice.os@script:pkg:sys https://h/x 36"]);
  const answers = host.calls.filter(([what]) => what === "response");
  expect(
    answers.map(([, response]) => new TextDecoder().decode((response as Response).body)),
  ).toEqual(["request one", "request end"]);
}

test("a packed script runs as an ordinary component, by our own linker", async () => {
  await converse(createComponentExecutor({ clock, random }), packScript(engine, CONVERSATION));
});

test("a script packed with another engine runs with that one", async () => {
  const other = new Uint8Array([...engine, 0, 5, 4, ...new TextEncoder().encode("else")]);
  const packed = packScript(other, CONVERSATION);
  expect(unpackScript(engine, packed)).toBeUndefined();
  expect(sandbox.accepts({ handle: "/x.wasm", bytes: packed })).toBe(true);
  await converse(sandbox, packed);
});

test("a packed script runs on another host: linked by jco", async () => {
  const script = `kinode.main((our) => console.log("packed for", our, new URLSearchParams({ a: "b c" }).toString()));`;
  const { init, printed } = await linkByJco(packScript(engine, script));
  init("bob.os@packed:test:bob.os");
  expect(printed).toEqual(["packed for bob.os@packed:test:bob.os a=b+c"]);
});

test("ENGINE_GLOBALS lists the globals of the engine", async () => {
  const { host } = await runScript(
    sandbox,
    "kinode.main(() => console.log(Object.getOwnPropertyNames(globalThis).join()))",
  );
  expect(host.prints[0]!.slice(2).split(",")).toEqual([...ENGINE_GLOBALS]);
});

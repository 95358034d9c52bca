import { expect, setDefaultTimeout, test } from "bun:test";
import { guestBytes } from "@kinode-ts/testing/guests";
import type { HostInterface, MeteredModuleStore } from "../src/api.ts";
import { createComponentExecutor } from "../src/executor.ts";
import { DEFAULT_COMPONENT_LIMITS } from "../src/limits.ts";
import { loadComponent } from "../src/load-component.ts";
import { parseComponent } from "../src/parse-component.ts";
import { ProgramCache } from "../src/program-cache.ts";
import { selectInterface } from "../src/select-interface.ts";
import { LIMITS, address, options } from "./run-guest.ts";
import { DirectLink } from "@kinode-ts/testing/direct-link";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const load = (bytes: Uint8Array) => loadComponent(bytes, options());
const CORE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

test("garbage is refused with a text that says what it is not", async () => {
  await expect(load(new Uint8Array([1, 2, 3]))).rejects.toThrow(
    "Cannot load the component: the file does not start with the WebAssembly magic bytes",
  );
  await expect(load(new Uint8Array(0))).rejects.toThrow("magic bytes");
});

test("a core module is refused with what to do about it", async () => {
  await expect(load(CORE)).rejects.toThrow(
    "Cannot load the component: it is a core module, not a component. Wrap it with componentNew (jco) or wasm-tools component new",
  );
});

test("a file that is cut off is refused with the offset", async () => {
  const bytes = guestBytes("echo");
  await expect(load(bytes.slice(0, 100))).rejects.toThrow(/bytes announced, \d+ left at byte \d+/);
});

/** A copy with every occurrence of a text replaced by one of the same length. */
function patched(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1").replaceAll(from, to);
  return new Uint8Array(Buffer.from(text, "latin1"));
}

test("an unknown import is named, with what this node offers", async () => {
  const bytes = patched(
    guestBytes("echo"),
    "kinode:process/standard@1.0.0",
    "kinode:process/standard@2.0.0",
  );
  await expect(load(bytes)).rejects.toThrow(
    'unknown import "kinode:process/standard@2.0.0"; this node offers kinode:process/standard@0.7.0, kinode:process/standard@0.8.0, kinode:process/standard@1.0.0, hyperware:process/standard@1.0.0, wasi:*',
  );
});

test("a component whose main module needs other core modules runs with all of them", async () => {
  const bytes = patched(guestBytes("exit-0"), "wasi_snapshot_preview1", "wasi_snapshot_preview9");
  const host = new DirectLink().createHost(address("exit"));
  const ending = await (await load(bytes)).start(host, LIMITS).ended;
  expect(ending).toMatchObject({ kind: "trapped", reason: "it called exit with code 0" });
});

test("a component without init is refused", async () => {
  const bytes = patched(guestBytes("returns"), "init", "imit");
  await expect(load(bytes)).rejects.toThrow(
    'it does not export a function "init". Build for the world "process-v1"',
  );
});

test("[K2] 0.7.0, 0.8.0 and 1.0.0 components of both namespaces load and run, selected by their imports", async () => {
  const names = {
    "probe-0.7.0": "kinode:process/standard@0.7.0",
    "probe-0.8.0": "kinode:process/standard@0.8.0",
    "probe-1.0.0": "kinode:process/standard@1.0.0",
    "probe-hyperware-1.0.0": "hyperware:process/standard@1.0.0",
  };
  for (const [name, standard] of Object.entries(names)) {
    const program = await load(guestBytes(name));
    expect(program.standardInterface).toBe(standard);
    const host = new DirectLink().createHost(address(name));
    const process = program.start(host, LIMITS);
    const startedMs = performance.now();
    while (!host.parked && performance.now() - startedMs < 5_000)
      await new Promise((resolve) => setImmediate(resolve));
    expect(host.parked).toBe(true);
    process.kill();
    expect(await process.ended).toEqual({ kind: "killed" });
  }
});

test("two process interfaces in one component are refused", () => {
  const imports = ["kinode:process/standard@1.0.0", "hyperware:process/standard@1.0.0"].map(
    (name) => ({ name, kind: "instance" as const }),
  );
  expect(() => selectInterface({ ...parseComponent(guestBytes("echo")), imports })).toThrow(
    "two process interfaces at once",
  );
});

test("metered modules are kept and used again, and bad ones are made anew", async () => {
  const kept = new Map<string, Uint8Array>();
  let reads = 0;
  const meteredModules: MeteredModuleStore = {
    read: async (key) => (reads++, kept.get(key)),
    write: async (key, bytes) => void kept.set(key, bytes),
  };
  await loadComponent(guestBytes("echo"), options({ meteredModules }));
  expect(kept.size).toBe(1);
  await loadComponent(guestBytes("echo"), options({ meteredModules }));
  expect([kept.size, reads]).toEqual([1, 2]);
  const key = [...kept.keys()][0]!;
  kept.set(key, new Uint8Array([1, 2, 3]));
  await loadComponent(guestBytes("echo"), options({ meteredModules }));
  expect(kept.get(key)!.length).toBeGreaterThan(100);
});

test("the executor accepts files by name or first bytes, and prepares equal bytes once", async () => {
  const executor = createComponentExecutor(options());
  expect(executor.accepts({ handle: "/a:b/pkg/x.wasm", bytes: new Uint8Array(0) })).toBe(true);
  expect(executor.accepts({ handle: "/a:b/pkg/x", bytes: CORE })).toBe(true);
  await expect(
    executor.accepts({ handle: "/a:b/pkg/x.js", bytes: new TextEncoder().encode("kinode") }),
  ).toBe(false);
  const source = { handle: "/a:b/pkg/x.wasm", bytes: guestBytes("echo") };
  const first = await executor.prepare(source);
  expect(await executor.prepare({ handle: "/c:d/pkg/y.wasm", bytes: guestBytes("echo") })).toBe(
    first,
  );
  expect(await executor.prepare({ ...source, bytes: guestBytes("mirror") })).not.toBe(first);
});

test("garbage bytes as wasm fail when they are prepared, and the next file is not affected", async () => {
  const executor = createComponentExecutor(options());
  await expect(
    executor.prepare({ handle: "/a:b/pkg/x.wasm", bytes: new Uint8Array([9, 9]) }),
  ).rejects.toThrow("Cannot load the component");
  await executor.prepare({ handle: "/a:b/pkg/x.wasm", bytes: guestBytes("echo") });
});

test("programs without processes are forgotten from the longest unused on; those in use stay", async () => {
  const cache = new ProgramCache({ ...DEFAULT_COMPONENT_LIMITS, maxIdlePrograms: 1 });
  const provide = (name: string) => cache.provide(guestBytes(name), load);
  const echo = await provide("echo");
  const host = new DirectLink().createHost(address("echo"));
  const process = echo.start(host, LIMITS);
  await provide("mirror");
  await provide("returns");
  expect(cache.size).toBe(2);
  expect(await provide("echo")).toBe(echo);
  process.kill();
  await process.ended;
  await Promise.resolve();
  expect(cache.size).toBe(1);
});

test("idle programs are also forgotten when their code takes too much memory", async () => {
  const { codeBytes } = await load(guestBytes("echo"));
  const limits = { ...DEFAULT_COMPONENT_LIMITS, maxIdleCodeBytes: Math.floor(2.5 * codeBytes) };
  const cache = new ProgramCache(limits);
  const echo = await cache.provide(guestBytes("echo"), load);
  for (const name of ["mirror", "receiver", "ping"]) await cache.provide(guestBytes(name), load);
  expect(cache.size).toBeLessThanOrEqual(2);
  expect(await cache.provide(guestBytes("echo"), load)).not.toBe(echo);
});

test("programs whose code together would take too much memory are refused; room comes back with the end of others", async () => {
  const { codeBytes } = await load(guestBytes("echo"));
  const bound = Math.floor(1.5 * codeBytes);
  const cache = new ProgramCache({
    ...DEFAULT_COMPONENT_LIMITS,
    maxIdleCodeBytes: 0,
    maxTotalCodeBytes: bound,
  });
  const echo = await cache.provide(guestBytes("echo"), load);
  const process = echo.start(new DirectLink().createHost(address("echo")), LIMITS);
  await expect(cache.provide(guestBytes("mirror"), load)).rejects.toThrow(
    "the memory for the code of all programs",
  );
  process.kill();
  await process.ended;
  await Promise.resolve();
  const returns = await cache.provide(guestBytes("returns"), load);
  expect(returns.codeBytes).toBeLessThan(bound);
});

test("a failed program is not kept", async () => {
  const cache = new ProgramCache(DEFAULT_COMPONENT_LIMITS);
  await expect(cache.provide(CORE, load)).rejects.toThrow("core module");
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(cache.size).toBe(0);
});

test("an interface of the host that is not asked for stays out of the way", async () => {
  const extra: HostInterface = { name: "kinode:script/source@0.1.0", functions: {} };
  const program = await loadComponent(guestBytes("echo"), options({ interfaces: [extra] }));
  expect(program.standardInterface).toBe("kinode:process/standard@1.0.0");
});

test("public names of @kinode-ts/component", async () => {
  expect(Object.keys(await import("../src/index.ts")).sort()).toEqual([
    "BlobPool",
    "ComponentError",
    "DEFAULT_COMPONENT_LIMITS",
    "InstanceError",
    "LinearMemories",
    "MemoryBudget",
    "bool",
    "bytes",
    "compileComponent",
    "createComponentExecutor",
    "enumOf",
    "f64",
    "list",
    "loadComponent",
    "machineMemoryBytes",
    "option",
    "parseComponent",
    "record",
    "result",
    "s32",
    "string",
    "systemMemories",
    "systemPowers",
    "tuple",
    "u16",
    "u32",
    "u64",
    "u8",
  ]);
});

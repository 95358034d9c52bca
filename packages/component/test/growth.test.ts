/**
 * Memory that grows, in real guests: where it ends, and what the node sees of it.
 * @module
 */
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { processorMs } from "@kinode-ts/testing/processor-time";
import type { ComponentOptions } from "../src/api.ts";
import { LinearMemories } from "../src/linear-memories.ts";
import { loadComponent } from "../src/load-component.ts";
import { processWorld } from "./hostile/caller.ts";
import { assemble, runMetered, runPlain } from "./metered-core.ts";
import { address, LIMITS, options, runGuest, until } from "./run-guest.ts";

setDefaultTimeout(60_000);

const PAGE_BYTES = 65_536;
const OUT_OF_BOUNDS = /Out of bounds memory access/;

/** Grows by `grow` pages, then does `access` at the address that `run` is given, `count` times. */
const accessing = (access: string, grow = 0, count = 1) =>
  assemble(`(module (memory 2 100)
    (func (export "run") (param $at i32) (result i32) (local $left i32)
      (drop (memory.grow (i32.const ${grow})))
      (local.set $left (i32.const ${count}))
      (loop $next
        ${access}
        (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (memory.size)))`);

const ACCESSES: readonly (readonly [name: string, text: string, bytes: number])[] = [
  ["a byte loaded", "(drop (i32.load8_u (local.get $at)))", 1],
  ["a byte stored", "(i32.store8 (local.get $at) (i32.const 1))", 1],
  ["eight bytes loaded", "(drop (i64.load (local.get $at)))", 8],
  ["eight bytes stored", "(i64.store (local.get $at) (i64.const 1))", 8],
  ["sixteen bytes loaded", "(drop (v128.load (local.get $at)))", 16],
  ["bytes filled", "(memory.fill (local.get $at) (i32.const 1) (i32.const 5))", 5],
  ["bytes copied", "(memory.copy (i32.const 0) (local.get $at) (i32.const 5))", 5],
];

describe.each(ACCESSES)("%s", (_name, text, bytes) => {
  test("behind the end of memory it traps, near and far, and before the end it does not", async () => {
    for (const grow of [0, 1, 30]) {
      // often enough to be compiled by every tier
      for (const count of [1, 20_000]) {
        const module = await accessing(text, grow, count);
        const end = (2 + grow) * PAGE_BYTES;
        expect(runMetered(module, end - bytes, 100).result).toBe(2 + grow);
        for (const at of [
          end - bytes + 1,
          end,
          100 * PAGE_BYTES,
          2 ** 31 - 1,
          2 ** 31,
          2 ** 32 - 1,
        ]) {
          expect(() => runMetered(module, at | 0, 100)).toThrow(OUT_OF_BOUNDS);
        }
      }
    }
  });
});

test("size and growth are what they are without a node, up to the maximum that the module declares", async () => {
  const module = await assemble(`(module (memory 2 100)
    (func (export "run") (param i32) (result i32)
      (i32.add (i32.mul (memory.grow (local.get 0)) (i32.const 1000)) (memory.size))))`);
  for (const pages of [0, 1, 97, 98, 99, 65_536, -1, -(2 ** 31)])
    expect(runMetered(module, pages, 100).result).toBe(runPlain(module, pages));
});

/** Prints from its first page, then from pages that it adds, then waits. */
const PRINTER = `(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "first") (data (i32.const 32) "added")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func (export "init") (param i32 i32)
    (call $print (i32.const 0) (i32.const 16) (i32.const 5))
    (drop (memory.grow (i32.const 3)))
    (memory.copy (i32.const 200000) (i32.const 32) (i32.const 5))
    (call $print (i32.const 0) (i32.const 200000) (i32.const 5))
    (call $receive (i32.const 1024))))`;

async function startPrinter(given: Partial<ComponentOptions>) {
  const world = await processWorld("kinode-process-1.0.0", "process-v1");
  const binary = await parse(PRINTER);
  const bytes = await componentNew(await componentEmbed({ binary, ...world }), []);
  const program = await loadComponent(bytes, options(given));
  const host = new DirectLink().createHost(address("printer"), true);
  return { host, process: program.start(host, LIMITS) };
}

describe.each([["the fast way", {}] as const, ["the general way", { path: "general" }] as const])(
  "%s",
  (_name, way) => {
    test("text in pages that a process has added arrives", async () => {
      const { host, process } = await startPrinter(way);
      await until(() => host.parked);
      expect(host.lines).toEqual(["first", "added"]);
      expect(process.usage().memoryBytes).toBe(4 * PAGE_BYTES);
      process.kill();
    });

    test("a process that there is no address space for ends with a text that says so", async () => {
      const memories = new LinearMemories({ reserveBytes: 1 << 20, maxMemories: 0 });
      const { process } = await startPrinter({ ...way, memories });
      expect(await process.ended).toMatchObject({
        kind: "trapped",
        reason: "the node has no address space left for another memory",
      });
    });
  },
);

test("growing to 480 MiB step by step takes no longer than the steps: nothing is copied", async () => {
  let usedMs = processorMs();
  const guest = await runGuest("memory-bomb", { processLimits: { maxMemoryBytes: 480 << 20 } });
  await until(() => guest.host.lines.length === 1);
  usedMs = processorMs() - usedMs;
  expect(guest.process.usage().memoryBytes).toBeGreaterThan(470 << 20);
  // copied at each of the 480 steps it would be 112 GiB: a minute at the least
  expect(usedMs).toBeLessThan(10_000);
  guest.process.kill();
});

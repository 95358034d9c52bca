import { expect, setDefaultTimeout, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import type { DirectHost } from "@kinode-ts/testing/direct-link";
import { processorMs } from "@kinode-ts/testing/processor-time";
import { loadComponent } from "../src/load-component.ts";
import { composedProcess } from "./composed-text.ts";
import { parseText } from "./build-component.ts";
import { LIMITS, address, options, until } from "./run-guest.ts";

setDefaultTimeout(120_000);

const GREET = `
  (call $hello (local.get 0) (local.get 1) (i32.const 1024))
  (call $print (i32.const 0) (i32.load (i32.const 1024)) (i32.load (i32.const 1028)))`;

async function start(body: string, prepare: (host: DirectHost) => void = () => {}, fuel = 10_000) {
  const program = await loadComponent(await parseText(composedProcess(body)), options());
  const host = new DirectLink().createHost(address("composed"), true);
  host.turn = (resume) => void setImmediate(resume);
  prepare(host);
  return { host, process: program.start(host, { ...LIMITS, fuelPerCheck: fuel }) };
}

test("one component of a process calls another, which waits meanwhile", async () => {
  const { host, process } = await start(
    GREET,
    (host) => (host.state = new TextEncoder().encode("kept")),
  );
  expect(await process.ended).toEqual({ kind: "returned" });
  expect(host.lines).toEqual(["our@composed:test:sys", "kept"]);
});

test("with fuel 1 it does the same", async () => {
  const { host, process } = await start(GREET, undefined, 1);
  expect(await process.ended).toEqual({ kind: "returned" });
  expect(host.lines).toEqual(["our@composed:test:sys", "our@composed:test:sys"]);
});

test("post-return functions run once for each call", async () => {
  const { process } = await start(
    `${GREET} ${GREET} (if (i32.ne (call $count) (i32.const 2)) (then unreachable))`,
  );
  expect(await process.ended).toEqual({ kind: "returned" });
});

test("a process is killed while a component of it waits for another that waits", async () => {
  const { host, process } = await start(GREET, (host) => {
    host.getState = () => {
      host.calls.push(["asked"]);
      return new Promise(() => {});
    };
  });
  await until(() => host.calls.some(([name]) => name === "asked"));
  process.kill();
  expect(await process.ended).toEqual({ kind: "killed" });
  expect(host.lines).toEqual([]);
});

test("a process is killed while a component of it waits for another that computes", async () => {
  const { host, process } = await start("(call $spin)", (host) => (host.sliceOver = true));
  await until(() => host.yieldCount > 5);
  const startedMs = processorMs();
  process.kill();
  expect(await process.ended).toEqual({ kind: "killed" });
  expect(processorMs() - startedMs).toBeLessThan(250);
});

test("a trap in one component ends the process", async () => {
  const { process } = await start("(call $crash) (call $spin)");
  expect(await process.ended).toEqual({
    kind: "trapped",
    reason: "it executed an unreachable instruction (a panic or an abort)",
    stderr: "",
  });
});

test("memories of all components count together", async () => {
  const { process } = await start("(call $get-state (i32.const 16)) (loop $l (br $l))", (host) => {
    host.sliceOver = true;
  });
  await until(() => process.usage().memoryBytes > 3 * 65_536);
  // two of two pages each
  expect(process.usage().memoryBytes).toBe(4 * 65_536);
  process.kill();
  await process.ended;
  expect(process.usage().memoryBytes).toBe(0);
});

test("a process needs room for all its memories to start", async () => {
  const program = await loadComponent(await parseText(composedProcess("")), options());
  const host = new DirectLink().createHost(address("composed"));
  const process = program.start(host, { ...LIMITS, maxMemoryBytes: 3 * 65_536 });
  expect(await process.ended).toMatchObject({
    reason: "it needs 262144 bytes of memory to start, above its limit of 196608",
  });
});

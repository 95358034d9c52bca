import { MemoryBudget } from "../src/memory-budget.ts";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { processorMs } from "@kinode-ts/testing/processor-time";
import type { ComponentOptions } from "../src/api.ts";
import { address, killAndTime, runGuest as runOnAnyPath, until } from "./run-guest.ts";
import type { RunOptions } from "./run-guest.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

/** A scheduler that wants its turn back at every look. */
const impatient: RunOptions = {
  prepare: (host) => {
    host.sliceOver = true;
  },
};

test("a start function that never ends traps when its fuel is used up", async () => {
  const startedMs = processorMs();
  const ending = await (await runOnAnyPath("endless-start")).ended;
  expect(ending).toMatchObject({ reason: expect.stringContaining("unreachable") });
  expect(processorMs() - startedMs).toBeLessThan(2_000);
});

test("where start functions may wait, one that never ends gives way and is killed", async () => {
  const guest = await runOnAnyPath("endless-start", { ...impatient, path: "general" });
  await until(() => guest.host.yieldCount > 20);
  expect(await killAndTime(guest)).toBeLessThan(250);
  expect(await guest.ended).toEqual({ kind: "killed" });
});

/** Both ways to run a component. */
const PATHS: readonly (readonly [string, Partial<ComponentOptions>])[] = [
  ["main module alone", {}],
  ["all modules as they are wired", { path: "general" }],
];

describe.each(PATHS)("%s", (_path, path) => {
  const runGuest = (name: string, given: RunOptions = {}) =>
    runOnAnyPath(name, { ...path, ...given });

  async function reasonOf(name: string, given: RunOptions = {}): Promise<string> {
    const ending = await (await runGuest(name, given)).ended;
    if (ending.kind !== "trapped") throw new Error(`${name} ended as ${ending.kind}`);
    return ending.reason;
  }

  for (const name of [
    "endless-loop",
    "endless-initialize",
    "endless-tail-calls",
    "endless-fill",
    "endless-compute-catch",
    "print-flood",
  ]) {
    test(`${name}: others have their turn, and it is killed within 250 ms`, async () => {
      const guest = await runGuest(name, impatient);
      const echo = await runGuest("echo");
      await until(() => guest.host.yieldCount > 20);
      echo.host.request(address("x"), new Uint8Array(1));
      await until(() => echo.host.responses.length === 1);
      expect(await killAndTime(guest)).toBeLessThan(250);
      expect(await guest.ended).toEqual({ kind: "killed" });
      echo.process.kill();
    });
  }

  test("a kill by the host alone ends a computing process at its next fuel check", async () => {
    const guest = await runGuest("endless-loop", {
      prepare: (host) => {
        host.sliceIsOver = () => {
          host.killed = host.calls.push(["look"]) === 3;
          return false;
        };
      },
    });
    expect(await guest.ended).toEqual({ kind: "killed" });
    expect(guest.host.calls.length).toBe(3);
  });

  test("a process that catches everything is killed like any other", async () => {
    const waiting = await runGuest("endless-catch");
    await until(() => waiting.host.parked);
    expect(await killAndTime(waiting)).toBeLessThan(250);
    expect(await waiting.ended).toEqual({ kind: "killed" });
  });

  test("a busy receiver that never has to wait still gives way", async () => {
    const guest = await runGuest("receiver", impatient);
    await until(() => guest.host.parked);
    for (let i = 0; i < 20_000; i++)
      guest.host.request(address("x"), new Uint8Array(4), { expectsResponse: undefined });
    guest.host.request(address("x"), new Uint8Array(4));
    await until(() => guest.host.responses.length === 1);
    const { body } = guest.host.responses[0]!.response;
    expect(new DataView(body.buffer).getUint32(0, true)).toBe(20_000);
    expect(guest.host.yieldCount).toBeGreaterThan(10);
    guest.process.kill();
  });

  test("memory grows to the limit of the process and no further", async () => {
    const guest = await runGuest("memory-bomb", { processLimits: { maxMemoryBytes: 4 << 20 } });
    await until(() => guest.host.lines.length === 1);
    expect(guest.host.lines).toEqual(["refused"]);
    const { memoryBytes } = guest.process.usage();
    expect(memoryBytes).toBeLessThanOrEqual(4 << 20);
    expect(memoryBytes).toBeGreaterThan(3 << 20);
    guest.process.kill();
  });

  test("many processes together get no more than the memory of the node, and give it back when they end", async () => {
    // Room for two that grow to 3.125 MiB (128 KiB and steps of 1 MiB), and for three that only start.
    const memory = new MemoryBudget((6 << 20) + (640 << 10));
    const bomb = () =>
      runGuest("memory-bomb", { memory, processLimits: { maxMemoryBytes: 4 << 20 } });
    const guests = [];
    for (let i = 0; i < 6; i++) {
      const guest = await bomb();
      guests.push(guest);
      await Promise.race([until(() => guest.host.lines.length === 1), guest.ended]);
    }
    const sizes = guests.map((guest) => guest.process.usage().memoryBytes);
    expect(sizes.filter((bytes) => bytes > 3 << 20)).toHaveLength(2);
    expect(memory.usedBytes).toBeLessThanOrEqual(memory.maxBytes);
    // The last ones did not even start.
    expect(await guests[5]!.ended).toMatchObject({
      reason: "the memory that all processes of this node may have together is used up",
    });
    for (const guest of guests) guest.process.kill();
    await Promise.all(guests.map((guest) => guest.ended));
    expect(memory.usedBytes).toBe(0);
    const again = await bomb();
    await until(() => again.host.lines.length === 1);
    expect(again.process.usage().memoryBytes).toBeGreaterThan(3 << 20);
    again.process.kill();
  });

  test("a process that needs more memory than its limit from the start ends with a text that says so", async () => {
    expect(await reasonOf("echo", { processLimits: { maxMemoryBytes: 65_536 } })).toBe(
      "it needs 131072 bytes of memory to start, above its limit of 65536",
    );
  });

  test("tables grow to their limit and no further", async () => {
    const guest = await runGuest("table-bomb", { limits: { maxTableElements: 50_000 } });
    expect(await guest.ended).toEqual({ kind: "returned" });
    expect(guest.host.lines).toEqual(["refused"]);
  });

  const VIOLATIONS: readonly (readonly [string, string])[] = [
    [
      "print-outside",
      "The process passed 1000 bytes at address 131000, outside its memory of 131072 bytes",
    ],
    [
      "print-huge",
      "The process passed 1073741824 bytes at address 0, outside its memory of 131072 bytes",
    ],
    ["print-bad-utf8", "The process passed a string that is not UTF-8, 3 bytes at 16"],
    ["receive-misaligned", "The process passed address 1027, which is not aligned to 8 bytes"],
    [
      "receive-outside",
      "The process passed 152 bytes at address 131064, outside its memory of 131072 bytes",
    ],
    [
      "list-huge",
      "The process passed 34359738368 bytes at address 0, outside its memory of 131072 bytes",
    ],
  ];

  for (const [name, reason] of VIOLATIONS) {
    test(`${name}: traps with the value and the bound`, async () => {
      expect(await reasonOf(name)).toBe(reason);
    });
  }

  test("an option that is neither none nor some traps", async () => {
    const guest = await runGuest("bad-discriminant");
    guest.host.request(address("x"), new Uint8Array(1));
    expect(await guest.ended).toMatchObject({
      kind: "trapped",
      reason: "The process passed case 7 of an option, which has 2 cases",
    });
  });

  test("an allocator that never ends is ended, and the node's call of it returns", async () => {
    const guest = await runGuest("realloc-endless");
    await until(() => guest.host.parked);
    const startedMs = processorMs();
    guest.host.request(address("x"), new Uint8Array(1));
    expect(await guest.ended).toMatchObject({ kind: "trapped" });
    expect(processorMs() - startedMs).toBeLessThan(1_000);
  });

  test("an allocator that points outside memory traps, and nothing is written", async () => {
    const guest = await runGuest("realloc-outside");
    await until(() => guest.host.parked);
    guest.host.request(address("x"), new Uint8Array(1));
    expect(await guest.ended).toMatchObject({
      kind: "trapped",
      reason: expect.stringContaining("outside its memory of 131072 bytes"),
    });
  });

  test("an allocator that calls the node traps before the call arrives", async () => {
    const guest = await runGuest("realloc-calls-out");
    expect(await guest.ended).toMatchObject({ kind: "trapped" });
    expect(guest.host.lines).toEqual([]);
  });

  test("with fuel 1 everything works as with much, only slower", async () => {
    const { process, host } = await runGuest("mirror", {
      ...impatient,
      processLimits: { fuelPerCheck: 1 },
    });
    const body = new Uint8Array(5_000).fill(7);
    for (let i = 0; i < 3; i++) host.request(address("x"), body, {}, { mime: "a/b", bytes: body });
    await until(() => host.responses.length === 3);
    expect(host.responses[2]!.response.body).toEqual(body);
    expect(host.responses[2]!.blob).toMatchObject({ mime: "a/b", bytes: body });
    expect(host.yieldCount).toBeGreaterThan(3);
    process.kill();
  });

  test("functions that call each other too deeply end their process", async () => {
    expect(await reasonOf("deep-recursion")).toBe(
      "it ran out of stack: its functions call each other too deeply",
    );
  });
});

import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { watchMemory } from "./watch-memory.ts";

const MIB = 1024 * 1024;
const LOOK_MS = 2_000;

function machine(machineMib: number, startMib: number) {
  const clock = createVirtualClock();
  const state = { mib: startMib, machineMib, collections: 0 };
  const stop = watchMemory({
    clock,
    machineBytes: () => state.machineMib * MIB,
    residentBytes: () => state.mib * MIB,
    collectGarbage: () => void state.collections++,
  });
  /** What is in use at the next looks; returns the collections so far. */
  const see = async (...sizes: readonly number[]): Promise<number> => {
    for (const mib of sizes) {
      state.mib = mib;
      await clock.advance(LOOK_MS);
    }
    return state.collections;
  };
  return { clock, state, stop, see };
}

test("garbage is collected when a sixteenth of the machine has been added to the least that was in use", async () => {
  const { see } = machine(2_048, 600);
  expect(await see(650, 700, 727)).toBe(0);
  expect(await see(728)).toBe(1);
  // what is left is what counts from then on
  expect(await see(610, 737)).toBe(1);
  expect(await see(738)).toBe(2);
  // the engine had collected by itself
  expect(await see(620, 500, 627)).toBe(2);
  expect(await see(628)).toBe(3);
});

test("as long as three quarters of the machine are free, nothing is collected", async () => {
  const { see } = machine(2_048, 100);
  expect(await see(300, 511)).toBe(0);
  expect(await see(512)).toBe(1);
});

test("memory that is in use and stays is no reason to collect again", async () => {
  const { see } = machine(2_048, 400);
  expect(await see(1_000)).toBe(1);
  expect(await see(1_000, 1_050, 1_000, 1_100)).toBe(1);
});

test("neither a tiny machine nor a large one changes the growth that is worth a collection much", async () => {
  const tiny = machine(512, 200);
  expect(await tiny.see(263)).toBe(0);
  expect(await tiny.see(264)).toBe(1);
  const large = machine(65_536, 20_000);
  expect(await large.see(20_511)).toBe(0);
  expect(await large.see(20_512)).toBe(1);
});

test("the limit of a container may change while the node runs", async () => {
  const { see, state } = machine(8_192, 400);
  expect(await see(600)).toBe(0);
  state.machineMib = 2_048;
  expect(await see(600)).toBe(1);
});

test("when the node stops nothing is looked at any more", async () => {
  const { clock, stop, see } = machine(2_048, 400);
  stop();
  expect(clock.pendingTimerCount).toBe(0);
  expect(await see(2_000)).toBe(0);
});

test("a look that the system does not allow is left out, and the next one counts again", async () => {
  const { state, see } = machine(2_048, 600);
  Object.defineProperty(state, "mib", {
    get: () => {
      throw new Error("Failed to get memory usage");
    },
    set: () => {},
    configurable: true,
  });
  expect(await see(0, 0)).toBe(0);
  Object.defineProperty(state, "mib", { value: 600, writable: true });
  expect(await see(650, 740)).toBe(1);
});

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
  const { see } = machine(2_048, 400);
  expect(await see(450, 500, 527)).toBe(0);
  expect(await see(528)).toBe(1);
  // what is left is what counts from then on
  expect(await see(410, 537)).toBe(1);
  expect(await see(538)).toBe(2);
  // the engine had collected by itself
  expect(await see(420, 300, 427)).toBe(2);
  expect(await see(428)).toBe(3);
});

test("memory that is in use and stays is no reason to collect again", async () => {
  const { see } = machine(2_048, 400);
  expect(await see(1_000)).toBe(1);
  expect(await see(1_000, 1_050, 1_000, 1_100)).toBe(1);
});

test("neither a tiny machine nor a large one changes the growth that is worth a collection much", async () => {
  const tiny = machine(512, 100);
  expect(await tiny.see(163)).toBe(0);
  expect(await tiny.see(164)).toBe(1);
  const large = machine(65_536, 1_000);
  expect(await large.see(1_511)).toBe(0);
  expect(await large.see(1_512)).toBe(1);
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

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
  const { see } = machine(4_096, 3_000);
  expect(await see(3_100, 3_200, 3_255)).toBe(0);
  expect(await see(3_256)).toBe(1);
  // what is left is what counts from then on
  expect(await see(3_100, 3_355)).toBe(1);
  expect(await see(3_356)).toBe(2);
  // the engine had collected by itself
  expect(await see(3_200, 3_000, 3_255)).toBe(2);
  expect(await see(3_256)).toBe(3);
});

test("as long as three quarters of the machine are free, an eighth more in use is worth a collection", async () => {
  const { see } = machine(65_536, 100);
  expect(await see(195)).toBe(0);
  expect(await see(196)).toBe(1);
  const large = machine(65_536, 1_600);
  expect(await large.see(1_799)).toBe(0);
  expect(await large.see(1_800)).toBe(1);
  expect(await large.see(1_700, 1_899)).toBe(1);
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
  const { see, state } = machine(65_536, 2_000);
  expect(await see(2_200)).toBe(0);
  state.machineMib = 2_048;
  expect(await see(2_200)).toBe(1);
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

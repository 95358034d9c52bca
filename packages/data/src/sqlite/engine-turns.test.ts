import { expect, test } from "bun:test";
import type { Clock } from "@kinode-ts/types";
import { ENGINE_SLICE_MS, EngineTurns } from "./engine-turns.ts";

/** A clock that is moved by hand, turn by turn. */
class HandClock implements Clock {
  ms = 0;
  #turns: (() => void)[] = [];
  nowMs = () => this.ms;
  monotonicMs = () => this.ms;
  after = () => ({ cancel() {} });
  afterTurn = (turn: () => void) => void this.#turns.push(turn);

  async turn(): Promise<void> {
    for (const turn of this.#turns.splice(0)) turn();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

function setUp() {
  const clock = new HandClock();
  const turns = new EngineTurns(clock);
  const log: string[] = [];
  return {
    clock,
    turns,
    log,
    /** A statement that takes a whole slice each time it is its turn. */
    long(name: string): void {
      turns.afterTurn(() => {
        log.push(name);
        clock.ms += ENGINE_SLICE_MS;
        this.long(name);
      });
    },
    async short(name: string, ms: number): Promise<void> {
      await turns.begin();
      log.push(name);
      clock.ms += ms;
      turns.end();
    },
  };
}

test("statements begin at once while the slice of this turn lasts", async () => {
  const { turns, clock, log, short } = setUp();
  for (let i = 0; i < 3; i++) expect(turns.begin()).toBeUndefined();
  clock.ms += ENGINE_SLICE_MS;
  void short("late", 0);
  await Promise.resolve();
  expect(log).toEqual([]);
  await clock.turn();
  expect(log).toEqual(["late"]);
});

test("all engines together have one slice in a turn, and long statements take turns", async () => {
  const set = setUp();
  for (const name of ["a", "b", "c"]) set.long(name);
  for (let turn = 0; turn < 6; turn++) {
    const before = set.clock.ms;
    await set.clock.turn();
    expect(set.clock.ms - before).toBe(ENGINE_SLICE_MS);
  }
  expect(set.log).toEqual(["a", "b", "c", "a", "b", "c"]);
});

test("a short statement waits for two turns at most, not for each long one", async () => {
  const set = setUp();
  for (let i = 0; i < 10; i++) set.long(`long-${i}`);
  await set.clock.turn();
  for (let i = 0; i < 20; i++) {
    set.log.length = 0;
    const done = set.short("short", 0.1);
    await set.clock.turn();
    await set.clock.turn();
    await done;
    expect(set.log).toContain("short");
    // And the long ones are not kept out by short ones.
    expect(set.log.some((name) => name.startsWith("long"))).toBe(true);
  }
});

test("many short statements share what is left of a slice", async () => {
  const set = setUp();
  void set.turns.begin();
  set.clock.ms += ENGINE_SLICE_MS;
  const done = ["a", "b", "c", "d"].map((name) => set.short(name, ENGINE_SLICE_MS / 2));
  await set.clock.turn();
  expect(set.log).toEqual(["a", "b"]);
  await set.clock.turn();
  expect(set.log).toEqual(["a", "b", "c", "d"]);
  await Promise.all(done);
});

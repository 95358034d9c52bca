import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import type { Word } from "../framing/words.ts";
import { DEFAULT_PULSE_LIMITS, Pulse } from "./pulse.ts";

function setUp() {
  const clock = createVirtualClock();
  const said: Word[] = [];
  const events: string[] = [];
  const state = { isWaiting: false };
  const pulse = new Pulse({
    clock,
    limits: DEFAULT_PULSE_LIMITS,
    isWaiting: () => state.isWaiting,
    say: (word) => void said.push(word),
    silent: () => void events.push(`silent ${clock.monotonicMs()}`),
    dead: () => void events.push(`dead ${clock.monotonicMs()}`),
  });
  return { clock, said, events, state, pulse };
}

test("what was read is confirmed after a while, at once when it is much, and once", async () => {
  const { clock, said, pulse } = setUp();
  pulse.read(100, true);
  await clock.advance(99);
  expect(said).toEqual([]);
  await clock.advance(1);
  expect(said).toEqual([{ kind: "read", count: 1 }]);
  for (let each = 0; each < 64; each += 1) pulse.read(10, true);
  pulse.read(1024 * 1024, false);
  expect(said.slice(1)).toEqual([
    { kind: "read", count: 65 },
    { kind: "read", count: 65 },
  ]);
  await clock.advance(10_000);
  expect(said.length).toBe(3);
});

test("nothing heard while something is unconfirmed is a silence, told once, and its end after two minutes", async () => {
  const { clock, events, state, pulse } = setUp();
  state.isWaiting = true;
  pulse.sent();
  await clock.advance(1_500);
  pulse.heard();
  await clock.advance(1_999);
  expect([events, pulse.isSilent]).toEqual([[], false]);
  await clock.advance(1);
  expect([events, pulse.isSilent]).toEqual([["silent 3500"], true]);
  await clock.advance(60_000);
  expect(events).toEqual(["silent 3500"]);
  pulse.heard();
  expect(pulse.isSilent).toBe(false);
  await clock.advance(130_000);
  expect(events.length).toBe(3);
  expect(events[2]).toStartWith("dead ");
});

test("without anything unconfirmed nobody is asked, except where a connection must be there", async () => {
  const { clock, said, events, pulse } = setUp();
  pulse.sent();
  await clock.advance(300_000);
  expect([said, events]).toEqual([[], []]);
  pulse.mayAsk();
  await clock.advance(10_000);
  expect([said, events]).toEqual([[{ kind: "ask" }], []]);
  await clock.advance(2_000);
  expect(events).toEqual(["silent 312000"]);
  pulse.heard();
  await clock.advance(9_000);
  pulse.stop();
  await clock.advance(300_000);
  expect([said.length, events.length]).toEqual([1, 1]);
});

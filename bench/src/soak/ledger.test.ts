import { expect, test } from "bun:test";
import { Ledger } from "./ledger.ts";
import { type Sample, trendOf } from "./watch.ts";

const A = "a:soak:example.os";
const answer = (step: number, counter: number, more = {}) => ({
  step,
  counter,
  wrong: [],
  stray: 0,
  ...more,
});

function ledger(): Ledger {
  return new Ledger(() => {});
}

test("the ledger is content with each step answered once", () => {
  const l = ledger();
  for (const step of [1, 2, 3]) {
    l.sent(A);
    l.stepped(A, step, ["kv"], answer(step, step));
  }
  l.close(new Set());
  expect(l.faults).toEqual([]);
  expect(l.lastOf(A, "kv")).toBe(3);
});

test("the ledger sees a step done twice, one lost, a foreign answer and a stray one", () => {
  const twice = ledger();
  twice.sent(A);
  twice.stepped(A, 1, [], answer(1, 2));
  expect(twice.faults[0]).toContain("did 2 steps, but was sent 1");

  const lost = ledger();
  lost.sent(A);
  lost.sent(A);
  lost.stepped(A, 1, [], answer(1, 1));
  lost.close(new Set());
  expect(lost.faults[0]).toContain("answered 1 of 2");
  const excused = ledger();
  excused.sent(A);
  excused.close(new Set([A]));
  expect(excused.faults).toEqual([]);

  const foreign = ledger();
  foreign.sent(A);
  foreign.stepped(A, 1, [], answer(7, 1, { stray: 1, wrong: ["kv: gone"] }));
  expect(foreign.faults).toHaveLength(3);
});

function samples(rss: (at: number) => number): Sample[] {
  return Array.from({ length: 400 }, (_, at) => ({
    atMs: at * 4_500,
    rssMib: rss(at),
    files: 100,
    sockets: 1,
  }));
}

test("memory that rises and is collected is flat, memory that only rises is not", () => {
  const sawtooth = trendOf(
    samples((at) => 400 + (at % 70) * 8),
    100,
  );
  expect(sawtooth.isFlat).toBe(true);
  expect(sawtooth.maxMib).toBeGreaterThan(900);
  const leak = trendOf(
    samples((at) => 400 + at),
    100,
  );
  expect(leak.isFlat).toBe(false);
  expect(leak.mibPerHour).toBeCloseTo(800, -1);
});

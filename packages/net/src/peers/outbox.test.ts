import { expect, test } from "bun:test";
import fc from "fast-check";
import { Outbox, type Outgoing } from "./outbox.ts";

interface Item extends Outgoing {
  readonly number: number;
}
const item = (flow: string, byteLength: number, number = 0): Item => ({ flow, byteLength, number });

test("a small message waits for one message of each large transfer, not for all", () => {
  const outbox = new Outbox<Item>();
  for (let number = 0; number < 50; number += 1) outbox.push(item("large", 256 * 1024, number));
  expect(outbox.shift()?.flow).toBe("large");
  outbox.push(item("small", 100));
  const next = [outbox.shift()?.flow, outbox.shift()?.flow];
  expect(next).toContain("small");
});

test("flows with equal messages share equally, whatever was there first", () => {
  const outbox = new Outbox<Item>({ turnBytes: 1_000 });
  for (const flow of ["a", "b", "c"]) {
    for (let number = 0; number < 100; number += 1) outbox.push(item(flow, 300, number));
  }
  const first = Array.from({ length: 90 }, () => outbox.shift()!.flow);
  for (const flow of ["a", "b", "c"]) {
    expect(Math.abs(first.filter((each) => each === flow).length - 30)).toBeLessThanOrEqual(4);
  }
});

test("bounds of bytes and count, and of one flow; a message larger than a bound goes alone", () => {
  const outbox = new Outbox<Item>({ maxBytes: 100, maxFlowBytes: 60, maxCount: 4 });
  expect([outbox.push(item("a", 40)), outbox.push(item("a", 30))]).toEqual([true, false]);
  expect([outbox.push(item("b", 50)), outbox.push(item("c", 20))]).toEqual([true, false]);
  expect([outbox.push(item("c", 5)), outbox.push(item("d", 5)), outbox.push(item("e", 0))]).toEqual(
    [true, true, false],
  );
  expect([outbox.count, outbox.byteLength]).toEqual([4, 100]);
  const large = new Outbox<Item>({ maxBytes: 100, maxFlowBytes: 60 });
  expect([large.push(item("a", 1_000)), large.push(item("b", 1))]).toEqual([true, false]);
});

test("nothing is lost or doubled, each flow keeps its order, and counts are true at every step", () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ flow: fc.constantFrom("a", "b", "c"), size: fc.nat(300) }),
    },
    { weight: 2, arbitrary: fc.constant(undefined) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const outbox = new Outbox<Item>({ turnBytes: 100 });
      const waiting: Item[] = [];
      const check = (taken: Item): void => {
        expect(taken).toBe(waiting.find(({ flow }) => flow === taken.flow)!);
        waiting.splice(waiting.indexOf(taken), 1);
      };
      for (const [number, next] of steps.entries()) {
        if (next === undefined) {
          const taken = outbox.shift();
          expect(taken === undefined).toBe(waiting.length === 0);
          if (taken !== undefined) check(taken);
        } else {
          const added = item(next.flow, next.size, number);
          expect(outbox.push(added)).toBe(true);
          waiting.push(added);
        }
        expect(outbox.count).toBe(waiting.length);
        expect(outbox.byteLength).toBe(waiting.reduce((sum, each) => sum + each.byteLength, 0));
      }
      for (const taken of outbox.drain()) check(taken);
      expect([waiting.length, outbox.count, outbox.byteLength]).toEqual([0, 0, 0]);
    }),
  );
});

test("a long flow does not grow with what was sent", () => {
  const outbox = new Outbox<Item>();
  for (let number = 0; number < 100_000; number += 1) {
    expect(outbox.push(item("a", 10, number))).toBe(true);
    if (number % 2 === 1 || number > 8_000) expect(outbox.shift()?.flow).toBe("a");
  }
  expect(outbox.count).toBeLessThan(8_192);
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { SharedRoom } from "./shared-room.ts";

test("one owner gets half of it, and another still finds room", () => {
  const room = new SharedRoom<string>(400);
  const greedy = room.open("a");
  expect([greedy.take(200), greedy.take(1)]).toEqual([true, false]);
  const more = room.open("a");
  expect(more.take(1)).toBe(false);
  const other = room.open("b");
  expect([other.take(100), other.take(1)]).toEqual([true, false]);
  expect(room.open("c").take(100)).toBe(true);
  expect(room.open(undefined).take(1)).toBe(false);
  greedy.release();
  expect([room.usedBytes, room.open(undefined).take(200)]).toEqual([200, true]);
});

test("whatever is taken and released, no more is used than there is, and all of it comes back", () => {
  const step = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(60), fc.boolean());
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const room = new SharedRoom<number>(100);
      const bodies = new Map<string, ReturnType<typeof room.open>>();
      const taken = new Map<string, number>();
      for (const [owner, body, byteCount, isRelease] of steps) {
        const key = `${owner} ${body}`;
        const part = bodies.getOrInsertComputed(key, () => room.open(owner || undefined));
        if (isRelease) {
          part.release();
          taken.set(key, 0);
        } else if (part.take(byteCount)) taken.set(key, (taken.get(key) ?? 0) + byteCount);
        expect(room.usedBytes).toBe([...taken.values()].reduce((sum, one) => sum + one, 0));
        expect(room.usedBytes).toBeLessThanOrEqual(100);
      }
      for (const part of bodies.values()) part.release();
      expect(room.usedBytes).toBe(0);
    }),
  );
});

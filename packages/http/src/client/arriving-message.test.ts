import { expect, test } from "bun:test";
import { ArrivingMessage } from "./arriving-message.ts";

const PIECE = 512;

function roomOf(maxBytes: number) {
  const room = {
    used: 0,
    take: (count: number): boolean => {
      if (room.used + count > maxBytes) return false;
      room.used += count;
      return true;
    },
    release: (): void => void (room.used = 0),
  };
  return room;
}

test("a message takes room as it comes, above 64 KiB, and gives it back when it is whole", () => {
  const room = roomOf(200_000);
  const message = new ArrivingMessage(room);
  expect([message.came(65_000), room.used]).toEqual([true, 0]);
  expect([message.came(1_000), room.used]).toEqual([true, 66_000 + 2 * PIECE]);
  expect([message.came(100_000), room.used]).toEqual([true, 166_000 + 3 * PIECE]);
  expect([message.came(100_000), room.used]).toEqual([false, 166_000 + 3 * PIECE]);
  message.release();
  expect(room.used).toBe(0);
  const other = new ArrivingMessage(room);
  expect(other.came(100_004)).toBe(true);
  other.whole(100_004 + 50_000 - 10);
  expect([other.came(50_000), room.used]).toEqual([true, 0]);
});

test("what follows a whole message in one piece is counted; pings within are not", () => {
  const room = roomOf(1_000_000);
  const message = new ArrivingMessage(room);
  message.whole(1_000);
  message.control(125);
  expect(message.came(1_004 + 127 + 100_000)).toBe(true);
  expect(room.used).toBe(100_000 + PIECE);
  message.whole(100_000 - 10);
  expect([message.came(0), room.used]).toEqual([true, 0]);
});

test("heads that nobody tells of are forgotten with the next message", () => {
  const room = roomOf(1_000_000);
  const message = new ArrivingMessage(room);
  // 100,000 empty parts before the last one
  message.came(200_000);
  message.whole(1);
  message.came(3);
  expect(room.used).toBe(0);
});

test("many small pieces take what they hold beside their bytes", () => {
  const room = roomOf(1_000_000);
  const message = new ArrivingMessage(room);
  let count = 0;
  while (message.came(1)) count++;
  expect(count).toBeGreaterThan(1_000);
  expect(count).toBeLessThan(1_000_000 / PIECE);
});

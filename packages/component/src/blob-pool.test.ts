import { expect, test } from "bun:test";
import { BlobPool } from "./blob-pool.ts";

const SIZE = 20_000;

function leased(pool: BlobPool) {
  const bytes = pool.take(SIZE);
  return { bytes, lease: pool.lease(undefined, bytes).lease! };
}

/** What holders say, in this order, and whether the buffer may be used again after it. */
const WAYS = [
  ["received replaced", true],
  ["awaited received replaced answered", true],
  ["awaited received answered replaced", true],
  ["awaited answered received replaced", true],
  ["", false],
  ["received", false],
  ["replaced", false],
  ["awaited", false],
  ["answered", false],
  ["awaited answered", false],
  ["awaited received replaced", false],
  ["awaited received answered", false],
  ["awaited answered replaced received", false],
  ["answered received replaced", false],
  ["received awaited replaced answered", false],
  ["awaited awaited received replaced answered", false],
  ["awaited answered answered received replaced", false],
  ["received received replaced", false],
  ["received received replaced replaced", false],
  ["awaited received received replaced answered", false],
] as const;

type Step = "awaited" | "answered" | "received" | "replaced" | "keep";
const stepsOf = (text: string) => text.split(" ").filter((step) => step !== "") as Step[];

test.each(WAYS)("a blob that was [%s] gives its buffer back: %p", (way, expected) => {
  const pool = new BlobPool();
  const { bytes, lease } = leased(pool);
  for (const step of stepsOf(way)) lease[step]();
  expect(pool.idleCount).toBe(expected ? 1 : 0);
  expect(pool.take(SIZE) === bytes).toBe(expected);
});

test("a blob that somebody keeps never gives its buffer back, whenever that was said", () => {
  for (const [way, expected] of WAYS) {
    if (!expected) continue;
    const steps = stepsOf(way);
    for (let at = 0; at < steps.length; at++) {
      const pool = new BlobPool();
      const { lease } = leased(pool);
      for (const step of steps.toSpliced(at, 0, "keep")) lease[step]();
      expect(pool.idleCount).toBe(0);
    }
  }
});

test("a buffer comes back once, whatever its lease is told afterwards", () => {
  const pool = new BlobPool();
  const { bytes, lease } = leased(pool);
  lease.received();
  lease.replaced();
  expect(pool.take(SIZE)).toBe(bytes);
  for (let i = 0; i < 3; i++) {
    for (const step of ["awaited", "received", "replaced", "answered"] as const) lease[step]();
  }
  expect(pool.idleCount).toBe(0);
});

test("a buffer is used for blobs of exactly its length, the newest first", () => {
  const pool = new BlobPool();
  const [older, newer, longer] = [pool.take(SIZE), pool.take(SIZE), pool.take(SIZE + 1)];
  for (const bytes of [older, newer, longer]) pool.give(bytes);
  expect(pool.take(SIZE - 1).buffer.byteLength).toBe(SIZE - 1);
  expect(pool.take(SIZE)).toBe(newer);
  expect(pool.take(SIZE)).toBe(older);
  expect(pool.take(SIZE)).toEqual(new Uint8Array(SIZE));
  expect(pool.take(SIZE + 1)).toBe(longer);
  expect(pool.reusedCount).toBe(3);
  expect(pool.idleBytes).toBe(0);
});

test("the pool keeps at most 64 buffers and 32 MiB, those that came back last", () => {
  const pool = new BlobPool();
  for (let i = 0; i < 100; i++) pool.give(new Uint8Array(SIZE + i));
  expect(pool.idleCount).toBe(64);
  pool.take(SIZE + 35);
  expect(pool.reusedCount).toBe(0);
  pool.take(SIZE + 36);
  expect(pool.reusedCount).toBe(1);
  const MIB = 1 << 20;
  for (let i = 0; i < 100; i++) {
    pool.give(new Uint8Array(5 * MIB + i));
    expect(pool.idleBytes).toBeLessThanOrEqual(32 * MIB);
  }
  expect(pool.idleCount).toBe(6);
  pool.give(new Uint8Array(33 * MIB));
  expect(pool.idleCount).toBe(6);
  pool.give(new Uint8Array(100));
  expect(pool.idleCount).toBe(6);
});

test("a checking pool overwrites what comes back and notices a late writer", () => {
  const pool = new BlobPool({ checks: true });
  const bytes = pool.take(SIZE).fill(1);
  pool.give(bytes);
  expect(bytes.every((byte) => byte === 0xdb)).toBe(true);
  bytes[SIZE - 1] = 0;
  expect(() => pool.take(SIZE)).toThrow("written to while nobody had it");
});

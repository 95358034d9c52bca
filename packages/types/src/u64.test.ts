import { expect, test } from "bun:test";
import { toU64, U64_MAX, u64FromHalves } from "./u64.ts";

test("a U64 has one form: number up to 2^53 − 1, bigint above", () => {
  expect(toU64(5n)).toBe(5);
  expect(toU64(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
  expect(toU64(BigInt(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  expect(toU64(2n ** 53n)).toBe(2n ** 53n);
  expect(toU64(U64_MAX)).toBe(U64_MAX);
});

test("what is not an unsigned 64-bit integer is refused", () => {
  for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1n, U64_MAX + 1n]) {
    expect(() => toU64(value)).toThrow(RangeError);
  }
});

test("halves give the same form as the whole", () => {
  const halves: [number, number][] = [
    [0, 0],
    [0, 0xffff_ffff],
    [1, 0],
    [0x1f_ffff, 0xffff_ffff],
    [0x20_0000, 0],
    [0xffff_ffff, 0xffff_ffff],
  ];
  for (const [high, low] of halves) {
    expect(u64FromHalves(high, low)).toBe(toU64((BigInt(high) << 32n) | BigInt(low)));
  }
});

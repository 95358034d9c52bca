import { expect, test } from "bun:test";
import { createSeededRandom } from "./seeded-random.ts";

test("the same seed gives the same sequence, another seed another one", () => {
  const draw = (seed: number) => {
    const random = createSeededRandom(seed);
    return [random.u64(), random.below(1000), ...random.bytes(8)];
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7)).not.toEqual(draw(7 + 2 ** 32));
});

test("below() reaches every value and stays below its bound", () => {
  const random = createSeededRandom(1);
  const counts = new Array<number>(10).fill(0);
  for (let round = 0; round < 10_000; round++) counts[random.below(10)]!++;
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1150);
});

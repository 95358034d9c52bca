import { expect, test } from "bun:test";
import fc from "fast-check";
import { readParameters } from "./parameters.ts";

const read = (json: string) => readParameters(new TextEncoder().encode(json));

test("values are read alike whether or not a number among them needs care", () => {
  const plain = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.string(),
    fc.base64String(),
    fc.boolean(),
    fc.constant(null),
    fc.record({ Blob: fc.array(fc.integer({ min: 0, max: 255 })) }),
    fc.record({ Integer: fc.integer() }),
  );
  fc.assert(
    fc.property(fc.array(plain), (values) => {
      const alone = read(JSON.stringify(values));
      const beside = read(JSON.stringify([...values, 1.5]));
      expect(beside).toEqual([...alone, 1.5]);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("whole numbers are integers, minus zero and fractions are not", () => {
  expect(read("[0,-1,9007199254740991,-0,1.0,1e2]")).toEqual([
    0n,
    -1n,
    9007199254740991n,
    -0,
    1,
    100,
  ]);
  expect(read("[-0]")).toEqual([-0]);
  expect(read('[{"Real":4},{"Real":4.5},{"Integer":-7}]')).toEqual([4, 4.5, -7n]);
});

test("more values than a statement can have are refused before they are read", () => {
  expect(() => read(`[${"1,".repeat(3_000_000)}1]`)).toThrow("no JSON array of plain values");
});

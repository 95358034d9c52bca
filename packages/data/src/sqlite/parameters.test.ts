import { expect, test } from "bun:test";
import fc from "fast-check";
import { readLargeParameters } from "./large-parameters.ts";
import { SqlText, type SqlValue } from "./parameters.ts";
import { readParameters } from "./read-parameters.ts";
import { runAtOnce } from "./steps.ts";

const encoder = new TextEncoder();

const read = (json: string): readonly SqlValue[] => {
  const values = readParameters(encoder.encode(json), () => undefined);
  if (values instanceof Promise) throw new TypeError("It is read in steps");
  return values;
};

/** In steps, of very few bytes each. */
const readSlowly = (json: string | Uint8Array, pieceBytes = 16): readonly SqlValue[] => {
  const bytes = typeof json === "string" ? encoder.encode(json) : json;
  return runAtOnce(readLargeParameters(bytes, pieceBytes)).map((value) =>
    value instanceof SqlText
      ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(value.bytes)
      : value,
  );
};

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

test("in steps the same is read as at once, and the same is refused", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ unit: fc.constantFrom("\\", '"', "/", "é", "€", "😀", "\n", "a"), maxLength: 60 }),
    fc.base64String({ maxLength: 80 }),
    fc.base64String({ maxLength: 80 }).map((base64) => `${base64}=`),
  );
  const value = fc.oneof(
    fc.integer(),
    fc.double(),
    text,
    fc.boolean(),
    fc.constant(null),
    fc.record({ Text: text }),
    fc.record({ Blob: fc.array(fc.integer({ min: 0, max: 255 })) }),
    fc.record({ Blob: fc.array(text, { maxLength: 2 }), Text: text }, { requiredKeys: [] }),
    fc.array(fc.integer(), { maxLength: 2 }),
  );
  /** As others may write it: more escapes than are needed. */
  const escaped = (json: string): string =>
    json
      .replaceAll("/", "\\/")
      .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const outcome = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (thrown) {
      return String(thrown);
    }
  };
  const damaged = (json: string, place: number, byte: number): Uint8Array => {
    const bytes = encoder.encode(json);
    bytes[place % bytes.length] = byte;
    return bytes;
  };
  const asText = (values: readonly SqlValue[]): unknown =>
    values.map((each) => (typeof each === "string" ? each.toWellFormed() : each));
  const atOnce = (json: Uint8Array): unknown => {
    const values = readParameters(json, () => undefined);
    return asText(values as readonly SqlValue[]);
  };
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 5 }),
      fc.constantFrom(undefined, 1),
      fc.boolean(),
      fc.option(
        fc.tuple(fc.nat(), fc.constantFrom(0x22, 0x5c, 0x2c, 0x5d, 0x7b, 0x20, 0xff, 0x0a)),
      ),
      (values, indent, escapes, damage) => {
        const plain = JSON.stringify(values, undefined, indent);
        const json = escapes ? escaped(plain) : plain;
        const bytes = damage === null ? encoder.encode(json) : damaged(json, ...damage);
        expect(outcome(() => readSlowly(bytes))).toEqual(outcome(() => atOnce(bytes)));
      },
    ),
    { seed: 1, numRuns: 600 },
  );
}, 60_000);

test("large parameters are read in steps, whatever is in them", async () => {
  let steps = 0;
  const giveWay = (): void => void steps++;
  for (const text of ["x!", "é", "😀", "\n", '"', "abcd", "\u0001"]) {
    const large = text.repeat(300_000 / text.length);
    for (const [given, wanted] of [
      [large, text === "abcd" ? new Uint8Array(Buffer.from(large, "base64")) : large],
      [{ Text: large }, large],
    ]) {
      steps = 0;
      const json = encoder.encode(JSON.stringify([1, given, null]));
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [first, value, last] = await readParameters(json, giveWay);
      expect([first, last]).toEqual([1n, null]);
      const seen = value instanceof SqlText ? new TextDecoder().decode(value.bytes) : value;
      expect(Bun.deepEquals(seen, wanted)).toBe(true);
      expect(steps).toBeGreaterThan(json.length / 70_000);
    }
  }
});

test("a number of very many digits is read in no time", () => {
  expect(read(`[${"7".repeat(60_000)},-${"1".repeat(300)}]`)).toEqual([
    Infinity,
    -1.1111111111111112e299,
  ]);
});

test("more values than a statement can have are refused before they are all read", async () => {
  const json = encoder.encode(`[${"1,".repeat(3_000_000)}1]`);
  await expect(readParameters(json, () => undefined)).rejects.toThrow(
    "no JSON array of plain values",
  );
});

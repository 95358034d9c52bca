import { expect, test } from "bun:test";
import fc from "fast-check";
import { checkedJson, elementsOf, membersOf, rawVariant, stringOf } from "./raw-json.ts";

const BOUNDS = { maxDepth: 64, maxParts: 100_000 };

/** Text of a value with spaces where JSON allows them. */
const spaced = fc
  .tuple(fc.jsonValue(), fc.constantFrom(0, 2, "\t"))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

test("what is taken apart is what a parser finds, for any value", () => {
  fc.assert(
    fc.property(spaced, (text) => {
      const checked = checkedJson(text, BOUNDS)!;
      const value = JSON.parse(text) as unknown;
      const members = membersOf(checked);
      const elements = elementsOf(checked);
      if (Array.isArray(value)) {
        expect(members).toBeUndefined();
        expect(elements!.map((each) => JSON.parse(each) as unknown)).toEqual(value);
      } else if (typeof value === "object" && value !== null) {
        expect(elements).toBeUndefined();
        const read = [...members!].map(([name, each]) => [name, JSON.parse(each) as unknown]);
        expect(new Map(read as [string, unknown][])).toEqual(new Map(Object.entries(value)));
      } else {
        expect([members, elements]).toEqual([undefined, undefined]);
        expect(stringOf(checked)).toBe(typeof value === "string" ? value : undefined);
      }
    }),
    { seed: 20_261_121, numRuns: 2_000 },
  );
});

test("what no parser takes is refused, for any text", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        spaced,
        spaced.map((text) => text.slice(1)),
      ),
      (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(checkedJson(text, BOUNDS) !== undefined).toBe(isJson);
      },
    ),
    { seed: 20_261_121, numRuns: 2_000 },
  );
});

test("numbers and escapes stay as they were written; of two members with one name the later counts", () => {
  const text = '{"a": 12345678901234567890.10e+2 ,"\\u0061" :"\\"}]," , "b":[ ]}';
  const members = membersOf(checkedJson(text, BOUNDS)!)!;
  expect([...members]).toEqual([
    ["a", '"\\"}],"'],
    ["b", "[ ]"],
  ]);
  expect(elementsOf("[1e400 , -0.0]")).toEqual(["1e400", "-0.0"]);
});

test("depth and parts are bounded at the bound and one past it", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  expect(checkedJson(nested(64), BOUNDS)).toBe(nested(64));
  expect(checkedJson(nested(65), BOUNDS)).toBeUndefined();
  const list = (parts: number): string => `[${"0,".repeat(parts - 1)}0]`;
  expect(checkedJson(list(10), { maxDepth: 2, maxParts: 10 })).toBe(list(10));
  expect(checkedJson(list(11), { maxDepth: 2, maxParts: 10 })).toBeUndefined();
  // What is in strings does not count.
  expect(checkedJson(`"${"[,".repeat(1_000)}"`, { maxDepth: 1, maxParts: 1 })).toBeDefined();
});

test("variants: a name alone, with null, with a value; nothing else", () => {
  expect(rawVariant('"Ok"')).toEqual(["Ok", "null"]);
  expect(rawVariant('{"Ok":null}')).toEqual(["Ok", "null"]);
  expect(rawVariant('{"Ok":[1]}')).toEqual(["Ok", "[1]"]);
  for (const text of ["{}", '{"a":1,"b":2}', "[]", "7", "null"]) {
    expect(rawVariant(text)).toBeUndefined();
  }
});

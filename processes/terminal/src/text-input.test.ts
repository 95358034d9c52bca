/** First and last lines, and counts, against the plain way. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { countText, firstLines, lastLines, linesOf } from "./text-input.ts";

const text = fc.string({ unit: fc.constantFrom("a", "é", " ", "\n", "\n", "\t"), maxLength: 12 });
const count = fc.integer({ min: -1, max: 5 });

/** All lines, as a person counts them. */
function plain(whole: string): string[] {
  if (whole === "") return [];
  return (whole.endsWith("\n") ? whole.slice(0, -1) : whole).split("\n");
}

test("lines are those between line ends", () => {
  fc.assert(fc.property(text, (whole) => expect([...linesOf(whole)]).toEqual(plain(whole))));
});

test("first and last lines are the ends of the list of lines", () => {
  fc.assert(
    fc.property(text, count, (whole, wanted) => {
      const lines = plain(whole);
      const some = Math.max(wanted, 0);
      expect(plain(`${firstLines(whole, wanted)}\n`)).toEqual(orNothing(lines.slice(0, some)));
      expect(plain(`${lastLines(whole, wanted)}\n`)).toEqual(
        orNothing(some === 0 ? [] : lines.slice(-some)),
      );
    }),
    { numRuns: 2_000 },
  );
});

/** No lines are shown as one empty one. */
function orNothing(lines: string[]): string[] {
  return lines.length === 0 ? [""] : lines;
}

test("lines, words and bytes are counted", () => {
  fc.assert(
    fc.property(text, (whole) => {
      const bytes = new TextEncoder().encode(whole);
      expect(countText(bytes)).toEqual({
        lines: plain(whole).length,
        words: whole.split(/[\s]+/).filter((word) => word !== "").length,
        bytes: bytes.length,
      });
    }),
  );
});

test("16 MiB are looked through without stopping the node for long", () => {
  const whole = "a b\n".repeat(4 * 1024 * 1024);
  const started = process.cpuUsage();
  expect(firstLines(whole, 3)).toBe("a b\na b\na b");
  expect(lastLines(whole, 2)).toBe("a b\na b");
  expect(countText(new TextEncoder().encode(whole)).words).toBe(8 * 1024 * 1024);
  expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
});

/** Rows of printed lines. What they keep away from a screen is tested in `hostile-print.test.ts`. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { layoutLine } from "./layout.ts";
import { formatRows } from "./line-format.ts";

const rowsOf = (text: string, columns = 41): string[] =>
  layoutLine("Sat 12:00 ", text, {
    columns,
    width: (each) => Bun.stringWidth(each),
    mark: "  a:b | ",
    color: false,
  });

test("a row ends between words, and no blank begins the next one", () => {
  expect(rowsOf("a:b: one two three four five six seven eight")).toEqual([
    "Sat 12:00 a:b: one two three four five ",
    "  a:b | six seven eight",
  ]);
  // The word ends just where the row does.
  expect(rowsOf("a:b: one two three four five a and more")).toEqual([
    "Sat 12:00 a:b: one two three four five a",
    "  a:b | and more",
  ]);
});

test("a long word is cut where the row ends", () => {
  const short = rowsOf(`a:b: with a few words ${"y".repeat(40)}`);
  expect(short[0]).toBe(`Sat 12:00 a:b: with a few words ${"y".repeat(8)}`);
  const word = "x".repeat(60);
  expect(rowsOf(`a:b: ${word}`)).toEqual([
    `Sat 12:00 a:b: ${"x".repeat(25)}`,
    `  a:b | ${"x".repeat(32)}`,
    `  a:b | ${"x".repeat(3)}`,
  ]);
});

test("whatever the text and the width, no row is too wide, and of a text only blanks are lost", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 2, max: 80 }), (text, columns) => {
      const plain = text.replace(/[^\u0021-\u007e ]/g, "").replaceAll("|", "");
      const rows = rowsOf(plain, columns);
      if (columns > 20) for (const row of rows) expect(row.length).toBeLessThan(columns);
      const shown = rows.join("").replaceAll(/ {2}a:b \| |\| /g, "");
      expect(shown.replaceAll(" ", "")).toBe(`Sat12:00${plain}`.replaceAll(" ", ""));
    }),
  );
});

test("the rows of a table stand below each other, on a screen that has room for it", () => {
  const table = {
    timeMs: 0,
    verbosity: 0,
    origin: "a:b.os",
    text: "a:b.os: NAME  SIZE\nx     1\ny     2",
  };
  const look = { width: (each: string) => Bun.stringWidth(each), color: false };
  const wide = formatRows(table, { ...look, columns: 80 });
  const place = wide[0]!.indexOf("NAME");
  expect(wide.slice(1).map((row) => [row.slice(0, place), row.slice(place)])).toEqual([
    ["         a:b.os | ", "x     1"],
    ["         a:b.os | ", "y     2"],
  ]);
  expect(formatRows(table, { ...look, columns: 40 })[1]).toBe("  a:b.os | x     1");
});

import { expect, test } from "bun:test";
import { figure, interleave, median, percentile } from "./figure.ts";
import { formatJson, formatTable } from "./report.ts";

test("a figure carries the ratio to its baseline and says whether the target is reached", () => {
  const slow = figure("spawn", 1, "ms", { name: "new Worker", value: 2 }, { max: 0.8 });
  expect(slow.ratio).toBe(0.5);
  expect(slow.target).toEqual({ text: "≤ 0.8 ms", reached: false });
  expect(figure("x", 1.2, "µs", { name: "y", value: 1 }, { maxRatio: 1.3 }).target?.reached).toBe(
    true,
  );
});

test("the JSON has the documented keys and no others", () => {
  const json = JSON.parse(formatJson([figure("a", 2, "µs", { name: "b", value: 1 }, { max: 3 })]));
  expect(json).toEqual({
    figures: [{ name: "a", value: 2, unit: "µs", baseline: { name: "b", value: 1 }, ratio: 2 }],
  });
});

test("the table shows a missed target", () => {
  const table = formatTable([figure("a", 2, "µs", { name: "b", value: 1 }, { max: 1 })]);
  expect(table).toContain("MISSED");
  expect(table.split("\n")).toHaveLength(2);
});

test("median, percentile and interleaving", async () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(percentile([1, 2, 3, 4], 99)).toBe(4);
  const order: string[] = [];
  const take = (name: string) => () => (order.push(name), 1);
  await interleave(2, take("a"), take("b"));
  expect(order.join("")).toBe("abab");
});

test("the table shows the reference beside the figure, and each note once beneath", () => {
  const base = { name: "plain", value: 2 };
  const note = "kept in memory";
  const first = { ...figure("first", 4, "µs", base), reference: "15–17", note };
  const second = { ...figure("second", 4, "µs", base), note };
  const lines = formatTable([first, second]).split("\n");
  expect(lines[0]).toContain("Rust");
  expect(lines[1]).toMatch(/^first \[1\] +4\.00 +µs +15–17 +plain +2\.00 +2\.00$/);
  expect(lines[2]).toContain("second [1]");
  expect(lines.slice(3)).toEqual(["[1] kept in memory"]);
  expect(formatTable([figure("bare", 1, "µs", base)])).not.toContain("Rust");
});

/**
 * The table and the JSON of a benchmark run.
 * @module
 */
import type { Figure } from "./figure.ts";

export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

/** One row per figure, columns aligned. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = [
    ["figure", "value", "unit", "baseline", "its value", "ratio", "target", ""],
    ...figures.map((f) => [
      f.name,
      formatNumber(f.value),
      f.unit,
      f.baseline.name,
      formatNumber(f.baseline.value),
      f.ratio.toFixed(2),
      f.target?.text ?? "",
      f.target === undefined ? "" : f.target.reached ? "reached" : "MISSED",
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function formatJson(figures: readonly Figure[]): string {
  return JSON.stringify({
    figures: figures.map(({ name, value, unit, baseline, ratio }) => ({
      name,
      value,
      unit,
      baseline,
      ratio,
    })),
  });
}

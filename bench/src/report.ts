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

/** One row per figure, columns aligned; beneath, the notes, each with its mark. */
export function formatTable(figures: readonly Figure[]): string {
  const notes = [...new Set(figures.flatMap(({ note }) => (note === undefined ? [] : [note])))];
  const mark = (note: string | undefined) =>
    note === undefined ? "" : ` [${notes.indexOf(note) + 1}]`;
  const compared = figures.some(({ reference }) => reference !== undefined);
  const rows = [
    [
      "figure",
      "value",
      "unit",
      ...(compared ? ["Rust"] : []),
      "baseline",
      "its value",
      "ratio",
      "target",
      "",
    ],
    ...figures.map((f) => [
      f.name + mark(f.note),
      formatNumber(f.value),
      f.unit,
      ...(compared ? [f.reference ?? ""] : []),
      f.baseline.name,
      formatNumber(f.baseline.value),
      f.ratio.toFixed(2),
      f.target?.text ?? "",
      f.target === undefined ? "" : f.target.reached ? "reached" : "MISSED",
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, ...notes.map((note, at) => `[${at + 1}] ${note}`)].join("\n");
}

export function formatJson(figures: readonly Figure[]): string {
  return JSON.stringify({
    figures: figures.map(({ name, value, unit, baseline, ratio, reference, note }) => ({
      name,
      value,
      unit,
      baseline,
      ratio,
      reference,
      note,
    })),
  });
}

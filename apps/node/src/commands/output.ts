/**
 * How commands print: tables for people, JSON for programs.
 * @module
 */
import { sanitizeText, sanitizeWords, stripStyles } from "@kinode-ts/terminal";

/** Where a command writes; tests collect it. */
export interface Output {
  line(text: string): void;
  error(text: string): void;
  readonly isTerminal: boolean;
  /** Set by a command that printed an answer which is a failure. */
  exitCode: number;
}

export function consoleOutput(): Output {
  return {
    line: (text) => void process.stdout.write(`${text}\n`),
    error: (text) => void process.stderr.write(`${text}\n`),
    isTerminal: process.stdin.isTTY && process.stdout.isTTY,
    exitCode: 0,
  };
}

/** Text that comes from packages and processes, on one line and without escape sequences. */
export function plain(text: string): string {
  return sanitizeWords(text);
}

/** The same with its line breaks: where nothing else is printed that a line of it could pass for. */
export function plainText(text: string): string {
  return sanitizeText(stripStyles(text)).replace(/\n$/, "");
}

/** Columns as wide as their widest cell, the last one as long as it is. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows.map((row) => row.map(plain))];
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => Bun.stringWidth(row[column] ?? ""))),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + " ".repeat(widths[column]! - Bun.stringWidth(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}

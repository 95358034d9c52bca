/**
 * Lines for the person at the terminal.
 * @module
 */
import { host } from "./current.ts";

/** 0 is always shown, 3 only at the most verbose. */
export type Verbosity = 0 | 1 | 2 | 3;

/** Shows a line to the person, at terminals that are as verbose as `level`. Source: spec/packages-and-tools.md §25.1. */
export function print(text: string, level: Verbosity = 0): void {
  host().printToTerminal(level, text);
}

function shown(values: readonly unknown[]): string {
  return values.map(oneShown).join(" ");
}

function oneShown(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ?? value.message;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** What `console` does inside a process: `log`, `warn` and `error` are always shown. */
export const terminalConsole = {
  log: (...values: unknown[]): void => print(shown(values)),
  error: (...values: unknown[]): void => print(shown(values)),
  warn: (...values: unknown[]): void => print(shown(values)),
  info: (...values: unknown[]): void => print(shown(values), 1),
  debug: (...values: unknown[]): void => print(shown(values), 2),
} as const;

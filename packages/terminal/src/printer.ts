/**
 * Where printed lines go: all of them into the log, the wanted ones onto the screens.
 * Source: spec/kernel.md §8.1.
 * @module
 */
import {
  type Clock,
  KERNEL_PROCESS,
  packageOf,
  type Printer,
  type ProcessId,
  TERMINAL_PROCESS,
} from "@kinode-ts/types";
import { formatPlain, type PrintedLine } from "./line-format.ts";
import type { PrintFilter } from "./print-filter.ts";
import { sanitizeOrigin, sanitizeText } from "./sanitize.ts";
import { DEFAULT_SCREEN_BUDGET, ScreenBudget, type ScreenBudgetLimits } from "./screen-budget.ts";

export interface PrinterOptions {
  readonly clock: Clock;
  readonly filter: PrintFilter;
  /** Every line, whatever its level, with the package that printed it. */
  readonly log: (text: string, origin: string) => void;
  /** A line that a person is to see. */
  readonly show: (line: PrintedLine) => void;
  /** Lines kept for tools that ask for the newest ones. */
  readonly recentCount?: number;
  readonly budget?: ScreenBudgetLimits;
}

/** A printer that also remembers its newest lines as they stand in the log. */
export interface NodePrinter extends Printer {
  recent(count: number): readonly string[];
  /** All that are remembered, oldest first; not to be kept. */
  recentLines(): readonly PrintedLine[];
  subscribe(listener: (line: string) => void): () => void;
}

const DEFAULT_RECENT_COUNT = 1_000;

/** What the node itself says, and what the person's own commands print, is never held back. */
const UNBOUNDED: ReadonlySet<string> = new Set([KERNEL_PROCESS, TERMINAL_PROCESS].map(packageOf));

/** The package before the text, as the kernel writes it: quoted when it could pass for something else. */
function withSafePrefix(text: string, origin: string, safe: string): string {
  return origin !== safe && text.startsWith(`${origin}: `)
    ? safe + text.slice(origin.length)
    : text;
}

export function createPrinter(options: PrinterOptions): NodePrinter {
  const { clock, filter, show } = options;
  const bound = options.recentCount ?? DEFAULT_RECENT_COUNT;
  const lines: PrintedLine[] = [];
  const listeners = new Set<(line: string) => void>();
  const budget = new ScreenBudget(
    clock,
    options.budget ?? DEFAULT_SCREEN_BUDGET,
    (origin, rows) => {
      const text = `${origin} printed ${rows} lines more than a screen takes in a second; the log has them`;
      show({ timeMs: clock.nowMs(), verbosity: 0, origin: packageOf(KERNEL_PROCESS), text });
    },
  );
  const remember = (line: PrintedLine): void => {
    lines.push(line);
    if (lines.length > bound) lines.splice(0, lines.length - bound);
    if (listeners.size === 0) return;
    const text = formatPlain(line);
    for (const listener of listeners) listener(text);
  };
  return {
    print(verbosity, source: ProcessId, text) {
      const from = packageOf(source);
      const origin = sanitizeOrigin(from);
      const named = withSafePrefix(text, from, origin);
      options.log(named, from);
      const isShown = filter.shows(source, verbosity);
      // At full verbosity the event log would push everything a person looks for out of the list.
      if (!isShown && verbosity >= 3) return;
      const line = { timeMs: clock.nowMs(), verbosity, origin, text: sanitizeText(named) };
      if (isShown) {
        const part = UNBOUNDED.has(from) ? line.text : budget.take(origin, line.text);
        if (part !== undefined) show(part === line.text ? line : { ...line, text: part });
      }
      if (verbosity < 3) remember(line);
    },
    recent: (count) => lines.slice(Math.max(lines.length - count, 0)).map(formatPlain),
    recentLines: () => lines,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Where printed lines go: all of them into the log, the wanted ones onto the screen.
 * Source: spec/kernel.md §8.1.
 * @module
 */
import type { Clock, Printer } from "@kinode-ts/types";
import { formatScreenLine } from "./line-format.ts";
import type { PrintFilter } from "./print-filter.ts";

export interface PrinterOptions {
  readonly clock: Clock;
  readonly filter: PrintFilter;
  /** Every line, whatever its level. */
  readonly log: (text: string) => void;
  /** A finished line for the person. */
  readonly show: (line: string) => void;
  readonly color: boolean;
  /** Lines kept for tools that ask for the newest ones. */
  readonly recentCount?: number;
}

/** A printer that also remembers its newest lines as they stand in the log. */
export interface NodePrinter extends Printer {
  recent(count: number): readonly string[];
  subscribe(listener: (line: string) => void): () => void;
}

const DEFAULT_RECENT_COUNT = 1_000;

export function createPrinter(options: PrinterOptions): NodePrinter {
  const { clock, filter, color } = options;
  const bound = options.recentCount ?? DEFAULT_RECENT_COUNT;
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  return {
    print(verbosity, source, text) {
      options.log(text);
      const now = clock.nowMs();
      if (filter.shows(source, verbosity)) {
        options.show(formatScreenLine(now, verbosity, text, { color }));
      }
      // At full verbosity the event log would push everything a person looks for out of the list.
      if (verbosity >= 3) return;
      const line = formatScreenLine(now, verbosity, text, { color: false });
      lines.push(line);
      if (lines.length > bound) lines.splice(0, lines.length - bound);
      for (const listener of listeners) listener(line);
    },
    recent: (count) => lines.slice(Math.max(lines.length - count, 0)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

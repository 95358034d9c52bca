/**
 * A printer that keeps what was printed, so that tests can look at it or wait for it.
 * @module
 */
import type { Printer, ProcessId } from "@kinode-ts/types";

export interface PrintedLine {
  readonly verbosity: number;
  readonly source: ProcessId;
  readonly text: string;
}

export interface RecordingPrinter extends Printer {
  readonly lines: readonly PrintedLine[];
  /** Texts of the lines shown at `verbosity` and below, oldest first. */
  texts(verbosity?: number): string[];
  /** The first line, printed already or later, that fits. */
  waitFor(fits: (line: PrintedLine) => boolean): Promise<PrintedLine>;
  clear(): void;
}

interface Waiter {
  readonly fits: (line: PrintedLine) => boolean;
  readonly resolve: (line: PrintedLine) => void;
}

export function createRecordingPrinter(): RecordingPrinter {
  const lines: PrintedLine[] = [];
  let waiters: Waiter[] = [];

  function print(verbosity: number, source: ProcessId, text: string): void {
    const line = { verbosity, source, text };
    lines.push(line);
    const served = waiters.filter((waiter) => waiter.fits(line));
    waiters = waiters.filter((waiter) => !served.includes(waiter));
    for (const waiter of served) waiter.resolve(line);
  }

  function waitFor(fits: (line: PrintedLine) => boolean): Promise<PrintedLine> {
    const found = lines.find(fits);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => waiters.push({ fits, resolve }));
  }

  return {
    lines,
    print,
    waitFor,
    texts: (verbosity = 3) =>
      lines.filter((line) => line.verbosity <= verbosity).map((line) => line.text),
    clear: () => {
      lines.length = 0;
    },
  };
}

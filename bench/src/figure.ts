/**
 * What a benchmark reports: a figure never travels without the baseline of the same run (design.md §11).
 * @module
 */

export interface Baseline {
  readonly name: string;
  readonly value: number;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `µs`, `ms`, `/s`, `KB` … */
  readonly unit: string;
  readonly baseline: Baseline;
  /** value ÷ baseline. */
  readonly ratio: number;
  /** The bound this figure has to keep, in words, and whether it does. */
  readonly target?: { readonly text: string; readonly reached: boolean };
  /** What the implementation in Rust took on a machine of this kind, in the same unit: for orientation, from another run. */
  readonly reference?: string;
  /** What the operation guarantees once it is answered, or how it was measured. */
  readonly note?: string;
}

/** Targets of the project, by figure name; `ratio` bounds are against the baseline. */
export interface Target {
  readonly max?: number;
  readonly min?: number;
  readonly maxRatio?: number;
  readonly minRatio?: number;
}

export function figure(
  name: string,
  value: number,
  unit: string,
  baseline: Baseline,
  target?: Target,
): Figure {
  const ratio = value / baseline.value;
  const plain = { name, value, unit, baseline, ratio };
  return target === undefined
    ? plain
    : {
        ...plain,
        target: { text: targetText(target, unit), reached: reaches(value, ratio, target) },
      };
}

function reaches(value: number, ratio: number, target: Target): boolean {
  return (
    value <= (target.max ?? Infinity) &&
    value >= (target.min ?? -Infinity) &&
    ratio <= (target.maxRatio ?? Infinity) &&
    ratio >= (target.minRatio ?? -Infinity)
  );
}

function targetText(target: Target, unit: string): string {
  return [
    target.max === undefined ? "" : `≤ ${target.max} ${unit}`,
    target.min === undefined ? "" : `≥ ${target.min} ${unit}`,
    target.maxRatio === undefined ? "" : `≤ ${target.maxRatio} × baseline`,
    target.minRatio === undefined ? "" : `≥ ${target.minRatio} × baseline`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

/** A group of figures that share a set-up. */
export interface Scenario {
  readonly name: string;
  /** Names of the figures it makes, for `--only`. */
  readonly figures: readonly string[];
  run(): Promise<readonly Figure[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

/**
 * Runs two measurements in turn, A B A B …, so that a machine whose speed drifts treats both alike.
 * Each returns its figure for one run; the medians are given back.
 */
export async function interleave(
  rounds: number,
  a: () => Promise<number> | number,
  b: () => Promise<number> | number,
): Promise<{ a: number; b: number }> {
  const as: number[] = [];
  const bs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    as.push(await a());
    bs.push(await b());
  }
  return { a: median(as), b: median(bs) };
}

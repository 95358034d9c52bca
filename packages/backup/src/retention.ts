/**
 * Which snapshots a policy keeps: the same as `restic forget` with the same numbers.
 * @module
 */
import { BackupError } from "./errors.ts";
import type { Snapshot } from "./snapshot-file.ts";
import { byTime } from "./snapshots.ts";
import { msOfNs } from "./times.ts";

/**
 * How many to keep of each kind, for each host and set of paths. The newest of an hour, day (UTC), week (ISO 8601), month
 * and year counts for it. At least one number must be there.
 */
export interface RetentionPolicy {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

/** What a snapshot counts for; each kind has its own. */
type Period = (timeMs: number, index: number) => string;

const PERIODS: Readonly<Record<keyof RetentionPolicy, Period>> = {
  last: (_, index) => `${index}`,
  hourly: (ms) => iso(ms).slice(0, 13),
  daily: (ms) => iso(ms).slice(0, 10),
  weekly,
  monthly: (ms) => iso(ms).slice(0, 7),
  yearly: (ms) => iso(ms).slice(0, 4),
};

const iso = (ms: number): string => new Date(ms).toISOString();

/** The week belongs to the year of its Thursday. */
function weekly(ms: number): string {
  const thursday = new Date(ms);
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const days = (thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 86_400_000;
  return `${thursday.getUTCFullYear()}-${Math.floor(days / 7)}`;
}

/**
 * Divides snapshots into those to keep and those to forget, both in the order of time.
 * @throws {BackupError} `backup.bad-argument` a number is not whole or negative, or none is above 0
 */
export function applyRetention(
  snapshots: readonly Snapshot[],
  policy: RetentionPolicy,
): { readonly keep: readonly Snapshot[]; readonly forget: readonly Snapshot[] } {
  const rules = rulesOf(policy);
  const groups = Map.groupBy(snapshots, ({ hostname, paths }) =>
    JSON.stringify([hostname, paths.toSorted()]),
  );
  const keep = new Set([...groups.values()].flatMap((group) => keptOf(group, rules)));
  const sorted = snapshots.toSorted(byTime);
  return {
    keep: sorted.filter((snapshot) => keep.has(snapshot)),
    forget: sorted.filter((snapshot) => !keep.has(snapshot)),
  };
}

interface Rule {
  readonly count: number;
  readonly period: Period;
}

function rulesOf(policy: RetentionPolicy): Rule[] {
  const kinds = Object.keys(PERIODS) as (keyof RetentionPolicy)[];
  const rules = kinds.map((kind) => ({ kind, count: policy[kind] ?? 0, period: PERIODS[kind] }));
  const bad = rules.find(({ count }) => !Number.isSafeInteger(count) || count < 0);
  if (bad !== undefined) {
    const what = `The number of ${bad.kind} snapshots`;
    throw new BackupError({ code: "backup.bad-argument", what, why: "is no whole number from 0" });
  }
  if (rules.every(({ count }) => count === 0)) {
    const why = "would keep no snapshot at all";
    throw new BackupError(
      { code: "backup.bad-argument", what: "The policy", why },
      { hint: "Set one of its numbers above 0, or name the snapshots to forget" },
    );
  }
  return rules;
}

function keptOf(group: readonly Snapshot[], rules: readonly Rule[]): Snapshot[] {
  const newestFirst = group.toSorted(byTime).reverse();
  const states = rules.map(({ count, period }) => ({ left: count, period, last: "" }));
  return newestFirst.filter((snapshot, index) => {
    const ms = msOfNs(snapshot.timeNs);
    let isKept = false;
    for (const state of states) {
      if (state.left === 0) continue;
      const value = state.period(ms, index);
      // The oldest one is kept while there is room: that makes the history as long as possible.
      if (value === state.last && index < newestFirst.length - 1) continue;
      state.last = value;
      state.left--;
      isKept = true;
    }
    return isKept;
  });
}

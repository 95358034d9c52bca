import { expect, test } from "bun:test";
import fc from "fast-check";
import type { ObjectId } from "./object-id.ts";
import { applyRetention, type RetentionPolicy } from "./retention.ts";
import type { Snapshot } from "./snapshot-file.ts";

let count = 0;
function at(time: string | number, more: Partial<Snapshot> = {}): Snapshot {
  const ms = typeof time === "number" ? time : Date.parse(time);
  return {
    id: (count++).toString(16).padStart(64, "0") as ObjectId,
    timeNs: BigInt(ms) * 1_000_000n,
    tree: "0".repeat(64) as ObjectId,
    ...{ paths: ["/a"], hostname: "h", username: "u", tags: [], parent: undefined },
    ...{ programVersion: "", summary: undefined, ...more },
  };
}

const kept = (policy: RetentionPolicy, ...times: string[]): string[] => {
  const snapshots = times.map((time) => at(time));
  const { keep } = applyRetention(snapshots, policy);
  return times.filter((_, i) => keep.includes(snapshots[i]!));
};

test("the newest of a day, an hour, a month and a year counts for it", () => {
  const days = ["2026-01-01T08:00Z", "2026-01-01T20:00Z", "2026-01-02T01:00Z", "2026-01-03T01:00Z"];
  expect(kept({ daily: 2 }, ...days)).toEqual(days.slice(2));
  expect(kept({ daily: 3 }, ...days)).toEqual(days.slice(1));
  expect(kept({ last: 1 }, ...days)).toEqual(days.slice(3));
  expect(
    kept({ hourly: 2 }, "2026-01-01T08:00Z", "2026-01-01T09:10Z", "2026-01-01T09:50Z"),
  ).toEqual(["2026-01-01T08:00Z", "2026-01-01T09:50Z"]);
  expect(
    kept({ yearly: 1, monthly: 2 }, "2025-11-30T00:00Z", "2025-12-31T00:00Z", "2026-01-31T00:00Z"),
  ).toEqual(["2025-12-31T00:00Z", "2026-01-31T00:00Z"]);
});

test("while there is room the oldest is kept, so that the history is as long as possible", () => {
  const day = ["2026-01-01T01:00Z", "2026-01-01T02:00Z", "2026-01-01T03:00Z"];
  expect(kept({ daily: 5 }, ...day)).toEqual([day[0]!, day[2]!]);
  expect(kept({ daily: 1 }, ...day)).toEqual([day[2]!]);
});

test("weeks begin on Monday and belong to the year of their Thursday", () => {
  // 2026-01-01 is a Thursday: Monday the 29th of December is in the same week, Sunday the 28th is not.
  const times = [
    "2025-12-28T12:00Z",
    "2025-12-29T12:00Z",
    "2026-01-04T12:00Z",
    "2026-01-05T12:00Z",
  ];
  expect(kept({ weekly: 2 }, ...times)).toEqual(times.slice(2));
  expect(kept({ weekly: 3 }, ...times)).toEqual([times[0]!, times[2]!, times[3]!]);
});

test("each host and each set of paths has its own count", () => {
  const groups = [
    {},
    { hostname: "x" },
    { paths: ["/b"] },
    { paths: ["/b", "/a"] },
    { paths: ["/a", "/b"] },
  ];
  const snapshots = groups.map((group, i) => at(i * 1_000, group));
  const { keep, forget } = applyRetention(snapshots, { last: 1 });
  expect(forget).toEqual([snapshots[3]!]);
  expect(keep).toHaveLength(4);
});

test("whatever the policy, the newest is kept, nothing is in both lists, and more keeps more", () => {
  const number = fc.nat(4);
  const policies = fc.record({
    last: number,
    hourly: number,
    daily: number,
    weekly: number,
    monthly: number,
    yearly: number,
  });
  const times = fc.array(fc.nat(3 * 365 * 86_400), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(policies, times, (policy, list) => {
      if (Object.values(policy).every((value) => value === 0)) return;
      const snapshots = list.map((seconds) => at(seconds * 1_000));
      const { keep, forget } = applyRetention(snapshots, policy);
      expect(keep.length + forget.length).toBe(snapshots.length);
      expect(new Set([...keep, ...forget]).size).toBe(snapshots.length);
      const newest = snapshots.reduce((a, b) => (b.timeNs > a.timeNs ? b : a));
      expect(keep.some(({ timeNs }) => timeNs === newest.timeNs)).toBe(true);
      const more = applyRetention(snapshots, { ...policy, last: policy.last + 3 });
      expect(keep.every((snapshot) => more.keep.includes(snapshot))).toBe(true);
    }),
  );
});

test("a policy that would keep nothing is refused", () => {
  for (const policy of [{}, { last: 0 }, { daily: -1 }, { daily: 1.5 }, { last: Number.NaN }]) {
    expect(() => applyRetention([at(0)], policy)).toThrow(/no snapshot at all|no whole number/);
  }
});

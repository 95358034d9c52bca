/** Hundreds of seeds: `bun run simulate` runs thousands. */
import { expect, test } from "bun:test";
import { simulate } from "./simulate.ts";

const SEEDS = 200;

test(`[N38] [N39] whatever the network does, no message arrives twice, out of order or elsewhere, and no promise is broken (${SEEDS} seeds)`, async () => {
  const total = { sent: 0, answered: 0, failed: 0, troubles: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const report = await simulate({ seed });
    const repeat = `bun run simulate --seed ${seed} --seeds 1`;
    expect([repeat, report.faults]).toEqual([repeat, []]);
    for (const key of ["sent", "answered", "failed", "troubles"] as const) {
      total[key] += report[key];
    }
  }
  // Runs in which nothing happens would prove nothing.
  expect(total.answered).toBeGreaterThan(SEEDS * 20);
  expect(total.failed).toBeGreaterThan(SEEDS);
  expect(total.troubles).toBeGreaterThan(SEEDS * 2);
}, 120_000);

test("what a peer left of a time before it was given up holds nobody up (seed 1540)", async () => {
  expect((await simulate({ seed: 1_540 })).faults).toEqual([]);
});

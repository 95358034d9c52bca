/**
 * A minute of the soak with little load, so that tests beside it do not suffer; `bun run soak` does half an hour.
 */
import { expect, test } from "bun:test";
import { soak } from "./soak.ts";

const MINUTE_MS = 60_000;
const DEADLINE_MS = 180_000;

test.skipIf(process.platform !== "linux")(
  "two hundred processes under mixed load lose, double and leak nothing for a minute",
  async () => {
    const lines: string[] = [];
    const { ledger, trend } = await soak({
      durationMs: MINUTE_MS,
      processes: 200,
      seed: 1,
      stepsPerSecond: 20,
      lineMs: MINUTE_MS / 4,
      print: (line) => lines.push(line),
    });
    expect(ledger.faults).toEqual([]);
    expect(ledger.answered["step"]).toBeGreaterThan(500);
    expect(ledger.answered["page"]).toBeGreaterThan(300);
    expect(ledger.answered["web socket"]).toBeGreaterThan(100);
    expect({ ...trend, isFlat: true, isBounded: true, lines }).toEqual({ ...trend, lines });
  },
  DEADLINE_MS,
);

import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import fc from "fast-check";
import { ConnectionGuard, type InboundConnection, surplusOf } from "./connection-guard.ts";

const connection = (network: string, order: number): InboundConnection => ({
  file: order,
  network,
  order,
});
const connections = fc
  .array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 60 })
  .map((networks) => networks.map(connection));

test("as many are left as may be, and no network loses one while another keeps more", () => {
  fc.assert(
    fc.property(connections, fc.integer({ min: 0, max: 60 }), (all, maxCount) => {
      const ended = new Set(surplusOf(all, maxCount));
      const left = all.filter((each) => !ended.has(each));
      expect(left.length).toBeLessThanOrEqual(maxCount);
      if (all.length <= maxCount) expect(ended.size).toBe(0);
      const counts = (list: InboundConnection[]) => Map.groupBy(list, ({ network }) => network);
      const most = Math.max(0, ...[...counts(left).values()].map(({ length }) => length));
      const lost = counts([...ended]);
      for (const [network, own] of lost) {
        expect(counts(left).get(network)?.length ?? 0).toBe(most);
        const kept = counts(left).get(network) ?? [];
        expect(Math.max(-1, ...kept.map(({ order }) => order))).toBeLessThan(
          Math.min(...own.map(({ order }) => order)),
        );
      }
    }),
  );
});

/** A system with a number of files and connections. */
function guarded(openFileLimit: number) {
  const clock = createVirtualClock();
  const system = { fileCount: 10, open: [] as InboundConnection[], idleCount: 0, scanCount: 0 };
  const told: number[] = [];
  const guard = new ConnectionGuard({
    clock,
    openFileLimit,
    ports: () => [80],
    files: {
      lowestFree: () => system.fileCount + system.open.length,
      inbound: () => {
        system.scanCount++;
        return [...system.open];
      },
      end: (one) => void (system.open = system.open.filter((each) => each !== one)),
    },
    closeIdle: () => {
      system.open.splice(0, system.idleCount);
      system.idleCount = 0;
    },
    ended: (count) => void told.push(count),
  });
  const connect = (network: string, count: number): void => {
    for (let i = 0; i < count; i++) system.open.push(connection(network, system.open.length));
  };
  return { clock, system, told, guard, connect };
}

test("connections get a quarter of the files, and those that wait for nothing go first", async () => {
  const { clock, system, told, connect } = guarded(400);
  connect("a", 100);
  await clock.advance(1_000);
  expect(system.open).toHaveLength(100);
  system.idleCount = 40;
  connect("b", 1);
  await clock.advance(250);
  expect([system.open.length, told]).toEqual([61, []]);
  connect("b", 59);
  await clock.advance(250);
  expect([system.open.length, told]).toEqual([74, [46]]);
});

test("files that are open for other things do not make connections look again and again", async () => {
  const { clock, system, guard, connect } = guarded(400);
  system.fileCount = 290;
  connect("a", 20);
  await clock.advance(10_000);
  expect(system.scanCount).toBeLessThanOrEqual(12);
  connect("b", 100);
  await clock.advance(100);
  expect(Map.groupBy(system.open, ({ network }) => network).get("a")).toHaveLength(20);
  expect(system.open).toHaveLength(75);
  guard.stop();
  expect(clock.pendingTimerCount).toBe(0);
});

/** Schedules against their stand-in on a test node; apps/node/test/schedule.test.ts has the module itself. */
import { afterEach, expect, test } from "bun:test";
import type { GuestRuntime } from "@kinode-ts/types";
import { defineProcess, serve } from "./index.ts";
import { type Firing, schedule, type ScheduleError, schedules, unschedule } from "./schedule.ts";
import { TestNode, TestScheduler, useHost } from "./testing/index.ts";

const ME = "me:test:sys";
afterEach(() => useHost(undefined));

/** A process that does something and then serves. */
function start(node: TestNode, prepare: () => Promise<void>): void {
  const { init } = defineProcess(async () => {
    await prepare();
    await serve((request) => `served ${request.text()}`);
  });
  node.start(ME, (host: GuestRuntime) => {
    useHost(host);
    host.main(init);
  });
}

test("functions run when they are due, other requests go to serve", async () => {
  const node = new TestNode();
  const scheduler = new TestScheduler(node);
  const fired: Firing[] = [];
  const note = (firing: Firing): void => void fired.push(firing);
  start(node, async () => {
    await schedule("nightly", { cron: "0 3 * * *", timeZone: "Europe/Berlin" }, note, {
      body: "b",
    });
    await schedule("often", { every: "2s" }, note);
    await schedule("once", { at: new Date(5_000) }, async (firing) => note(firing));
  });
  await node.advance(5_000);
  expect(fired.map(({ id, dueMs }) => [id, dueMs])).toEqual([
    ["often", 2_000],
    ["often", 4_000],
    ["once", 5_000],
  ]);
  scheduler.fire(ME, "nightly", 3);
  const answer = node.ask(ME, "hello");
  await node.settle();
  expect(fired.at(-1)).toEqual({ id: "nightly", dueMs: 5_000, missed: 3, body: "b" });
  expect((await answer).body).toBe("served hello");
  // A request that only looks like a firing is one of the process's own.
  const forged = node.ask(ME, { Fired: { id: "nightly", due_ms: 0, missed: 0, body: null } });
  await node.settle();
  expect((await forged).body).toStartWith("served");
  expect(fired).toHaveLength(4);
});

test("the function of a single time is forgotten, unless it was scheduled again meanwhile", async () => {
  const node = new TestNode();
  new TestScheduler(node);
  const fired: string[] = [];
  start(node, async () => {
    await schedule("once", { at: new Date(1_000) }, () => void fired.push("once"));
    await schedule("again", { at: new Date(1_000) }, async () => {
      fired.push("first");
      await schedule("again", { at: new Date(2_000) }, () => void fired.push("second"));
    });
  });
  await node.advance(2_000);
  expect(fired).toEqual(["once", "first", "second"]);
  for (const id of ["once", "again"]) {
    const body = { Fired: { id, due_ms: 2_000, missed: 0, body: null } };
    node.tell(ME, body, { from: "scheduler:distro:sys" });
  }
  await node.settle();
  expect(fired).toHaveLength(3);
});

test("ending and listing; an error keeps the function that was there", async () => {
  const node = new TestNode();
  const scheduler = new TestScheduler(node);
  const fired: string[] = [];
  const seen: unknown[] = [];
  start(node, async () => {
    await schedule("a", "@daily", () => void fired.push("first"));
    seen.push(await schedules());
    node.addModule("scheduler:distro:sys", (_request, reply) => reply({ Err: { BadCron: "no" } }));
    const refused = await schedule("a", "nonsense", () => void fired.push("second")).catch(
      (thrown: ScheduleError) => [thrown.code, thrown.message],
    );
    seen.push(refused);
    scheduler.fire(ME, "a");
  });
  await node.advance(10);
  expect(seen).toEqual([[{ id: "a", nextMs: 0 }], ["BadCron", 'Cannot schedule "a": no']]);
  expect(fired).toEqual(["first"]);
  const other = new TestNode();
  new TestScheduler(other);
  const ended: boolean[] = [];
  start(other, async () => {
    await schedule("a", { every: 1_000 }, () => void fired.push("never"));
    ended.push(await unschedule("a"), await unschedule("a"));
  });
  await other.advance(5_000);
  expect([ended, fired]).toEqual([[true, false], ["first"]]);
});

import { expect, test } from "bun:test";
import type { ProcessId, StoreChange } from "@kinode-ts/types";
import { createVirtualClock, type VirtualClock } from "@kinode-ts/testing";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import type { DEFAULT_SYSTEM_LIMITS } from "./limits.ts";
import { createScheduler } from "./scheduler.ts";

const APP = "main:p:x.os";
const OTHER = "main:q:x.os";
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Fired {
  readonly id: string;
  readonly due_ms: number;
  readonly missed: number;
  readonly body: string | null;
}

/** A node's scheduler, and what is on its disk. */
class World {
  readonly clock: VirtualClock;
  readonly rows = new Map<string, string>();
  readonly limits: Partial<typeof DEFAULT_SYSTEM_LIMITS>;
  writes = 0;
  isFull = false;
  gone = new Set<string>();
  harness!: ModuleHarness;
  module!: ReturnType<typeof createScheduler>;

  constructor(start: string, limits: Partial<typeof DEFAULT_SYSTEM_LIMITS> = {}) {
    this.clock = createVirtualClock({ startMs: Date.parse(start) });
    this.limits = limits;
  }

  async boot(): Promise<void> {
    this.module = createScheduler({
      clock: this.clock,
      limits: this.limits,
      store: { records: async () => [...this.rows].map(([key, value]) => ({ key, value })) },
      commit: (changes) => this.#commit(changes),
    });
    this.harness = createModuleHarness(this.module);
    this.harness.setExists((process) => !this.gone.has(process));
    await this.harness.start();
    await this.clock.advance(2_000);
  }

  /** Stops and starts again after some time. */
  async restart(offMs: number): Promise<void> {
    await this.module.stop?.();
    await this.clock.advance(offMs);
    await this.boot();
  }

  async ask(body: unknown, source = APP): Promise<unknown> {
    return (await this.harness.ask(source, { body })).json;
  }

  schedule(fields: Record<string, unknown>, source = APP): Promise<unknown> {
    return this.ask({ Schedule: { id: "s", ...fields } }, source);
  }

  /** What was fired since the last call. */
  fired(): Fired[] {
    const sent = this.harness.sent as unknown as { body: Uint8Array }[];
    return sent
      .splice(0)
      .map(({ body }) => (JSON.parse(new TextDecoder().decode(body)) as { Fired: Fired }).Fired);
  }

  times(): string[] {
    return this.fired().map(({ due_ms }) => new Date(due_ms).toISOString().slice(5, 16));
  }

  async #commit(changes: readonly StoreChange[]): Promise<void> {
    this.writes++;
    await Promise.resolve();
    if (this.isFull) throw new Error("disk full");
    for (const change of changes) {
      if (change.kind === "put-record") this.rows.set(change.key, change.value);
      else if (change.kind === "delete-record") this.rows.delete(change.key);
    }
  }
}

async function world(
  start = "2026-06-01T00:00:00Z",
  limits?: Partial<typeof DEFAULT_SYSTEM_LIMITS>,
): Promise<World> {
  const made = new World(start, limits);
  await made.boot();
  return made;
}

test("a pattern, a step and a moment fire a request at their times", async () => {
  const w = await world("2026-06-01T00:00:00Z");
  const startMs = w.clock.nowMs();
  const cron = { cron: "0 3 * * *", body: "clean up" };
  expect(await w.schedule({ id: "nightly", ...cron })).toEqual({
    Scheduled: { id: "nightly", next_ms: Date.parse("2026-06-01T03:00:00Z") },
  });
  await w.schedule({ id: "often", every: 5 * HOUR });
  await w.schedule({ id: "then", at: startMs + HOUR });
  await w.clock.advance(3 * HOUR);
  expect(w.harness.sent[0]).toMatchObject({ target: { node: "alice.os", process: APP } });
  expect(w.fired()).toEqual([
    { id: "then", due_ms: startMs + HOUR, missed: 0, body: null },
    { id: "nightly", due_ms: Date.parse("2026-06-01T03:00:00Z"), missed: 0, body: "clean up" },
  ]);
  await w.clock.advance(2 * HOUR);
  expect(w.fired()).toEqual([{ id: "often", due_ms: startMs + 5 * HOUR, missed: 0, body: null }]);
  expect(await w.ask('"List"')).toEqual({
    Schedules: [
      {
        id: "nightly",
        ...cron,
        time_zone: "UTC",
        catch_up: "once",
        next_ms: Date.parse("2026-06-02T03:00:00Z"),
      },
      { id: "often", every: 5 * HOUR, catch_up: "once", next_ms: startMs + 10 * HOUR },
    ],
  });
  expect(w.rows.size).toBe(2);
  expect(await w.ask('"List"', OTHER)).toEqual({ Schedules: [] });
});

test("daylight saving: a time that does not exist comes after the gap, one that comes twice fires once", async () => {
  const w = await world("2026-03-27T12:00:00Z");
  await w.schedule({ cron: "30 2 * * *", time_zone: "Europe/Berlin" });
  await w.clock.advance(3 * DAY);
  expect(w.times()).toEqual(["03-28T01:30", "03-29T01:00", "03-30T00:30"]);
  await w.clock.advance(Date.parse("2026-10-24T12:00:00Z") - w.clock.nowMs());
  w.fired();
  await w.clock.advance(2 * DAY);
  expect(w.times()).toEqual(["10-25T00:30", "10-26T01:30"]);
  // Half an hour is half an hour: these come in both of the hours that have the same name.
  await w.restart(0);
  const again = await world("2026-10-24T23:15:00Z");
  await again.schedule({ cron: "*/30 * * * *", time_zone: "Europe/Berlin" });
  await again.clock.advance(3 * HOUR);
  expect(again.times()).toEqual([
    "10-24T23:30",
    "10-25T00:00",
    "10-25T00:30",
    "10-25T01:00",
    "10-25T01:30",
    "10-25T02:00",
  ]);
});

test("after a restart one firing stands for the times that were missed, or none does", async () => {
  const w = await world();
  await w.schedule({ id: "once", cron: "0 * * * *" });
  await w.schedule({ id: "none", cron: "0 * * * *", catch_up: "none" });
  await w.schedule({ id: "moment", at: w.clock.nowMs() + HOUR });
  await w.restart(5 * HOUR + 30 * MINUTE);
  expect(w.fired()).toEqual([
    { id: "once", due_ms: Date.parse("2026-06-01T05:00:00Z"), missed: 5, body: null },
    { id: "moment", due_ms: Date.parse("2026-06-01T01:00:02Z"), missed: 1, body: null },
  ]);
  await w.clock.advance(HOUR);
  expect(w.fired().map(({ id, missed }) => [id, missed])).toEqual([
    ["once", 0],
    ["none", 0],
  ]);
  // What has fired is written: a restart does not fire it again.
  await w.restart(10 * MINUTE);
  expect(w.fired()).toEqual([]);
  // A short restart over a due time misses nothing.
  await w.clock.advance(Date.parse("2026-06-01T07:00:00Z") - w.clock.nowMs() - 5_000);
  await w.restart(10_000);
  expect(w.fired().map(({ id, missed }) => [id, missed])).toEqual([
    ["once", 0],
    ["none", 0],
  ]);
});

test("a process that schedules the same at each start keeps what it missed", async () => {
  const w = await world();
  const daily = { cron: "0 3 * * *", time_zone: "America/New_York" };
  await w.schedule({ ...daily, body: "old" });
  await w.module.stop?.();
  await w.clock.advance(3 * DAY);
  await w.boot();
  await w.schedule({ ...daily, body: "new" });
  expect(w.fired()).toEqual([
    { id: "s", due_ms: Date.parse("2026-06-03T07:00:00Z"), missed: 3, body: "old" },
  ]);
  // Another rule begins anew.
  await w.schedule({ every: HOUR });
  await w.clock.advance(HOUR);
  expect(w.fired()).toEqual([{ id: "s", due_ms: w.clock.nowMs(), missed: 0, body: null }]);
  expect(w.rows.size).toBe(1);
});

test("a machine that slept: one firing, soon after it woke", async () => {
  const w = await world();
  await w.schedule({ cron: "*/10 * * * *" });
  await w.clock.advance(30 * MINUTE);
  expect(w.fired()).toHaveLength(3);
  w.clock.setWallClock(w.clock.nowMs() + 8 * HOUR + 5 * MINUTE);
  await w.clock.advance(MINUTE);
  expect(w.fired()).toEqual([
    { id: "s", due_ms: Date.parse("2026-06-01T08:30:00Z"), missed: 48, body: null },
  ]);
});

test("a clock that was years ahead does not silence anything, a small step back fires nothing twice", async () => {
  const w = await world("2036-01-01T00:00:00Z");
  await w.schedule({ id: "hourly", cron: "0 * * * *" });
  await w.schedule({ id: "step", every: HOUR });
  await w.clock.advance(2 * HOUR);
  expect(w.fired()).toHaveLength(4);
  w.clock.setWallClock(w.clock.nowMs() - 10 * MINUTE);
  await w.clock.advance(9 * MINUTE);
  expect(w.fired()).toEqual([]);
  w.clock.setWallClock(Date.parse("2026-01-01T00:30:00Z"));
  await w.clock.advance(HOUR);
  expect(w.fired().map(({ id }) => id)).toEqual(["hourly", "step"]);
  w.clock.setWallClock(Date.parse("2036-01-01T00:30:00Z"));
  await w.clock.advance(HOUR);
  w.fired();
  await w.module.stop?.();
  w.clock.setWallClock(Date.parse("2026-01-01T00:30:00Z"));
  await w.boot();
  await w.clock.advance(HOUR);
  expect(w.fired().map(({ id }) => id)).toEqual(["hourly", "step"]);
});

test("schedules end with the process, not with its restart or its update", async () => {
  const w = await world();
  await w.schedule({ every: HOUR });
  await w.schedule({ every: HOUR }, OTHER);
  // It restarts: it exists all the time.
  w.module.processEnded?.(APP as ProcessId);
  // It is updated: it is not there for some seconds.
  w.gone.add(OTHER);
  w.module.processEnded?.(OTHER as ProcessId);
  await w.clock.advance(20_000);
  w.gone.delete(OTHER);
  await w.clock.advance(HOUR);
  expect(w.fired()).toHaveLength(2);
  w.gone.add(OTHER);
  w.module.processEnded?.(OTHER as ProcessId);
  await w.clock.advance(3 * MINUTE);
  expect([...w.rows.keys()]).toEqual([JSON.stringify([APP, "s"])]);
  w.gone.delete(OTHER);
  await w.clock.advance(DAY);
  expect(new Set(w.harness.sent.map(({ target }) => target.process as string))).toEqual(
    new Set([APP]),
  );
  // One that is gone after a restart of the node.
  w.gone.add(APP);
  await w.restart(DAY);
  await w.clock.advance(3 * MINUTE);
  expect(w.fired().filter(({ missed }) => missed > 0)).toEqual([]);
  expect(w.rows.size).toBe(0);
  expect(w.clock.pendingTimerCount).toBe(0);
});

test("Unschedule ends one, and says whether there was one", async () => {
  const w = await world();
  await w.schedule({ every: 1_000 });
  expect(await w.ask({ Unschedule: { id: "s" } }, OTHER)).toEqual({
    Unscheduled: { id: "s", existed: false },
  });
  expect(await w.ask({ Unschedule: { id: "s" } })).toEqual({
    Unscheduled: { id: "s", existed: true },
  });
  await w.clock.advance(HOUR);
  expect([w.fired(), w.rows.size]).toEqual([[], 0]);
});

test("what cannot be scheduled is refused in words, and nothing is kept", async () => {
  const w = await world();
  const long = "x".repeat(201);
  for (const fields of [
    {},
    { every: 999 },
    { every: 1.5 },
    { every: 1e15 },
    { at: -1 },
    { at: 1, every: 1_000 },
    { cron: 5 },
    { cron: "* * * * *", time_zone: 5 },
    { every: 1_000, time_zone: "UTC" },
    { every: 1_000, catch_up: "all" },
    { every: 1_000, body: {} },
    { every: 1_000, body: "x".repeat(4_097) },
    { every: 1_000, id: "" },
    { every: 1_000, id: long },
    { every: 1_000, id: 7 },
  ]) {
    expect([fields, await w.schedule(fields)]).toEqual([fields, { Err: "MalformedRequest" }]);
  }
  for (const body of ["{", '"Schedule"', '{"Schedule":null}', '{"List":1}', '{"Unschedule":{}}']) {
    expect(await w.ask(body)).toEqual({ Err: "MalformedRequest" });
  }
  const form = `expected five fields, or six with seconds first, of at most 200 characters, like "0 3 * * *"`;
  for (const cron of [
    "",
    "* * * *",
    "2030-01-01T00:00:00Z",
    "* * * * * * *",
    "0 0 29 2 +1",
    long,
  ]) {
    expect(await w.schedule({ cron })).toEqual({ Err: { BadCron: form } });
  }
  expect(await w.schedule({ cron: "60 * * * *" })).toEqual({
    Err: { BadCron: "CronPattern: Invalid value for minute: 60" },
  });
  expect(await w.schedule({ cron: "* * * * *", time_zone: "Mars/Base" })).toEqual({
    Err: { BadTimeZone: '"Mars/Base" is no time zone; expected one like "Europe/Berlin"' },
  });
  expect(await w.schedule({ at: w.clock.nowMs() - MINUTE - 1 })).toEqual({
    Err: { BadTime: "this moment has passed" },
  });
  w.isFull = true;
  expect(await w.schedule({ every: 1_000 })).toEqual({ Err: { IOError: "disk full" } });
  await w.clock.advance(DAY);
  expect([w.fired(), w.rows.size, w.writes]).toEqual([[], 0, 1]);
});

test("a moment that has just passed is now", async () => {
  const w = await world();
  const at = w.clock.nowMs() - 10;
  await w.schedule({ at });
  await w.clock.advance(1);
  expect(w.fired()).toEqual([{ id: "s", due_ms: at, missed: 0, body: null }]);
});

test("whoever asks for patterns that are never due has to wait between them", async () => {
  const w = await world();
  const never = { cron: "0 0 30 2 *" };
  expect(await w.schedule(never)).toEqual({ Err: { BadCron: "this pattern is never due" } });
  expect(await w.schedule(never)).toMatchObject({ Err: { TooMany: expect.any(String) } });
  expect(await w.schedule({ every: 1_000 })).toHaveProperty("Scheduled");
  expect(await w.schedule({ cron: "@daily" }, OTHER)).toHaveProperty("Scheduled");
  await w.clock.advance(250);
  expect(await w.schedule({ cron: "@hourly" })).toHaveProperty("Scheduled");
});

test("a package and a node have a bounded number, at the bound and one past it", async () => {
  const w = await world("2026-06-01T00:00:00Z", {
    maxSchedulesPerPackageCount: 2,
    maxSchedulesCount: 3,
  });
  const every = HOUR;
  await w.schedule({ id: "a", every });
  await w.schedule({ id: "b", every }, "child:p:x.os");
  expect(await w.schedule({ id: "c", every })).toEqual({
    Err: { TooMany: "p:x.os has 2 schedules, which is the most a package may have" },
  });
  expect(await w.schedule({ id: "a", every: 2 * HOUR })).toHaveProperty("Scheduled");
  expect(await w.schedule({ every }, OTHER)).toHaveProperty("Scheduled");
  expect(await w.schedule({ every }, "main:r:x.os")).toEqual({
    Err: { TooMany: "this node has 3 schedules, which is the most it keeps" },
  });
  await w.ask({ Unschedule: { id: "a" } });
  expect(await w.schedule({ id: "c", every })).toHaveProperty("Scheduled");
});

test("many that are due at once let the event loop turn in between", async () => {
  const w = await world();
  for (let index = 0; index < 90; index++) await w.schedule({ id: `s${index}`, every: HOUR });
  const before = w.writes;
  await w.clock.advance(HOUR);
  expect(w.fired()).toHaveLength(90);
  expect(w.writes - before).toBe(5);
});

test("other nodes are dropped, responses too; nothing is answered that expects no answer", async () => {
  const w = await world();
  const body = { Schedule: { id: "s", every: 1_000 } };
  w.harness.post(APP, { body, node: "bob.os" });
  w.harness.answer(APP, 5, { body });
  w.harness.post(APP, { body: { Schedule: { id: "t", every: 1_000 } }, expectsResponse: null });
  await w.clock.settle();
  expect([w.harness.answers, w.rows.size]).toEqual([[], 1]);
  expect(w.harness.prints).toEqual([
    { verbosity: 1, text: "scheduler: dropped a message from another node, bob.os" },
  ]);
});

test("rows that cannot be read are told and left alone, the others work", async () => {
  const w = await world();
  await w.schedule({ every: 1_000 });
  w.rows.set("broken", "{");
  w.rows.set("zone", [...w.rows.values()][0]!.replace('"every":1000', '"cron":"99 * * * *"'));
  await w.restart(0);
  expect(w.harness.prints.map(({ text }) => text)).toEqual([
    "scheduler: cannot read the schedule broken: it is not a schedule",
    "scheduler: cannot read the schedule zone: CronPattern: Invalid value for minute: 99",
  ]);
  await w.clock.advance(1_000);
  expect(w.fired().length).toBeGreaterThan(0);
});

/** Set times as a sandboxed process on `@kinode-ts/stdlib/schedule` sees them, in a whole node that restarts. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ProcessId } from "@kinode-ts/types";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const HOUR = 3_600_000;
const SOURCE = `
import { defineProcess, serve, state } from "@kinode-ts/stdlib";
import { type Firing, schedule, ScheduleError, schedules, unschedule } from "@kinode-ts/stdlib/schedule";

const any = (value: unknown) => value;
export default defineProcess(async () => {
  const note = async (firing: Firing) => {
    const fired = ((await state.load(any)) ?? []) as unknown[];
    await state.save([...fired, firing]);
  };
  const refused = async (when: string) =>
    schedule("bad", when, note).catch((thrown) => thrown instanceof ScheduleError && [thrown.code, thrown.message]);
  const next = await schedule("hourly", "0 * * * *", note, { body: "tick" });
  await serve(async (message) => {
    switch (message.text()) {
      case "next": return { next };
      case "fired": return { fired: await state.load(any) };
      case "clear": await state.save([]); return "ok";
      case "bad": return await refused("not a pattern");
      case "once": return String(await schedule("once", { at: new Date(Date.now() + 90_000) }, note));
      case "list": return await schedules();
      case "end": return [await unschedule("hourly"), await unschedule("hourly"), await schedules()];
    }
  });
});
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const rights = ["scheduler:distro:sys"];
  await installScript(node, "waker", SOURCE, { request: rights, grant: rights });
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

const ask = async (text: string): Promise<unknown> =>
  (await node.ask("waker:waker:example.os", text)).body;
/** Waits until the process serves: while it starts it answers with the help of a timer, and time stands still. */
const served = async (): Promise<void> => {
  const isRunning = (): boolean =>
    node.kernel.process("waker:waker:example.os" as ProcessId)?.state === "running";
  const wait = async (): Promise<void> => {
    while (!isRunning()) await Bun.sleep(1);
  };
  await node.during(wait());
  await node.clock.settle();
};
const hour = (time: string): number => Date.parse(`2025-01-31T${time}:00Z`);

test("a function runs at its times, and once for those that a stop of the node swallowed", async () => {
  // The virtual clock starts on 2025-01-31 at midnight.
  expect(await ask("next")).toEqual({ next: hour("01:00") });
  await node.advance(2 * HOUR);
  const firing = (time: string, missed: number): unknown => ({
    id: "hourly",
    dueMs: hour(time),
    missed,
    body: "tick",
  });
  expect(await ask("fired")).toEqual({ fired: [firing("01:00", 0), firing("02:00", 0)] });
  await ask("clear");
  await node.restart(3 * HOUR + 10 * 60_000);
  await served();
  expect(await ask("next")).toEqual({ next: hour("03:00") });
  await node.advance(10_000);
  expect(await ask("fired")).toEqual({ fired: [firing("05:00", 3)] });
  await node.advance(HOUR);
  expect(await ask("fired")).toEqual({ fired: [firing("05:00", 3), firing("06:00", 0)] });
}, 120_000);

test("moments, refusals, the list, and the end", async () => {
  expect(await ask("bad")).toEqual(["BadCron", expect.stringContaining('Cannot schedule "bad": ')]);
  const at = Number(await ask("once"));
  expect(await ask("list")).toEqual([
    { id: "hourly", nextMs: expect.any(Number) },
    { id: "once", nextMs: at },
  ]);
  await ask("clear");
  await node.advance(95_000);
  expect(await ask("fired")).toEqual({ fired: [{ id: "once", dueMs: at, missed: 0 }] });
  expect(await ask("end")).toEqual([true, false, []]);
  await ask("clear");
  await node.advance(2 * HOUR);
  expect(await ask("fired")).toEqual({ fired: [] });
});

test("a process without the right is told what to put into its manifest", async () => {
  await installScript(
    node,
    "barred",
    `import { defineProcess, serve } from "@kinode-ts/stdlib";
     import { schedule } from "@kinode-ts/stdlib/schedule";
     export default defineProcess(() => serve(() =>
       schedule("x", { every: "1m" }, () => {}).catch((thrown) => [thrown.code, thrown.hint])));`,
  );
  expect((await node.ask("barred:barred:example.os", "go")).body).toEqual([
    "SendError",
    'Add "scheduler:distro:sys" to request_capabilities and to grant_capabilities in the manifest',
  ]);
});

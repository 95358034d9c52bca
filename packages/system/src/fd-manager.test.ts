import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import type { ProcessId } from "@kinode-ts/types";
import { createFdManager, type FdBudget } from "./fd-manager.ts";

const MODULES = ["vfs:distro:sys", "kv:distro:sys", "sqlite:distro:sys", "net:distro:sys"];

function setUp(budget: FdBudget = { kind: "ulimit", softLimit: 1024 }): ModuleHarness {
  const harness = createModuleHarness(createFdManager({ budget }));
  void harness.start();
  return harness;
}

async function register(harness: ModuleHarness): Promise<void> {
  for (const module of MODULES) {
    harness.post(module, { body: '"RequestFdsLimit"', expectsResponse: null });
  }
  await harness.delivered();
}

/** The newest limit each module was sent. */
function limits(harness: ModuleHarness): Record<string, number> {
  const known: Record<string, number> = {};
  for (const { target, body, expectsResponse } of harness.sent) {
    expect(expectsResponse).toBeUndefined();
    const json = JSON.parse(new TextDecoder().decode(body)) as { FdsLimit: number };
    known[target.process] = json.FdsLimit;
  }
  return known;
}

test("[M118] four modules at 1024 get 222 each, after one hit 289 and 200", async () => {
  const harness = setUp();
  await register(harness);
  expect(limits(harness)).toEqual(Object.fromEntries(MODULES.map((module) => [module, 222])));
  harness.post("vfs:distro:sys", { body: '"FdsLimitHit"', expectsResponse: null });
  await harness.delivered();
  expect(Object.values(limits(harness))).toEqual([289, 200, 200, 200]);
});

test("[M119] GetState and GetProcessFdLimit answer; an unknown process has 0", async () => {
  const harness = setUp();
  await register(harness);
  const ask = async (body: unknown) => (await harness.ask("any:p:x.os", { body })).json;
  expect(await ask('"GetState"')).toEqual({
    GetState: Object.fromEntries(MODULES.map((id) => [id, { limit: 222, hit_count: 1 }])),
  });
  expect(await ask({ GetProcessFdLimit: "vfs:distro:sys" })).toEqual({ GetProcessFdLimit: 222 });
  expect(await ask({ GetProcessFdLimit: "a:b:c.os" })).toEqual({ GetProcessFdLimit: 0 });
});

test("[M120] a static budget is shared the same way and never ends the module", async () => {
  const harness = setUp({ kind: "static", count: 100 });
  await register(harness);
  expect(Object.values(limits(harness))).toEqual([25, 25, 25, 25]);
  harness.post("terminal:terminal:sys", {
    body: { UpdateMaxFdsAsFractionOfUlimitPercentage: 50 },
    expectsResponse: null,
  });
  await harness.delivered();
  expect(Object.values(limits(harness))).toEqual([25, 25, 25, 25]);
});

test("limits are at least 1, settings come from the terminal only, other nodes are dropped", async () => {
  const harness = setUp({ kind: "ulimit", softLimit: 34 });
  await register(harness);
  expect(Object.values(limits(harness))).toEqual([1, 1, 1, 1]);
  const large = setUp();
  await register(large);
  const setting = { UpdateMaxFdsAsFractionOfUlimitPercentage: 50 };
  large.post("app:p:x.os", { body: setting, expectsResponse: null });
  large.post("vfs:distro:sys", { body: '"FdsLimitHit"', expectsResponse: null, node: "bob.os" });
  await large.delivered();
  expect(Object.values(limits(large))).toEqual([222, 222, 222, 222]);
  large.post("m:terminal:sys", { body: setting, expectsResponse: null });
  await large.delivered();
  expect(Object.values(limits(large))).toEqual([120, 120, 120, 120]);
});

test("what is malformed, or only for modules to hear, is printed and neither answered nor done; a question nobody waits for is not answered", async () => {
  const harness = setUp();
  await register(harness);
  const before = harness.sent.length;
  const malformed = [
    { FdsLimit: 1 },
    "{",
    "null",
    { RequestFdsLimit: 7 },
    { FdsLimitHit: [] },
    { GetState: 1 },
    { GetProcessFdLimit: 7 },
    { GetState: null, FdsLimitHit: null },
  ];
  for (const body of malformed) harness.post("vfs:distro:sys", { body });
  await harness.delivered();
  expect(harness.prints.map(({ verbosity }) => verbosity)).toEqual(malformed.map(() => 1));
  harness.post("m:terminal:sys", { body: { UpdateCullFractionDenominator: 2 } });
  harness.post("vfs:distro:sys", { body: '"GetState"', expectsResponse: null });
  await harness.delivered();
  expect([harness.sent.length, harness.answers]).toEqual([before, []]);
  expect(harness.prints).toHaveLength(malformed.length);
  // As the string is the object without content, and a hit of who never asked for a share is none.
  harness.post("app:p:x.os", { body: { FdsLimitHit: null }, expectsResponse: null });
  expect((await harness.ask("any:p:x.os", { body: { GetState: null } })).json).toMatchObject({
    GetState: { "vfs:distro:sys": { limit: 222, hit_count: 1 } },
  });
});

test("modules that hold sockets have a share of their own and are not told", async () => {
  const sockets = ["http-server:distro:sys" as ProcessId];
  const harness = createModuleHarness(
    createFdManager({ budget: { kind: "static", count: 100 }, sockets }),
  );
  await harness.start();
  await register(harness);
  expect(limits(harness)).toEqual(Object.fromEntries(MODULES.map((module) => [module, 20])));
  const ask = await harness.ask("any:p:x.os", {
    body: { GetProcessFdLimit: "http-server:distro:sys" },
  });
  expect(ask.json).toEqual({ GetProcessFdLimit: 20 });
});

test("hits are forgotten by halves, in a time that the terminal sets", async () => {
  const clock = createVirtualClock();
  const harness = createModuleHarness(
    createFdManager({ budget: { kind: "ulimit", softLimit: 1024 }, clock }),
  );
  await harness.start();
  await register(harness);
  for (let hits = 0; hits < 3; hits++) {
    harness.post("vfs:distro:sys", { body: '"FdsLimitHit"', expectsResponse: null });
  }
  await harness.delivered();
  const vfsLimit = (): number => limits(harness)["vfs:distro:sys"]!;
  const [most, all] = [vfsLimit(), 222];
  expect(most).toBeGreaterThan(300);
  await clock.advance(3_600_000);
  expect(vfsLimit()).toBe(289);
  const setting = { UpdateUpdateUlimitSecs: 60 };
  harness.post("app:p:x.os", { body: setting, expectsResponse: null });
  harness.post("m:terminal:sys", { body: setting, expectsResponse: null });
  await harness.delivered();
  await clock.advance(60_000);
  expect(vfsLimit()).toBe(all);
  expect(clock.pendingTimerCount).toBe(0);
});

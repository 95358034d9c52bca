import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { BackupError } from "./errors.ts";
import { createMemoryRemote } from "./memory-remote.ts";
import { withPatience } from "./patient-remote.ts";

const NAME = "ab".repeat(32);

test("a call that gets no answer is given up, told so, and tried again", async () => {
  const clock = createVirtualClock();
  const inner = createMemoryRemote();
  const signals: AbortSignal[] = [];
  const { put } = inner;
  inner.put = (kind, name, bytes, options) => {
    signals.push(options!.signal!);
    return signals.length < 3 ? new Promise(() => {}) : put(kind, name, bytes);
  };
  const remote = withPatience(inner, { clock, deadlineMs: 1_000, pauseMs: 100, attemptCount: 3 });
  await clock.runUntil(remote.put("data", NAME, new Uint8Array(1)));
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false]);
  expect(clock.monotonicMs()).toBe(1_000 + 100 + 1_000 + 200);
  expect(clock.pendingTimerCount).toBe(0);
});

test("in the end it says which remote, which operation and why", async () => {
  const clock = createVirtualClock();
  const inner = createMemoryRemote("the disk");
  inner.get = () => Promise.reject(new Error("EIO"));
  const remote = withPatience(inner, { clock, attemptCount: 2 });
  const failed = clock.runUntil(remote.get("data", NAME).catch((error: unknown) => error));
  expect(((await failed) as Error).message).toBe('"the disk" does not answer to get: EIO');
});

test("lasting faults are not tried again, and a cancel ends every wait", async () => {
  const clock = createVirtualClock();
  let count = 0;
  const inner = createMemoryRemote();
  inner.put = () => {
    count++;
    return Promise.reject(
      new BackupError({ code: "backup.remote-full", remote: "x", why: "ENOSPC" }),
    );
  };
  inner.stat = () => {
    count++;
    return Promise.reject(new Error("EIO"));
  };
  const remote = withPatience(inner, { clock });
  await expect(remote.put("data", NAME, new Uint8Array(1))).rejects.toMatchObject({
    code: "backup.remote-full",
  });
  expect(count).toBe(1);
  for (const how of ["silent", "pause"]) {
    if (how === "silent") inner.stat = () => new Promise(() => {});
    const control = new AbortController();
    const call = remote
      .stat("data", NAME, { signal: control.signal })
      .catch((error: unknown) => error);
    await clock.settle();
    control.abort();
    expect(await call).toMatchObject({ code: "backup.cancelled" });
    expect(clock.pendingTimerCount).toBe(0);
  }
});

test("a list that breaks off is taken again, and nothing is there twice", async () => {
  const clock = createVirtualClock();
  const inner = createMemoryRemote();
  for (const digit of "abc") await inner.put("data", digit.repeat(64), new Uint8Array(1));
  const { list } = inner;
  let breaks = 2;
  inner.list = async function* (kind) {
    for await (const object of list(kind)) {
      yield object;
      if (breaks-- > 0) throw new Error("broken off");
    }
  };
  const remote = withPatience(inner, { clock });
  const listed = await clock.runUntil(Array.fromAsync(remote.list("data")));
  expect(listed.map(({ name }) => name[0]!)).toEqual(["a", "b", "c"]);
});

import { describe, expect, test } from "bun:test";
import { createMemoryStore, createMemoryStoreData } from "@kinode-ts/store/memory";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { ProcessId, StoreChange } from "@kinode-ts/types";
import { createState } from "./state.ts";

const KERNEL = "kernel:distro:sys";
const APP = "chess:chess:sys";

async function started(commitDelay?: () => Promise<void>) {
  const data = createMemoryStoreData();
  const store = createMemoryStore(data);
  const removed: string[] = [];
  const state = createState({
    store,
    async commit(changes: readonly StoreChange[]) {
      await commitDelay?.();
      await store.commit(changes);
    },
    backupPath: "backup",
    removeBackup: (path) => (removed.push(path), Promise.resolve()),
  });
  const harness = createModuleHarness(state);
  await harness.start();
  return { harness, state, store, data, removed };
}

describe("state:distro:sys", () => {
  test("[M115] set, get, delete, get: the bytes, then NotFound with the process id", async () => {
    const { harness } = await started();
    const ask = (body: unknown, blob?: Uint8Array) =>
      harness.ask(KERNEL, { body, blob, metadata: "m" });
    expect(await ask({ SetState: APP }, Uint8Array.of(1, 2))).toMatchObject({
      json: "SetState",
      metadata: "m",
    });
    const got = await ask({ GetState: APP });
    expect(got.json).toBe("GetState");
    expect(got.blob).toEqual({ mime: "application/octet-stream", bytes: Uint8Array.of(1, 2) });
    expect((await ask({ DeleteState: APP })).json).toBe("DeleteState");
    const missing = await ask({ GetState: APP });
    expect(missing.json).toEqual({ Err: { NotFound: { process_id: APP } } });
    expect(missing.metadata).toBeUndefined();
    expect((await ask({ DeleteState: APP })).json).toBe("DeleteState");
  });

  test("[M116] SetState without blob is BadBytes", async () => {
    const { harness } = await started();
    const answer = await harness.ask(KERNEL, { body: { SetState: APP } });
    expect(answer.json).toEqual({ Err: { BadBytes: { action: "SetState" } } });
  });

  test("[M117] a process outside distro:sys and terminal:sys gets no answer and no effect", async () => {
    const { harness, state, store } = await started();
    for (const source of [APP, "state:distro:evil.os", "a:notdistro:sys"]) {
      harness.post(source, { body: { SetState: APP }, blob: Uint8Array.of(1) });
    }
    harness.post(KERNEL, { body: { SetState: APP }, blob: Uint8Array.of(1), node: "bob.os" });
    await state.stop?.();
    expect(await store.stateIds()).toEqual([]);
    expect(harness.answers).toEqual([]);
    expect(harness.prints).toHaveLength(4);
    await harness.ask("terminal:terminal:sys", { body: { SetState: APP }, blob: "x" });
    expect(await store.stateIds()).toEqual([APP as ProcessId]);
  });

  test("two sets of one id land in the order they arrived, however long the first takes", async () => {
    const delays = [20, 0, 0];
    const { harness, store } = await started(() => Bun.sleep(delays.shift() ?? 0));
    harness.post(KERNEL, { body: { SetState: APP }, blob: "first", expectsResponse: null });
    const second = harness.ask("terminal:terminal:sys", {
      body: { SetState: APP },
      blob: "second",
    });
    await second;
    expect(new TextDecoder().decode(await store.state(APP as ProcessId))).toBe("second");
  });

  test("bad bodies, responses and store faults answer the documented errors without host text", async () => {
    const { harness, store } = await started();
    expect((await harness.ask(KERNEL, { body: "{" })).json).toEqual({
      Err: { BadJson: { error: "the body is not JSON" } },
    });
    expect((await harness.ask(KERNEL, { body: { Steal: APP } })).json).toEqual({
      Err: { BadJson: { error: 'unknown action "Steal"' } },
    });
    harness.answer(KERNEL, 77, { body: "x" });
    expect(harness.answers.at(-1)?.json).toEqual({
      Err: { BadRequest: { error: "not a request" } },
    });
    await store[Symbol.asyncDispose]();
    const broken = await harness.ask(KERNEL, { body: { DeleteState: APP } });
    expect(broken.json).toEqual({
      Err: { RocksDBError: { action: "DeleteState", error: "the store refused it" } },
    });
  });

  test("Backup replaces the previous copy", async () => {
    const { harness, data, removed } = await started();
    await harness.ask(KERNEL, { body: { SetState: APP }, blob: "x" });
    expect((await harness.ask(KERNEL, { body: '"Backup"' })).json).toBe("Backup");
    expect(data.backups.get("backup")?.states.size).toBe(1);
    expect(removed).toEqual(["backup"]);
  });

  test("no response is sent where none was asked for, but errors always are", async () => {
    const { harness, state } = await started();
    harness.post(KERNEL, { body: { SetState: APP }, blob: "x", expectsResponse: null });
    harness.post(KERNEL, { body: { SetState: APP }, expectsResponse: null });
    await state.stop?.();
    expect(harness.answers.map(({ json }) => json)).toEqual([
      { Err: { BadBytes: { action: "SetState" } } },
    ]);
  });
});

import { expect, test } from "bun:test";
import type { StoreChange } from "@kinode-ts/types";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import { createState } from "./state.ts";

const SYSTEM = "net:distro:sys";

interface FakeStore {
  readonly states: Map<string, Uint8Array>;
  /** Commits wait here when held. */
  hold(): () => void;
  fail: boolean;
  backups: number;
}

function setUp(maxStateBytes = 100): {
  harness: ModuleHarness;
  store: FakeStore;
  stop: () => unknown;
} {
  let gate = Promise.resolve();
  const store: FakeStore = {
    states: new Map(),
    fail: false,
    backups: 0,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
  const commit = async (changes: readonly StoreChange[]): Promise<void> => {
    await gate;
    if (store.fail) throw new Error("disk full");
    for (const change of changes) {
      if (change.kind === "put-state") store.states.set(change.process, change.bytes);
      else if (change.kind === "delete-state") store.states.delete(change.process);
    }
  };
  const module = createState({
    store: { state: async (process) => store.states.get(process) },
    commit,
    backup: async () => {
      if (store.fail) throw new Error("no place");
      store.backups++;
    },
    limits: { maxStateBytes, maxQueuedStateRequestsCount: 3 },
  });
  const harness = createModuleHarness(module);
  void harness.start();
  return { harness, store, stop: () => module.stop!() };
}

test("[M115] Set, Get, Delete, Get answers NotFound with the process id", async () => {
  const { harness } = setUp();
  const ask = (body: unknown, blob?: string) => harness.ask(SYSTEM, { body, blob });
  expect((await ask({ SetState: "a:b:c.os" }, "kept")).json).toBe("SetState");
  const got = await ask({ GetState: "a:b:c.os" });
  expect([got.json, got.blob]).toEqual([
    "GetState",
    { mime: "application/octet-stream", bytes: new TextEncoder().encode("kept") },
  ]);
  expect((await ask({ DeleteState: "a:b:c.os" })).json).toBe("DeleteState");
  expect((await ask({ GetState: "a:b:c.os" })).json).toEqual({
    Err: { NotFound: { process_id: "a:b:c.os" } },
  });
  expect((await ask({ DeleteState: "a:b:c.os" })).json).toBe("DeleteState");
});

test("[M116] SetState without blob is BadBytes", async () => {
  const { harness, store } = setUp();
  expect((await harness.ask(SYSTEM, { body: { SetState: "a:b:c.os" } })).json).toEqual({
    Err: { BadBytes: { action: "SetState" } },
  });
  expect(store.states.size).toBe(0);
});

test("[M117] a process outside distro:sys and terminal:sys gets no answer and no effect", async () => {
  const { harness, store, stop } = setUp();
  store.states.set("a:b:c.os", Uint8Array.of(1));
  for (const source of ["main:app:x.os", "distro:sys:evil", "kernel:distro:evil"]) {
    harness.post(source, { body: { SetState: "a:b:c.os" }, blob: "x" });
    harness.post(source, { body: { GetState: "a:b:c.os" } });
    harness.post(source, { body: { DeleteState: "a:b:c.os" } });
  }
  harness.post("kernel:distro:sys", {
    body: { DeleteState: "a:b:c.os" },
    node: "evil.os",
  });
  await stop();
  expect(harness.answers).toEqual([]);
  expect(store.states).toEqual(new Map([["a:b:c.os", Uint8Array.of(1)]]));
  for (const source of ["kernel:distro:sys", "vfs:distro:sys", "clear-state:terminal:sys"]) {
    expect((await harness.ask(source, { body: { GetState: "a:b:c.os" } })).json).toBe("GetState");
  }
});

test("SetState answers only after its commit, requests of one source stay in order", async () => {
  const { harness, store } = setUp();
  const open = store.hold();
  const set = harness.ask(SYSTEM, { body: { SetState: "a:b:c.os" }, blob: "1" });
  const get = harness.ask(SYSTEM, { body: { GetState: "a:b:c.os" } });
  const other = await harness.ask("vfs:distro:sys", { body: { GetState: "a:b:c.os" } });
  expect(other.json).toMatchObject({ Err: { NotFound: {} } });
  expect(harness.answers).toHaveLength(1);
  open();
  expect((await set).json).toBe("SetState");
  expect(new TextDecoder().decode((await get).blob!.bytes)).toBe("1");
});

test("success echoes metadata, errors do not; failures of the store are told", async () => {
  const { harness, store } = setUp();
  const ask = (body: unknown, blob?: string) =>
    harness.ask(SYSTEM, { body, blob, metadata: "note" });
  expect((await ask({ SetState: "a:b:c.os" }, "x")).metadata).toBe("note");
  expect((await ask({ GetState: "no:b:c.os" })).metadata).toBeUndefined();
  store.fail = true;
  expect((await ask({ SetState: "a:b:c.os" }, "x")).json).toEqual({
    Err: { RocksDBError: { action: "SetState", error: "disk full" } },
  });
  expect((await ask({ DeleteState: "a:b:c.os" })).json).toEqual({
    Err: { RocksDBError: { action: "DeleteState", error: "disk full" } },
  });
  expect((await ask('"Backup"')).json).toEqual({
    Err: { RocksDBError: { action: "BackupCheckpointCreate", error: "no place" } },
  });
});

test("a source with too many requests waiting is refused", async () => {
  const { harness, store, stop } = setUp();
  const open = store.hold();
  for (let id = 1; id <= 5; id++) {
    harness.post(SYSTEM, { body: { SetState: "a:b:c.os" }, blob: "x", id });
  }
  await harness.delivered();
  expect(harness.answers.map(({ id, json }) => [id, json])).toEqual([
    [5, { Err: { IOError: { error: "4 requests of net:distro:sys are waiting" } } }],
  ]);
  open();
  await stop();
  expect(harness.answers.map(({ id }) => id)).toEqual([5, 1, 2, 3, 4]);
  expect((await harness.ask(SYSTEM, { body: { GetState: "a:b:c.os" } })).json).toBe("GetState");
});

test("bounds, malformed bodies, responses and Backup", async () => {
  const { harness, store } = setUp(4);
  const ask = (body: unknown, blob?: string) => harness.ask(SYSTEM, { body, blob });
  expect((await ask({ SetState: "a:b:c.os" }, "1234")).json).toBe("SetState");
  expect((await ask({ SetState: "a:b:c.os" }, "12345")).json).toMatchObject({
    Err: { IOError: { error: "state of 5 bytes, at most 4 are kept" } },
  });
  for (const body of ["{", { GetState: "no-id" }, { GetState: 1 }, "[]", { Other: null }]) {
    expect((await ask(body)).json).toMatchObject({ Err: { BadJson: {} } });
  }
  expect((await ask('"Backup"')).json).toBe("Backup");
  expect(store.backups).toBe(1);
  harness.answer(SYSTEM, 99, { body: '"GetState"' });
  await Bun.sleep(0);
  expect(harness.answers.at(-1)).toMatchObject({
    id: 99,
    json: { Err: { BadRequest: { error: "not a request" } } },
  });
});

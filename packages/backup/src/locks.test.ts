import { expect, test } from "bun:test";
import {
  contents,
  createSeededRandom,
  createVirtualClock,
  memoryTarget,
  PASSWORD,
  testClock,
  testPowers,
  treeSource,
} from "../test/world.ts";
import {
  createLocalEngine,
  createMemoryRemote,
  initRepository,
  type MemoryRemoteData,
  openRepository,
} from "./index.ts";
import { STALE_LOCK_MS } from "./lock-file.ts";
import { findLocks, takeLock } from "./locks.ts";
import { DEFAULT_BACKUP_LIMITS } from "./limits.ts";
import { randomKeys } from "./key-file.ts";
import { RepositoryFiles } from "./repository-files.ts";

function world() {
  const data: MemoryRemoteData = new Map();
  const clock = createVirtualClock();
  const random = createSeededRandom(1);
  const remote = createMemoryRemote("here", data);
  const files = new RepositoryFiles(remote, randomKeys(random), random, DEFAULT_BACKUP_LIMITS);
  const identity = { hostname: "alice.os", username: "alice", pid: 7 };
  const take = (isExclusive: boolean, settleMs = 200) =>
    clock.runUntil(takeLock(files, { identity, clock, settleMs }, isExclusive));
  return { data, clock, files, remote, take };
}

test("many share, one excludes all others", async () => {
  const { take, files, clock } = world();
  const [a, b] = [await take(false), await take(false)];
  const refused = take(true);
  expect(refused).rejects.toMatchObject({
    fault: { code: "backup.locked", holder: "alice@alice.os (process 7)" },
  });
  await refused.catch(() => {});
  await a[Symbol.asyncDispose]();
  await b[Symbol.asyncDispose]();
  const alone = await take(true);
  expect(take(false)).rejects.toMatchObject({ code: "backup.locked" });
  await take(true).catch(() => {});
  await alone[Symbol.asyncDispose]();
  expect(await findLocks(files, clock)).toEqual([]);
});

test("of two that lock at the same moment, at most one gets it", async () => {
  const { files, clock } = world();
  const identity = { hostname: "a", username: "", pid: 1 };
  const both = [0, 1].map(() => takeLock(files, { identity, clock, settleMs: 200 }, true));
  const ends = await clock.runUntil(Promise.allSettled(both));
  expect(ends.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
  for (const end of ends) if (end.status === "fulfilled") await end.value[Symbol.asyncDispose]();
  expect(await findLocks(files, clock)).toEqual([]);
});

test("a lock is renewed for as long as it is held, and a forgotten one counts for 30 minutes", async () => {
  const { data, take, files, clock } = world();
  const held = await take(true);
  const before = [...data.get("locks")!.keys()];
  await clock.advance(3 * 3_600_000);
  expect([...data.get("locks")!.keys()]).not.toEqual(before);
  const [lock] = await findLocks(files, clock);
  expect(lock).toMatchObject({ isStale: false, info: { isExclusive: true, pid: 7 } });
  expect(held.signal.aborted).toBe(false);
  // As if the program were killed: the lock stays as it was.
  const left = new Map(data.get("locks"));
  await held[Symbol.asyncDispose]();
  data.set("locks", left);
  await expect(take(false)).rejects.toMatchObject({ code: "backup.locked" });
  await clock.advance(STALE_LOCK_MS + 1_000);
  const next = await take(true);
  await next[Symbol.asyncDispose]();
});

test("who cannot renew stops before others stop counting the lock, also when the remote is silent", async () => {
  for (const how of ["fails", "silent"]) {
    const { remote, take, clock } = world();
    const held = await take(false);
    const takenMs = clock.monotonicMs();
    remote.put = () =>
      how === "fails" ? Promise.reject(new Error("gone")) : new Promise(() => {});
    let lostMs = 0;
    held.signal.addEventListener("abort", () => (lostMs = clock.monotonicMs()));
    await clock.advance(3_600_000);
    expect(held.signal.reason).toMatchObject({ code: "backup.lock-lost" });
    expect(lostMs - takenMs).toBeLessThan(STALE_LOCK_MS);
  }
});

test("a holder of the exclusive lock stops when somebody removes it", async () => {
  const { data, take, clock } = world();
  const held = await take(true);
  data.get("locks")!.clear();
  await clock.advance(600_000);
  expect(held.signal.reason).toMatchObject({ fault: { why: "somebody removed it" } });
});

test("a lock that nobody can read forbids everything until it is removed", async () => {
  const { data, take, files, clock } = world();
  data.set("locks", new Map([["0".repeat(64), new Uint8Array(50)]]));
  await expect(take(false)).rejects.toMatchObject({ code: "backup.damaged" });
  expect(await findLocks(files, clock)).toMatchObject([{ info: undefined, isStale: false }]);
});

test("an operation whose lock is lost ends and says so; unlock removes what was left", async () => {
  const data: MemoryRemoteData = new Map();
  const remote = createMemoryRemote("here", data);
  const virtual = createVirtualClock();
  const engine = createLocalEngine({ clock: testClock(), random: createSeededRandom(4) });
  const powers = testPowers({ clock: virtual, engine });
  const repository = await initRepository(remote, PASSWORD, powers);
  const source = {
    paths: ["test"],
    async *entries() {
      yield* treeSource({ a: "1" }).entries();
      remote.put = () => new Promise(() => {});
      // A day goes by while the source is read.
      await virtual.advance(86_400_000);
      remote.put = createMemoryRemote("here", data).put;
      yield* treeSource({ b: "1" }).entries();
    },
  };
  let isDone = false;
  const taken = repository.takeSnapshot(source).finally(() => (isDone = true));
  taken.catch(() => {});
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    await virtual.settle();
    await virtual.advance(1);
  }
  await expect(taken).rejects.toMatchObject({ code: "backup.lock-lost" });
  expect(await repository.snapshots()).toEqual([]);

  data.set("locks", new Map([["0".repeat(64), new Uint8Array(50)]]));
  expect(await repository.unlock()).toBe(0);
  expect(await repository.unlock({ all: true })).toBe(1);
  const other = await openRepository(remote, PASSWORD, testPowers());
  await other.takeSnapshot(treeSource({ a: "1" }));
  const target = memoryTarget();
  await other.restore("latest", target);
  expect(contents(target.files)).toEqual(contents({ a: "1" }));
});

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  contents,
  createSeededRandom,
  memoryTarget,
  PASSWORD,
  type TestClock,
  testPowers,
  type Tree,
  treeSource,
} from "../test/world.ts";
import {
  BackupError,
  type BackupFault,
  createMemoryRemote,
  createRecoveryKey,
  initRepository,
  type MemoryRemoteData,
  openRepository,
  parseRecoveryKey,
  type SnapshotProgress,
  snapshotEverywhere,
} from "./index.ts";

// Small machines are slow; what hangs still ends.
setDefaultTimeout(60_000);

/** The code that a promise is rejected with. */
async function codeOf(promise: Promise<unknown>): Promise<BackupFault["code"] | undefined> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof BackupError) return error.code;
    throw error;
  }
  return undefined;
}

async function newRepository(options: Parameters<typeof testPowers>[0] = {}) {
  const data: MemoryRemoteData = new Map();
  const remote = createMemoryRemote("here", data);
  const powers = testPowers(options);
  const repository = await initRepository(remote, PASSWORD, powers);
  return { data, remote, powers, repository };
}

const random = createSeededRandom(20);
const TREE: Tree = {
  "a.txt": "hello",
  empty: "",
  large: random.bytes(3_000_000),
  folder: { inside: { "b.txt": "bye" }, nothing: {} },
};

test("what a snapshot took is restored, as a whole and in part", async () => {
  const { repository } = await newRepository();
  const { snapshot, problems } = await repository.takeSnapshot(treeSource(TREE), { tags: ["x"] });
  expect(problems).toEqual([]);
  expect(snapshot).toMatchObject({ hostname: "alice.os", paths: ["test"], tags: ["x"] });
  const whole = memoryTarget();
  expect(await repository.restore("latest", whole)).toMatchObject({ fileCount: 4, problems: [] });
  expect(contents(whole.files)).toEqual(contents(TREE));
  const part = memoryTarget();
  await repository.restore(snapshot.id.slice(0, 10), part, { path: "/folder/inside/" });
  expect(contents(part.files)).toEqual(contents({ "b.txt": "bye" }));
  const file = memoryTarget();
  await repository.restore(snapshot.id, file, { path: "a.txt" });
  expect(contents(file.files)).toEqual(contents({ "a.txt": "hello" }));
  expect(await codeOf(repository.restore("latest", file, { path: "no" }))).toBe(
    "backup.unknown-path",
  );
  expect(await codeOf(repository.restore("ffff", file))).toBe("backup.unknown-snapshot");
  expect(await codeOf(repository.restore("", file))).toBe("backup.unknown-snapshot");
});

test("the recovery key opens it elsewhere; other passwords do not", async () => {
  const remote = createMemoryRemote();
  const key = createRecoveryKey(createSeededRandom(5));
  const made = await initRepository(remote, key, testPowers());
  await made.takeSnapshot(treeSource({ a: "1" }));
  const typed = parseRecoveryKey(key.toLowerCase().replaceAll("-", ""));
  const opened = await openRepository(remote, typed, testPowers({ seed: 2 }));
  expect(opened.id).toBe(made.id);
  expect(await opened.snapshots()).toHaveLength(1);
  expect(await codeOf(openRepository(remote, "wrong", testPowers()))).toBe("backup.wrong-key");
  const elsewhere = openRepository(createMemoryRemote(), key, testPowers());
  expect(await codeOf(elsewhere)).toBe("backup.no-repository");
  expect(await codeOf(initRepository(remote, key, testPowers()))).toBe("backup.repository-exists");
});

test("an interrupted init is done again; one whose config was lost keeps its keys", async () => {
  const { data, remote, repository } = await newRepository();
  data.get("config")!.clear();
  const again = await initRepository(remote, "other", testPowers({ seed: 9 }));
  expect(again.id).not.toBe(repository.id);
  expect(data.get("keys")!.size).toBe(1);
  await again.takeSnapshot(treeSource({ a: "1" }));
  data.get("config")!.clear();
  expect(await codeOf(initRepository(remote, "x", testPowers()))).toBe("backup.repository-exists");
  expect(data.get("keys")!.size).toBe(1);
});

test("keys are added and removed, but not the last and not the one in use", async () => {
  const { remote, repository } = await newRepository();
  const [first] = await repository.keys();
  expect(first).toMatchObject({ isCurrent: true, hostname: "alice.os", username: "alice" });
  expect(await codeOf(repository.removeKey(first!.id))).toBe("backup.key-in-use");
  expect(await codeOf(repository.addKey(""))).toBe("backup.bad-argument");
  const second = await repository.addKey("second");
  const other = await openRepository(remote, "second", testPowers());
  expect((await other.keys()).find(({ isCurrent }) => isCurrent)?.id).toBe(second);
  await other.removeKey(first!.id);
  expect(await codeOf(openRepository(remote, PASSWORD, testPowers()))).toBe("backup.wrong-key");
  expect(await codeOf(repository.removeKey(second))).toBe("backup.last-key");
});

test("files that did not change are not read again, those that may have are", async () => {
  const { repository, powers } = await newRepository();
  const clock = powers.clock as TestClock;
  const read: string[] = [];
  const take = async (tree: Tree, modifiedMs = 0): Promise<string[]> => {
    clock.wallMs += 1_000;
    read.length = 0;
    await repository.takeSnapshot(treeSource(tree, (path) => read.push(path), modifiedMs));
    return read.toSorted();
  };
  expect(await take({ a: "1", b: { c: "2" } })).toEqual(["a", "b/c"]);
  expect(await take({ a: "1", b: { c: "2" } })).toEqual([]);
  expect(await take({ a: "1", b: { c: "22" } })).toEqual(["b/c"]);
  expect(await take({ a: "1", b: { c: "22", d: "3" } })).toEqual(["b/d"]);
  // Modified after the last snapshot was started: it may have been read half-way.
  const during = clock.wallMs + 1_500;
  expect(await take({ a: "1" }, during)).toEqual(["a"]);
  expect(await take({ a: "1" }, during)).toEqual(["a"]);
  expect(await take({ a: "1" }, during)).toEqual([]);
});

test("the same content is kept once, also within one snapshot, and an insertion costs little", async () => {
  const { repository, data, powers } = await newRepository();
  const bytes = createSeededRandom(30).bytes(4_000_000);
  const first = await repository.takeSnapshot(treeSource({ a: bytes, b: bytes, c: { d: bytes } }));
  expect(first.snapshot.summary!.addedBytes).toBeLessThan(4_010_000);
  const moved = new Uint8Array(bytes.length + 1);
  moved.set(bytes.subarray(0, 100));
  moved.set(bytes.subarray(100), 101);
  (powers.clock as TestClock).wallMs += 1_000;
  const second = await repository.takeSnapshot(treeSource({ a: moved }));
  expect(second.snapshot.summary!.dataBlobCount).toBe(1);
  const packs = [...data.get("data")!.values()].reduce((sum, { length }) => sum + length, 0);
  expect(packs).toBeLessThan(8_000_000);
  const target = memoryTarget();
  await repository.restore("latest", target);
  expect(contents(target.files)).toEqual(contents({ a: moved }));
});

test("nothing on the remote shows content or names", async () => {
  const { repository, data } = await newRepository();
  await repository.takeSnapshot(treeSource({ "secret-name": "secret-content ".repeat(100) }));
  for (const [kind, objects] of data) {
    for (const bytes of objects.values()) {
      expect(Buffer.from(bytes).includes("secret")).toBe(false);
      if (kind !== "keys") expect(Buffer.from(bytes).includes("chunker")).toBe(false);
    }
  }
});

test("list and diff say what is there and what changed", async () => {
  const { repository, powers } = await newRepository();
  const clock = powers.clock as TestClock;
  const one = await repository.takeSnapshot(treeSource({ a: "1", b: "2", c: { d: "3" }, e: "4" }));
  clock.wallMs += 1_000;
  const changed = treeSource({ a: "1", b: "5", c: { d: "3", f: {} }, e: {} });
  const two = await repository.takeSnapshot(changed, { readAll: true });
  const paths = async (path?: string): Promise<string[]> =>
    (await Array.fromAsync(repository.list(one.snapshot.id, path))).map((entry) => entry.path);
  expect(await paths()).toEqual(["a", "b", "c", "e", "c/d"]);
  expect(await paths("c")).toEqual(["c/d"]);
  expect(await paths("c/d")).toEqual(["c/d"]);
  const diff = await Array.fromAsync(repository.diff(one.snapshot.id, two.snapshot.id));
  expect(diff).toEqual([
    { path: "b", change: "content" },
    { path: "c/f", change: "added" },
    { path: "e", change: "kind" },
  ]);
  expect(await Array.fromAsync(repository.diff("latest", "latest"))).toEqual([]);
});

test("a file that cannot be read, and one that grows, do not end the snapshot", async () => {
  const { repository } = await newRepository();
  const base = treeSource({ good: "1" });
  const source = {
    paths: ["test"],
    async *entries() {
      yield* base.entries();
      for await (const entry of treeSource({ bad: "xx", grows: "1" }).entries()) {
        if (entry.kind !== "file") continue;
        yield {
          ...entry,
          async *read() {
            yield new TextEncoder().encode("more than expected");
            if (entry.name === "bad") throw new Error("EIO");
          },
        };
      }
      yield { kind: "problem" as const, name: "pipe", why: "it is a pipe" };
      for await (const entry of treeSource({ x: "1" }).entries())
        yield { ...entry, name: "../evil" };
    },
  };
  const { problems, problemCount } = await repository.takeSnapshot(source);
  expect(problemCount).toBe(3);
  expect(problems).toContainEqual({ path: "/bad", why: "EIO" });
  expect(problems).toContainEqual({ path: "/pipe", why: "it is a pipe" });
  const target = memoryTarget();
  await repository.restore("latest", target);
  expect(contents(target.files)).toEqual(contents({ good: "1", grows: "more than expected" }));
  expect(await repository.verify({ readData: true })).toMatchObject({ problemCount: 0 });
});

test("a cancelled snapshot leaves no snapshot and no lock, and the next one goes on from there", async () => {
  const sizes = { packBytes: 400_000, packsPerIndex: 2, fileCount: 1, uploadCount: 1 };
  const { repository, data } = await newRepository({ sizes });
  const tree: Tree = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`f${i}`, createSeededRandom(40 + i).bytes(500_000)]),
  );
  const control = new AbortController();
  const onProgress = ({ totalFileCount }: SnapshotProgress): void => {
    if (totalFileCount === 6) control.abort();
  };
  const cancelled = repository.takeSnapshot(treeSource(tree), {
    signal: control.signal,
    onProgress,
  });
  expect(await codeOf(cancelled)).toBe("backup.cancelled");
  expect(await repository.snapshots()).toEqual([]);
  expect(data.get("locks")!.size).toBe(0);
  const sent = data.get("data")!.size;
  expect(sent).toBeGreaterThan(2);
  const { snapshot } = await repository.takeSnapshot(treeSource(tree));
  expect(snapshot.summary!.dataBlobCount).toBeLessThanOrEqual(10 - sent);
  const target = memoryTarget();
  await repository.restore("latest", target);
  expect(contents(target.files)).toEqual(contents(tree));
});

test("two writers at once: both snapshots are whole", async () => {
  const { remote, repository } = await newRepository({ sizes: { packBytes: 100_000 } });
  const other = await openRepository(remote, PASSWORD, testPowers({ seed: 77 }));
  const shared = createSeededRandom(50).bytes(2_000_000);
  const [a, b] = await Promise.all([
    repository.takeSnapshot(treeSource({ shared, a: "1" })),
    other.takeSnapshot(treeSource({ shared, b: "2" })),
  ]);
  for (const [id, tree] of [
    [a.snapshot.id, { shared, a: "1" }],
    [b.snapshot.id, { shared, b: "2" }],
  ] as const) {
    const target = memoryTarget();
    await repository.restore(id, target);
    expect(contents(target.files)).toEqual(contents(tree));
  }
  // What both have sent is there twice until it is pruned.
  await repository.prune({ maxUnusedRatio: 0 });
  const report = await repository.verify({ readData: true });
  expect(report).toMatchObject({ problemCount: 0, snapshotCount: 2, unindexedPackCount: 0 });
});

test("forget keeps what the policy says, prune removes the rest and only that", async () => {
  const { repository, data, powers } = await newRepository({ sizes: { packBytes: 50_000 } });
  const clock = powers.clock as TestClock;
  const trees: Tree[] = Array.from({ length: 5 }, (_, i) => ({
    same: createSeededRandom(60).bytes(60_000),
    own: createSeededRandom(70 + i).bytes(30_000),
    tiny: `${i}`,
  }));
  for (const tree of trees) {
    clock.wallMs += 86_400_000;
    await repository.takeSnapshot(treeSource(tree), { readAll: true });
  }
  const before = data.get("data")!.size;
  const dry = await repository.forget({ last: 2 }, { dryRun: true });
  expect(dry.forgotten).toHaveLength(3);
  expect(await repository.snapshots()).toHaveLength(5);
  await repository.forget({ last: 2 });
  const plan = await repository.prune({ dryRun: true, maxUnusedRatio: 0 });
  expect(data.get("data")!.size).toBe(before);
  const done = await repository.prune({ maxUnusedRatio: 0 });
  expect(done).toEqual(plan);
  expect(done.freedBytes).toBeGreaterThan(3 * 30_000);
  expect(await repository.verify({ readData: true })).toMatchObject({ problemCount: 0 });
  const bytes = [...data.get("data")!.values()].reduce((sum, { length }) => sum + length, 0);
  expect(bytes).toBeLessThan(125_000);
  const [fourth] = await repository.snapshots();
  const target = memoryTarget();
  await repository.restore(fourth!.id, target);
  expect(contents(target.files)).toEqual(contents(trees[3]!));
  expect(await repository.prune({ maxUnusedRatio: 0 })).toMatchObject({ freedBytes: 0 });
  expect(await codeOf(repository.forget({}))).toBe("backup.bad-argument");
  expect(await codeOf(repository.forget({ last: -1 }))).toBe("backup.bad-argument");
  await repository.forget([fourth!.id]);
  expect(await repository.snapshots()).toHaveLength(1);
});

test("the same source goes to many remotes, and a broken one delays no other", async () => {
  const good = await newRepository();
  const full = await newRepository();
  const never = await newRepository();
  const fullError = new BackupError({ code: "backup.remote-full", remote: "here", why: "test" });
  full.remote.put = async (kind) => {
    if (kind === "data") throw fullError;
  };
  let free: () => void = () => {};
  never.remote.put = () => new Promise((resolve) => (free = resolve));
  const done: string[] = [];
  const outcomes = snapshotEverywhere(
    [never.repository, full.repository, good.repository],
    treeSource(TREE),
    {
      onOutcome: (outcome) => {
        done.push("error" in outcome ? "failed" : "taken");
        if (done.length === 2) setImmediate(() => free());
      },
    },
  );
  never.remote.put = (...args) => {
    never.remote.put = createMemoryRemote("never", never.data).put;
    return new Promise<void>((resolve) => (free = resolve)).then(() => never.remote.put(...args));
  };
  const [slow, broken, fine] = await outcomes;
  expect(done.slice(0, 2).sort()).toEqual(["failed", "taken"]);
  expect(slow).toHaveProperty("result");
  expect(broken).toEqual({ label: "here", error: fullError });
  expect(fine).toHaveProperty("result");
});

test("a slow remote stops the reading: what is in memory is bounded", async () => {
  const sizes = { packBytes: 500_000, uploadCount: 1, fileCount: 2 };
  const { repository, remote } = await newRepository({ sizes });
  const content = createSeededRandom(80).bytes(500_000);
  let readBytes = 0;
  const file = async function* () {
    for (let i = 0; i < 60; i++) {
      // Every piece is another one.
      const piece = content.slice();
      new DataView(piece.buffer).setUint32(0, (readBytes += 500_000));
      yield piece;
    }
  };
  const source = {
    paths: ["test"],
    async *entries() {
      for await (const entry of treeSource({ a: "", b: "", c: "" }).entries()) {
        if (entry.kind === "file") yield { ...entry, read: file };
      }
    },
  };
  const { put } = remote;
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  let blocked: () => void = () => {};
  const isBlocked = new Promise<void>((resolve) => (blocked = resolve));
  remote.put = async (kind, ...args) => {
    if (kind === "data") {
      blocked();
      await opened;
    }
    return put(kind, ...args);
  };
  const taken = repository.takeSnapshot(source);
  await isBlocked;
  // Everything else goes on by turns of the loop: until nothing has been read for many of them.
  for (let quiet = 0, before = -1; quiet < 200; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (readBytes !== before) quiet = 0;
    before = readBytes;
  }
  expect(readBytes).toBeGreaterThan(1_000_000);
  // Two packs on their way, and two files with a chunk being cut and one being sealed, each of up to 8 MiB.
  expect(readBytes).toBeLessThan(6 * (8 << 20));
  open();
  const { snapshot } = await taken;
  expect(snapshot.summary!.totalBytes).toBe(90_000_000);
});

test("a cancelled restore ends at once and says so", async () => {
  const { repository } = await newRepository({
    sizes: { packBytes: 100_000, fetchBytes: 100_000 },
  });
  const tree = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`f${i}`, createSeededRandom(90 + i).bytes(100_000)]),
  );
  await repository.takeSnapshot(treeSource(tree));
  const control = new AbortController();
  const target = memoryTarget();
  const restored = repository.restore("latest", target, {
    signal: control.signal,
    onProgress: () => control.abort(),
  });
  expect(await codeOf(restored)).toBe("backup.cancelled");
  expect(target.files.size).toBeLessThan(12);
  const before = repository.restore("latest", target, { signal: control.signal });
  expect(await codeOf(before)).toBe("backup.cancelled");
});

test("verify and prune can be cancelled, and leave no lock", async () => {
  const { repository, data } = await newRepository();
  await repository.takeSnapshot(treeSource(TREE));
  const signal = AbortSignal.abort();
  expect(await codeOf(repository.verify({ signal, readData: true }))).toBe("backup.cancelled");
  expect(await codeOf(repository.prune({ signal }))).toBe("backup.cancelled");
  expect(await codeOf(repository.takeSnapshot(treeSource(TREE), { signal }))).toBe(
    "backup.cancelled",
  );
  expect(await codeOf(repository.prune({ maxUnusedRatio: Number.NaN }))).toBe(
    "backup.bad-argument",
  );
  expect(data.get("locks")!.size).toBe(0);
});

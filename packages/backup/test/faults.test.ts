/**
 * A remote that fails, and programs that are killed between any two operations on it: whatever was acknowledged stays.
 * @module
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { BackupRemote } from "@kinode-ts/types";
import {
  createLocalEngine,
  createMemoryRemote,
  initRepository,
  type MemoryRemoteData,
  openRepository,
  type Repository,
  snapshotEverywhere,
  withPatience,
} from "../src/index.ts";
import {
  contents,
  createSeededRandom,
  createVirtualClock,
  memoryTarget,
  PASSWORD,
  testClock,
  testPowers,
  type Tree,
  treeSource,
} from "./world.ts";

// Small machines are slow; what hangs still ends.
setDefaultTimeout(60_000);

/** Thrown where the program is killed: from then on nothing it does reaches the remote. */
class Killed extends Error {}

/** Counts operations that change something, and is dead after `limit` of them; the last may be left half-way. */
function mortalRemote(
  data: MemoryRemoteData,
  limit: number,
  half: "none" | "all" | "part",
): BackupRemote {
  const inner = createMemoryRemote("here", data);
  let left = limit;
  const spend = async (run: () => Promise<void>, runPart = run): Promise<void> => {
    if (left < 0) throw new Killed();
    left--;
    // The remote did it and the program never heard of it, or it was never done, or done in part.
    if (left >= 0 || half === "all") await run();
    else if (half === "part") await runPart();
    if (left < 0) throw new Killed();
  };
  const alive = <T>(run: () => Promise<T>): Promise<T> => {
    if (left < 0) throw new Killed();
    return run();
  };
  return {
    ...inner,
    stat: (...args) => alive(() => inner.stat(...args)),
    get: (...args) => alive(() => inner.get(...args)),
    put: (kind, name, bytes) =>
      spend(
        () => inner.put(kind, name, bytes),
        () => inner.put(kind, name, bytes.subarray(0, bytes.length >>> 1)),
      ),
    delete: (...args) => spend(() => inner.delete(...args)),
  };
}

/** What a person does when a remote shows halves of objects, which it must not: what `verify` and the errors say. */
async function mend(repository: Repository): Promise<void> {
  await repository.unlock({ all: true });
  await repository.repairIndex();
  const { problems } = await repository.verify();
  const broken = problems.map(({ what }) => what).filter((what) => what.startsWith("snapshots/"));
  await repository.forget(broken.map((what) => what.slice("snapshots/".length)));
}

const copyOf = (data: MemoryRemoteData): MemoryRemoteData =>
  new Map([...data].map(([kind, objects]) => [kind, new Map(objects)]));

const sizes = {
  packBytes: 30_000,
  packsPerIndex: 2,
  fileCount: 2,
  uploadCount: 2,
  blobsPerIndex: 6,
};

interface Kept {
  readonly id: string;
  readonly tree: Tree;
}

/** Everything acknowledged is there, byte for byte, and the repository is whole. */
async function expectWhole(repository: Repository, kept: readonly Kept[]): Promise<void> {
  for (const { id, tree } of kept) {
    const target = memoryTarget();
    expect(await repository.restore(id, target)).toMatchObject({ problems: [] });
    expect(contents(target.files)).toEqual(contents(tree));
  }
  expect(await repository.verify({ readData: true })).toMatchObject({ problems: [] });
}

function treeOf(seed: number): Tree {
  const random = createSeededRandom(seed % 3); // some content is shared between trees
  const own = createSeededRandom(1_000 + seed);
  return {
    shared: random.bytes(40_000),
    own: own.bytes(25_000),
    folder: { small: `${seed}`, [`only ${seed}`]: own.bytes(9_000), other: random.bytes(12_000) },
  };
}

/** A repository with a history: two snapshots that stay, and two that are forgotten and not pruned. */
async function history(): Promise<{ data: MemoryRemoteData; kept: Kept[] }> {
  const data: MemoryRemoteData = new Map();
  const clock = testClock();
  const repository = await initRepository(
    createMemoryRemote("here", data),
    PASSWORD,
    testPowers({ clock, sizes }),
  );
  const taken: Kept[] = [];
  for (let seed = 0; seed < 4; seed++) {
    clock.wallMs += 3_600_000;
    const tree = treeOf(seed);
    const { snapshot } = await repository.takeSnapshot(treeSource(tree), { readAll: true });
    taken.push({ id: snapshot.id, tree });
  }
  await repository.forget([taken[0]!.id, taken[2]!.id]);
  return { data, kept: [taken[1]!, taken[3]!] };
}

const OPERATIONS: Readonly<Record<string, (repository: Repository) => Promise<unknown>>> = {
  snapshot: (repository) => repository.takeSnapshot(treeSource(treeOf(9)), { readAll: true }),
  prune: (repository) => repository.prune({ maxUnusedRatio: 0 }),
  forget: (repository) => repository.forget({ last: 1 }),
};

for (const [name, run] of Object.entries(OPERATIONS)) {
  test.each([0, 1, 2])(
    `killed after any change of the remote, ${name} loses nothing that was acknowledged (%p)`,
    async (seed) => {
      const { data: before, kept } = await history();
      let killedCount = 0;
      for (let limit = 0; ; limit++) {
        const half = (["none", "all", "part"] as const)[(limit + seed) % 3]!;
        const data = copyOf(before);
        const clock = testClock(Date.UTC(2026, 0, 2));
        const remote = mortalRemote(data, limit, half);
        const dying = await openRepository(
          remote,
          PASSWORD,
          testPowers({ clock, sizes, seed: limit }),
        );
        const ended = await run(dying).then(
          () => "done",
          (error: unknown) => error,
        );
        if (ended !== "done") {
          expect(ended).toBeInstanceOf(Killed);
          killedCount++;
        }
        // Half an hour later on another machine.
        clock.wallMs += 3_600_000;
        const powers = testPowers({ clock, sizes, seed: 10_000 + limit });
        const next = await openRepository(createMemoryRemote("here", data), PASSWORD, powers);
        if (half === "part") await mend(next);
        const there = new Set((await next.snapshots()).map(({ id }) => id as string));
        const still = name === "forget" ? kept.filter(({ id }) => there.has(id)) : kept;
        expect(still.length).toBeGreaterThan(0);
        await expectWhole(next, still);
        // And everything goes on: the same again, then a snapshot, then the smallest size.
        await run(next);
        clock.wallMs += 1_000;
        const tree = treeOf(20);
        const { snapshot } = await next.takeSnapshot(treeSource(tree), { readAll: true });
        await next.prune({ maxUnusedRatio: 0 });
        const left = new Set((await next.snapshots()).map(({ id }) => id as string));
        await expectWhole(next, [
          { id: snapshot.id, tree },
          ...still.filter(({ id }) => left.has(id)),
        ]);
        if (ended === "done") break;
      }
      expect(killedCount).toBeGreaterThan(1);
    },
  );
}

test("passing faults are tried again, and cost nothing but time", async () => {
  const clock = createVirtualClock();
  const random = createSeededRandom(8);
  const data: MemoryRemoteData = new Map();
  const inner = createMemoryRemote("shaky", data);
  let failureCount = 0;
  const shaky = async <T>(run: () => Promise<T>): Promise<T> => {
    const kind = random.below(10);
    if (kind < 7) return run();
    failureCount++;
    if (kind === 7) throw new Error("ECONNRESET");
    if (kind === 8) {
      await run(); // done, and the answer was lost
      throw new Error("ECONNRESET");
    }
    return new Promise<T>(() => {}); // no answer, ever
  };
  const remote = withPatience(
    {
      label: "shaky",
      async *list(kind) {
        yield* await shaky(() => Array.fromAsync(inner.list(kind)));
      },
      stat: (...args) => shaky(() => inner.stat(...args)),
      get: (...args) => shaky(() => inner.get(...args)),
      put: (...args) => shaky(() => inner.put(...args)),
      delete: (...args) => shaky(() => inner.delete(...args)),
    },
    { clock, attemptCount: 12, deadlineMs: 10_000, pauseMs: 10 },
  );
  const powers = testPowers({
    clock,
    sizes,
    engine: createLocalEngine({ clock: testClock(), random }),
  });
  const work = async (): Promise<void> => {
    const repository = await initRepository(remote, PASSWORD, powers);
    const tree = treeOf(1);
    const { snapshot } = await repository.takeSnapshot(treeSource(tree));
    await expectWhole(repository, [{ id: snapshot.id, tree }]);
  };
  // The engine turns with the real loop; the virtual clock only has to be moved along.
  let isDone = false;
  const done = work().finally(() => (isDone = true));
  done.catch(() => {});
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1_000);
  }
  await done;
  expect(failureCount).toBeGreaterThan(5);
});

test("a remote that never answers ends with an error that says so, and the others are done before", async () => {
  const clock = createVirtualClock();
  const real = testClock();
  const engine = createLocalEngine({ clock: real, random: createSeededRandom(2) });
  const make = async (remote: BackupRemote): Promise<Repository> =>
    initRepository(remote, PASSWORD, testPowers({ sizes, engine, clock: real }));
  const silent = createMemoryRemote("silent");
  const silentRepository = await make(withPatience(silent, { clock, attemptCount: 3 }));
  silent.put = () => new Promise(() => {});
  const fine = await make(createMemoryRemote("fine"));
  const order: string[] = [];
  let isDone = false;
  const outcomes = snapshotEverywhere([silentRepository, fine], treeSource(treeOf(1)), {
    onOutcome: ({ label }) => order.push(label),
  }).finally(() => (isDone = true));
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    if (order.includes("fine")) await clock.advance(10_000);
  }
  expect(order).toEqual(["fine", "silent"]);
  expect((await outcomes)[0]).toMatchObject({ error: { code: "backup.remote-unreachable" } });
});

test("random failures in random places, again and again: what was acknowledged is there", async () => {
  const random = createSeededRandom(99);
  const data: MemoryRemoteData = new Map();
  const clock = testClock();
  await initRepository(createMemoryRemote("here", data), PASSWORD, testPowers({ clock, sizes }));
  const kept: Kept[] = [];
  for (let round = 0; round < 40; round++) {
    clock.wallMs += 3_600_000;
    const limit = random.chance(0.3) ? 10_000 : random.below(25);
    const remote = mortalRemote(data, limit, random.pick(["none", "all"] as const));
    const repository = await openRepository(
      remote,
      PASSWORD,
      testPowers({ clock, sizes, seed: round }),
    );
    try {
      const tree = treeOf(random.below(12));
      if (random.chance(0.3)) await repository.prune({ maxUnusedRatio: random.below(2) });
      else {
        const { snapshot } = await repository.takeSnapshot(treeSource(tree), { readAll: true });
        kept.push({ id: snapshot.id, tree });
      }
      if (kept.length > 3) {
        const [oldest] = kept;
        kept.shift(); // from here on nobody may count on it
        await repository.forget([oldest!.id]);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(Killed);
    }
  }
  const powers = testPowers({ clock, sizes, seed: 5_000 });
  clock.wallMs += 3_600_000;
  const last = await openRepository(createMemoryRemote("here", data), PASSWORD, powers);
  expect(kept.length).toBeGreaterThan(1);
  await expectWhole(last, kept);
});

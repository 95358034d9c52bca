/**
 * Folders of this machine as remote, source and target; and the threads.
 * @module
 */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolderRemote, createFolderSource, createFolderTarget } from "../src/folder-bun.ts";
import {
  BackupError,
  type BackupPowers,
  type BlobEngine,
  type FetchedBlob,
  initRepository,
  openRepository,
} from "../src/index.ts";
import { createHostPowers, createThreadEngine } from "../src/powers-bun.ts";
import { remoteSuite } from "./remote-suite.ts";
import { createSeededRandom, details, PASSWORD, testPowers, treeSource } from "./world.ts";

// Small machines are slow; what hangs still ends.
setDefaultTimeout(60_000);

const root = mkdtempSync(join(tmpdir(), "kinode-backup-folders-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const folder = (): string => {
  const path = join(root, `${count++}`);
  mkdirSync(path);
  return path;
};

remoteSuite("a folder", () => createFolderRemote({ path: folder() }));

test("an object appears whole in a folder, and what was left half-way is no object", async () => {
  const path = folder();
  const remote = createFolderRemote({ path });
  mkdirSync(join(path, "index"));
  writeFileSync(join(path, "index", "tmp-123"), "half");
  writeFileSync(join(path, "index", "notes.txt"), "of a person");
  expect((await Array.fromAsync(remote.list("index"))).map(({ name }) => name)).toEqual([
    "notes.txt",
  ]);
  await using repository = await initRepository(remote, PASSWORD, testPowers());
  const report = await repository.verify();
  expect(report.problemCount).toBe(0);
  expect(readdirSync(path).sort()).toEqual([
    "config",
    "data",
    "index",
    "keys",
    "locks",
    "snapshots",
  ]);
});

test("a place that cannot be a folder fails when written, and looks empty", async () => {
  const remote = createFolderRemote({ path: "/dev/full/x" });
  const error = await remote
    .put("index", "ab".repeat(32), new Uint8Array(1))
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(Error);
  expect(await remote.stat("index", "ab".repeat(32))).toBeUndefined();
  expect(await Array.fromAsync(remote.list("data"))).toEqual([]);
});

test("the threads do what this thread does", async () => {
  const [place, source, back] = [folder(), folder(), folder()];
  const random = createSeededRandom(2);
  for (let i = 0; i < 5; i++) writeFileSync(join(source, `f${i}`), random.bytes(700_000));
  for (let i = 0; i < 200; i++) writeFileSync(join(source, `s${i}`), `small ${i}`);
  const identity = { hostname: "alice.os", username: "alice", pid: 1 };
  const powers = { ...createHostPowers(identity, 2), scrypt: { N: 16, r: 1, p: 1 }, settleMs: 0 };
  const remote = createFolderRemote({ path: place });
  {
    await using repository = await initRepository(remote, PASSWORD, powers);
    const { problems } = await repository.takeSnapshot(createFolderSource({ path: source }));
    expect(problems).toEqual([]);
  }
  await using local = await openRepository(remote, PASSWORD, testPowers());
  expect(await local.verify({ readData: true })).toMatchObject({ problemCount: 0 });
  await using threads = await openRepository(remote, PASSWORD, powers);
  const result = await threads.restore("latest", createFolderTarget({ path: back }));
  expect(result).toMatchObject({ fileCount: 205, problems: [] });
  for (const name of readdirSync(source)) {
    expect(Bun.hash(readFileSync(join(back, name)))).toBe(
      Bun.hash(readFileSync(join(source, name))),
    );
  }
  // The same content has the same id, whoever cut it.
  const { snapshot } = await local.takeSnapshot(createFolderSource({ path: source }), {
    readAll: true,
  });
  expect(snapshot.summary!.dataBlobCount).toBe(0);
});

test("a closed repository ends its threads, and calls to them", async () => {
  const powers = { ...testPowers(), engine: createThreadEngine(1) };
  const repository = await initRepository(createFolderRemote({ path: folder() }), PASSWORD, powers);
  const source = folder();
  writeFileSync(join(source, "a"), "1");
  const taken = repository.takeSnapshot({
    paths: ["x"],
    async *entries() {
      yield* createFolderSource({ path: source }).entries();
      await repository[Symbol.asyncDispose]();
    },
  });
  await expect(taken).rejects.toBeInstanceOf(BackupError);
});

/** What a target refuses, or `undefined`. */
async function refusal(run: () => Promise<void>): Promise<string | undefined> {
  const error = await run().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return undefined;
  expect(error).toBeInstanceOf(BackupError);
  return (error as BackupError).message;
}

test("nothing is written outside of the target, whatever is there and whatever is asked", async () => {
  const [outside, path] = [folder(), folder()];
  writeFileSync(join(outside, "precious"), "mine");
  symlinkSync(outside, join(path, "to-outside"));
  symlinkSync(join(outside, "precious"), join(path, "to-file"));
  const target = createFolderTarget({ path });
  const bytes = new TextEncoder().encode("evil");
  const tries: readonly (() => Promise<void>)[] = [
    () => target.makeFolder("to-outside"),
    () => target.makeFolder("to-outside/x"),
    () => target.createFile("to-outside/x", 4),
    () => target.createFile("to-file", 4),
    () => target.write("to-outside/precious", 0, bytes),
    () => target.createFile("../x", 4),
    () => target.write(`../${outside.split("/").at(-1)}/precious`, 0, bytes),
    () => target.makeLink("to-outside/l", "/", details()),
    () => target.createFile("missing/x", 4),
    () => target.finishFile("to-outside/precious", details()),
    () => target.finishFolder("to-outside", details()),
  ];
  for (const run of tries) expect(await refusal(run)).toContain("Will not restore");
  // The last part of a path is a link: not followed.
  await expect(target.write("to-file", 0, bytes)).rejects.toBeInstanceOf(Error);
  expect(readFileSync(join(outside, "precious"), "utf8")).toBe("mine");
  expect(readdirSync(outside)).toEqual(["precious"]);
  // A whole restore onto a link changes nothing behind it, its permissions neither.
  const mode = lstatSync(outside).mode;
  await using repository = await initRepository(
    createFolderRemote({ path: folder() }),
    PASSWORD,
    testPowers(),
  );
  await repository.takeSnapshot(treeSource({ "to-outside": { precious: "evil", more: {} } }));
  for (const overwrite of [false, true]) {
    const { problems } = await repository.restore(
      "latest",
      createFolderTarget({ path, overwrite }),
    );
    expect(problems.map((problem) => problem.path).sort()).toEqual([
      "to-outside",
      "to-outside/more",
      "to-outside/precious",
    ]);
  }
  expect(lstatSync(outside).mode).toBe(mode);
  expect(readFileSync(join(outside, "precious"), "utf8")).toBe("mine");
  expect(readdirSync(outside)).toEqual(["precious"]);
  // Replacing a link replaces the link.
  const replacing = createFolderTarget({ path, overwrite: true });
  await replacing.createFile("to-file", 0);
  expect(lstatSync(join(path, "to-file")).isFile()).toBe(true);
  expect(await refusal(() => replacing.createFile("to-outside/x", 1))).toContain("no folder");
  await target.close?.();
  await replacing.close?.();
});

test("files that are there stay, unless they are to be replaced", async () => {
  const [place, source, back] = [folder(), folder(), folder()];
  writeFileSync(join(source, "a"), "new");
  writeFileSync(join(source, "b"), "new");
  await using repository = await initRepository(
    createFolderRemote({ path: place }),
    PASSWORD,
    testPowers(),
  );
  await repository.takeSnapshot(createFolderSource({ path: source }));
  writeFileSync(join(back, "a"), "old");
  const kept = await repository.restore("latest", createFolderTarget({ path: back }));
  expect(kept.problems).toEqual([{ path: "a", why: "something is there already" }]);
  expect(readFileSync(join(back, "a"), "utf8")).toBe("old");
  expect(readFileSync(join(back, "b"), "utf8")).toBe("new");
  const replaced = await repository.restore(
    "latest",
    createFolderTarget({ path: back, overwrite: true }),
  );
  expect(replaced.problems).toEqual([]);
  expect(readFileSync(join(back, "a"), "utf8")).toBe("new");
});

test("permissions, times and links come back; what is excluded or strange is left out", async () => {
  const [place, source, back] = [folder(), folder(), folder()];
  mkdirSync(join(source, "locked"));
  writeFileSync(join(source, "locked/inside"), "x");
  chmodSync(join(source, "locked"), 0o500);
  mkdirSync(join(source, "cache"));
  writeFileSync(join(source, "cache/big"), "x");
  symlinkSync("nowhere", join(source, "dangling"));
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0xff, 0xfe])]), "x");
  await using repository = await initRepository(
    createFolderRemote({ path: place }),
    PASSWORD,
    testPowers(),
  );
  const exclude = (path: string): boolean => path === "cache";
  const { problems } = await repository.takeSnapshot(
    createFolderSource({ path: source, exclude, label: "home" }),
  );
  expect(problems).toMatchObject([{ why: "its name is no UTF-8" }]);
  await repository.restore("latest", createFolderTarget({ path: back }));
  expect(lstatSync(join(back, "locked")).mode & 0o777).toBe(0o500);
  expect(readFileSync(join(back, "locked/inside"), "utf8")).toBe("x");
  expect(readlinkSync(join(back, "dangling"))).toBe("nowhere");
  expect(existsSync(join(back, "cache"))).toBe(false);
  const times = (path: string): number => Math.floor(lstatSync(path).mtimeMs);
  expect(times(join(back, "locked"))).toBe(times(join(source, "locked")));
  expect((await repository.snapshots())[0]!.paths).toEqual(["home"]);
  for (const path of [source, back]) chmodSync(join(path, "locked"), 0o700);
});

test("a source that is not there is an error, not an empty snapshot; a folder inside that is not is a problem", async () => {
  const [place, source] = [folder(), folder()];
  await using repository = await initRepository(
    createFolderRemote({ path: place }),
    PASSWORD,
    testPowers(),
  );
  const missing = repository.takeSnapshot(createFolderSource({ path: join(source, "missing") }));
  await expect(missing).rejects.toMatchObject({ code: "backup.unreadable-source" });
  expect(await repository.snapshots()).toEqual([]);
  mkdirSync(join(source, "gone"));
  writeFileSync(join(source, "stays"), "1");
  const tree = createFolderSource({ path: source });
  const { problems } = await repository.takeSnapshot({
    ...tree,
    async *entries() {
      for await (const entry of tree.entries()) {
        if (entry.name === "gone") rmSync(join(source, "gone"), { recursive: true });
        yield entry;
      }
    },
  });
  expect(problems).toMatchObject([{ path: "/gone" }]);
  expect(await repository.verify()).toMatchObject({ problemCount: 0 });
});

test("a name that this system does not take ends one file, not the restore", async () => {
  const [place, back] = [folder(), folder()];
  await using repository = await initRepository(
    createFolderRemote({ path: place }),
    PASSWORD,
    testPowers(),
  );
  const long = "x".repeat(300);
  await repository.takeSnapshot(
    treeSource({ a: "1", [long]: "2", [`${long}y`]: { inside: "3" }, z: "4" }),
  );
  const { problems, fileCount } = await repository.restore(
    "latest",
    createFolderTarget({ path: back }),
  );
  expect(problems.map(({ path }) => path.slice(0, 5))).toEqual(["xxxxx", "xxxxx", "xxxxx"]);
  expect(fileCount).toBe(2);
  expect(readdirSync(back).sort()).toEqual(["a", "z"]);
});

test("a call that a thread cannot do fails, and the next ones are done", async () => {
  const powers = { ...testPowers(), engine: createThreadEngine(1) };
  let engine: BlobEngine | undefined;
  const watched: BackupPowers = {
    ...powers,
    engine: (keys, polynomial) => (engine = powers.engine(keys, polynomial)),
  };
  await using repository = await initRepository(
    createFolderRemote({ path: folder() }),
    PASSWORD,
    watched,
  );
  const broken = engine!.open(undefined as unknown as Uint8Array, [{} as FetchedBlob]);
  await expect(broken).rejects.toBeInstanceOf(Error);
  const source = folder();
  writeFileSync(join(source, "a"), "1");
  await repository.takeSnapshot(createFolderSource({ path: source }));
  expect(await repository.verify({ readData: true })).toMatchObject({ problemCount: 0 });
});

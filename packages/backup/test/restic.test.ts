/**
 * Both ways with `restic`: what we write it checks and restores, what it writes we list, restore and add to.
 * @module
 */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolderRemote, createFolderSource, createFolderTarget } from "../src/folder-bun.ts";
import { initRepository, openRepository } from "../src/index.ts";
import { restic, RESTIC, type ResticRun } from "./restic.ts";
import { createS3Remote } from "../src/s3-remote-bun.ts";
import { S3_ACCESS, startS3Server } from "./s3-server.ts";
import { createSeededRandom, PASSWORD, testClock, testPowers, treeSource } from "./world.ts";

if (RESTIC === undefined)
  console.log("restic is not here: the tests against it are skipped (KINODE_RESTIC)");
// A password of restic costs half a second, and each run needs one.
setDefaultTimeout(120_000);
const withRestic = test.skipIf(RESTIC === undefined);

const root = mkdtempSync(join(tmpdir(), "kinode-backup-restic-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const folder = (): string => {
  const path = join(root, `${count++}`);
  mkdirSync(path);
  return path;
};

/** Names, sizes and kinds that are easy to get wrong. */
function sampleFolder(): string {
  const path = folder();
  const random = createSeededRandom(11);
  mkdirSync(join(path, "deep/er/still"), { recursive: true });
  mkdirSync(join(path, "empty folder"));
  const put = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(path, name), content);
  put("empty", "");
  put("small.txt", "hello\n");
  put("text", "the same line again and again\n".repeat(50_000));
  put("large.bin", random.bytes(5_000_000));
  put("deep/er/still/here", random.bytes(100));
  for (const name of [
    'quo"te',
    "back\\slash",
    "new\nline",
    "tab\t",
    "<&>",
    "ü€😀",
    "\u200b\u2028",
    "\u0001\u007f",
  ]) {
    put(name, name);
  }
  symlinkSync("../outside <&>", join(path, "link"));
  chmodSync(join(path, "small.txt"), 0o751);
  utimesSync(join(path, "small.txt"), 1_234_567_890.123456, 1_234_567_890.123456);
  return path;
}

/** Everything in a folder that a restore should bring back. */
function describeFolder(path: string, at = ""): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of readdirSync(path).sort()) {
    const [inside, stats] = [`${at}/${name}`, lstatSync(join(path, name))];
    const common = [stats.mode, Math.floor(stats.mtimeMs)];
    if (stats.isDirectory()) Object.assign(found, describeFolder(join(path, name), inside));
    if (stats.isSymbolicLink()) found[inside] = readlinkSync(join(path, name));
    else
      found[inside] = [
        ...common,
        stats.isFile() ? Bun.hash(readFileSync(join(path, name))) : "folder",
      ];
  }
  return found;
}

withRestic("restic finds a repository of ours whole, and restores and lists the same", async () => {
  const [place, source, back] = [folder(), sampleFolder(), folder()];
  const powers = testPowers({ clock: testClock(Date.now()) });
  await using repository = await initRepository(
    createFolderRemote({ path: place }),
    PASSWORD,
    powers,
  );
  const { problems } = await repository.takeSnapshot(createFolderSource({ path: source }));
  expect(problems).toEqual([]);

  const check = await restic(place, PASSWORD, "check", "--read-data");
  expect(check.stdout + check.stderr).toContain("no errors were found");
  expect(check.exitCode).toBe(0);

  const restored = await restic(place, PASSWORD, "restore", "latest", "--target", back);
  expect(restored.stderr).toBe("");
  expect(restored.exitCode).toBe(0);
  expect(describeFolder(back)).toEqual(describeFolder(source));

  const listed = await restic(place, PASSWORD, "ls", "--json", "latest");
  const theirs = listed.stdout
    .split("\n")
    .filter((line) => line.includes('"path"'))
    .map((line) => JSON.parse(line));
  const paths = theirs.map(({ path }) => path).filter((path) => typeof path === "string");
  const ours = await Array.fromAsync(repository.list("latest"));
  expect(paths.sort()).toEqual(ours.map(({ path }) => `/${path}`).sort());

  const snapshots = JSON.parse((await restic(place, PASSWORD, "snapshots", "--json")).stdout);
  expect(snapshots[0]).toMatchObject({ hostname: "alice.os", username: "alice", paths: [source] });
});

withRestic(
  "a repository of restic is listed, restored, added to, and stays whole for restic",
  async () => {
    const [place, source, back] = [folder(), sampleFolder(), folder()];
    expect((await restic(place, PASSWORD, "init", "--repository-version", "2")).exitCode).toBe(0);
    const backup = await restic(place, PASSWORD, "backup", "--host", "alice.os", source);
    expect(backup.stderr).toBe("");
    const powers = testPowers({ clock: testClock(Date.now()) });
    await using repository = await openRepository(
      createFolderRemote({ path: place }),
      PASSWORD,
      powers,
    );

    const [snapshot] = await repository.snapshots();
    expect(snapshot).toMatchObject({ hostname: "alice.os", paths: [source] });
    const target = createFolderTarget({ path: back });
    const { problems } = await repository.restore("latest", target, { path: source });
    expect(problems).toEqual([]);
    expect(describeFolder(back)).toEqual(describeFolder(source));
    expect(await repository.verify({ readData: true })).toMatchObject({ problems: [] });

    // What restic has cut and stored is found again: nothing of the content is new.
    const { snapshot: ours } = await repository.takeSnapshot(createFolderSource({ path: source }));
    expect(ours.summary).toMatchObject({ dataBlobCount: 0, addedBytes: expect.any(Number) });
    const check = await restic(place, PASSWORD, "check", "--read-data");
    expect(check.stdout + check.stderr).toContain("no errors were found");

    // And the other way: the folder of our snapshot is the parent's for restic.
    const again = await restic(place, PASSWORD, "backup", "--host", "alice.os", "--json", source);
    const summary = JSON.parse(again.stdout.trim().split("\n").at(-1)!);
    expect(summary.data_blobs).toBe(0);
    expect(again.exitCode).toBe(0);
  },
);

withRestic("restic writes our trees again byte for byte", async () => {
  const [place, source] = [folder(), sampleFolder()];
  const powers = testPowers({ clock: testClock(Date.now()) });
  await using repository = await initRepository(
    createFolderRemote({ path: place }),
    PASSWORD,
    powers,
  );
  await repository.takeSnapshot(createFolderSource({ path: source }));
  // It refuses when a tree cannot be written again without a difference.
  const rewritten = await restic(place, PASSWORD, "rewrite", "--forget", "--exclude", "small.txt");
  if (rewritten.stderr.includes("unknown command")) {
    console.log("this restic cannot rewrite: skipped");
    return;
  }
  expect(rewritten.stderr).toBe("");
  expect(rewritten.exitCode).toBe(0);
  const entries = await Array.fromAsync(repository.list("latest"));
  expect(entries.some(({ path }) => path === "small.txt")).toBe(false);
  expect(entries.some(({ path }) => path === "ü€😀")).toBe(true);
});

withRestic("keys, forgetting and pruning understand each other", async () => {
  const [place, source] = [folder(), folder()];
  const clock = testClock(Date.now());
  const sizes = { packBytes: 300_000 };
  const powers = testPowers({ clock, sizes });
  await using repository = await initRepository(
    createFolderRemote({ path: place }),
    PASSWORD,
    powers,
  );
  const random = createSeededRandom(3);
  for (let i = 0; i < 6; i++) {
    for (let file = 0; file < 4; file++) {
      if (i === 0 || random.chance(0.6))
        writeFileSync(join(source, `f${file}`), random.bytes(200_000));
    }
    clock.wallMs += 3_600_000 * 20;
    await repository.takeSnapshot(createFolderSource({ path: source }), { readAll: true });
  }
  const policy = ["--keep-last", "1", "--keep-daily", "2", "--keep-weekly", "2"];
  const theirs = JSON.parse(
    (await restic(place, PASSWORD, "forget", "--dry-run", "--json", ...policy)).stdout,
  )[0] as { keep: { id: string }[] };
  const { kept, forgotten } = await repository.forget({ last: 1, daily: 2, weekly: 2 });
  const ids = (snapshots: readonly { id: string }[]): string[] =>
    snapshots.map(({ id }) => id).sort();
  expect(ids(kept)).toEqual(ids(theirs.keep));
  expect(forgotten.length).toBeGreaterThan(0);

  const pruned = await repository.prune({ maxUnusedRatio: 0 });
  expect(pruned.deletedPackCount + pruned.repackedPackCount).toBeGreaterThan(0);
  expect(pruned.unusedBytes).toBe(0);
  const check = await restic(place, PASSWORD, "check", "--read-data", "--check-unused");
  expect(check.stdout + check.stderr).toContain("no errors were found");

  await repository.addKey("another");
  expect((await restic(place, "another", "snapshots")).exitCode).toBe(0);
  expect((await restic(place, "wrong", "snapshots")).exitCode).not.toBe(0);
  expect((await restic(place, PASSWORD, "prune", "--max-unused", "0")).exitCode).toBe(0);
  expect(await repository.verify({ readData: true })).toMatchObject({ problems: [] });
});

withRestic("restic reads a bucket of ours", async () => {
  using server = startS3Server();
  const { endpoint } = server;
  const remote = createS3Remote({ ...S3_ACCESS, endpoint, prefix: "nodes/alice" });
  const [source, back] = [sampleFolder(), folder()];
  const powers = testPowers({ clock: testClock(Date.now()) });
  await using repository = await initRepository(remote, PASSWORD, powers);
  await repository.takeSnapshot(createFolderSource({ path: source }));
  const place = `s3:${endpoint}/${S3_ACCESS.bucket}/nodes/alice`;
  const check = await restic(place, PASSWORD, "check", "--read-data", "--no-lock");
  expect(check.stdout + check.stderr).toContain("no errors were found");
  const restored = await restic(
    place,
    PASSWORD,
    "restore",
    "latest",
    "--target",
    back,
    "--no-lock",
  );
  expect(restored.exitCode).toBe(0);
  expect(describeFolder(back)).toEqual(describeFolder(source));
});

withRestic(
  "an index made again is right for restic, and each heeds the locks of the other",
  async () => {
    const [place, source] = [folder(), sampleFolder()];
    const powers = testPowers({ clock: testClock(Date.now()) });
    await using repository = await initRepository(
      createFolderRemote({ path: place }),
      PASSWORD,
      powers,
    );
    await repository.takeSnapshot(createFolderSource({ path: source }));
    rmSync(join(place, "index"), { recursive: true });
    mkdirSync(join(place, "index"));
    await repository.repairIndex();
    const check = await restic(place, PASSWORD, "check", "--read-data");
    expect(check.stdout + check.stderr).toContain("no errors were found");
    // A lock of ours is one for restic, and the other way.
    let refused: ResticRun | undefined;
    await repository.takeSnapshot({
      paths: ["x"],
      async *entries() {
        refused = await restic(place, PASSWORD, "prune");
        yield* treeSource({ a: "1" }).entries();
      },
    });
    expect(refused!.exitCode).not.toBe(0);
    expect(refused!.stderr).toContain("alice.os");
    expect((await restic(place, PASSWORD, "prune")).exitCode).toBe(0);
    expect(await repository.verify({ readData: true })).toMatchObject({ problems: [] });
  },
);

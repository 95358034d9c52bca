/**
 * Repositories that lie, written by somebody who has the key, and bytes that were changed by somebody who has not.
 * @module
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { decodeConfig } from "../src/config.ts";
import { compareNames, quoteName, unquoteName } from "../src/file-name.ts";
import { compress, sha256 } from "../src/host-codec-bun.ts";
import { decodeIndex, encodeIndex } from "../src/index-file.ts";
import {
  BackupError,
  createMemoryRemote,
  DEFAULT_BACKUP_LIMITS,
  initRepository,
  type MemoryRemoteData,
  openRepository,
  type Repository,
} from "../src/index.ts";
import { jsonBytes } from "../src/json.ts";
import { decodeKeyFile, openKeyFile, randomKeys } from "../src/key-file.ts";
import { decodeLock, encodeLock } from "../src/lock-file.ts";
import { objectIdOf, type ObjectId } from "../src/object-id.ts";
import { decodeHeader, encodeHeader, headerLength, type PackedBlob } from "../src/pack.ts";
import { decodeFile, encodeFile } from "../src/plain-file.ts";
import { seal, type SealKeys, unseal } from "../src/sealing.ts";
import { decodeSnapshot, encodeSnapshot } from "../src/snapshot-file.ts";
import { formatTime, parseTime } from "../src/times.ts";
import { decodeTree, encodeTree } from "../src/tree.ts";
import {
  contents,
  createSeededRandom,
  details,
  memoryTarget,
  PASSWORD,
  testPowers,
  type Tree,
  treeSource,
} from "./world.ts";

// Small machines are slow; what hangs still ends.
setDefaultTimeout(60_000);

const LIMITS = { ...DEFAULT_BACKUP_LIMITS, maxFilePlainBytes: 1 << 20 };
const random = createSeededRandom(1);

/** A repository, and the means of somebody who has its key to put anything into it. */
async function forge(limits: Partial<typeof DEFAULT_BACKUP_LIMITS> = {}) {
  const data: MemoryRemoteData = new Map();
  const remote = createMemoryRemote("here", data);
  const repository = await initRepository(remote, PASSWORD, testPowers({ limits }));
  const [[name, file]] = [...data.get("keys")!] as [[string, Uint8Array]];
  const keys = (await openKeyFile(decodeKeyFile(file, name, LIMITS), PASSWORD)) as SealKeys;
  const put = (kind: "data" | "index" | "snapshots", bytes: Uint8Array): ObjectId => {
    const id = objectIdOf(sha256(bytes));
    if (!data.has(kind)) data.set(kind, new Map());
    data.get(kind)!.set(id, bytes);
    return id;
  };
  /** Puts blobs into a pack and an index; `plainLength` may lie. */
  const blobs = (
    kind: "data" | "tree",
    list: readonly {
      content: Uint8Array;
      id?: ObjectId;
      stored?: Uint8Array;
      plainLength?: number;
    }[],
  ): ObjectId[] => {
    const packed: PackedBlob[] = [];
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (const {
      content,
      id = objectIdOf(sha256(content)),
      stored = content,
      plainLength,
    } of list) {
      const sealed = seal(keys, random, stored);
      packed.push({ kind, id, offset, length: sealed.length, plainLength });
      parts.push(sealed);
      offset += sealed.length;
    }
    const header = seal(keys, random, encodeHeader(packed));
    const length = new Uint8Array(Uint32Array.of(header.length).buffer);
    const pack = put("data", Buffer.concat([...parts, header, length]));
    put("index", encodeFile(keys, random, encodeIndex([{ id: pack, blobs: packed }])));
    return packed.map(({ id }) => id);
  };
  const snapshot = (tree: ObjectId): ObjectId =>
    put(
      "snapshots",
      encodeFile(keys, random, {
        ...{ time: "2026-01-01T00:00:00Z", tree, paths: ["/x"], hostname: "h", username: "u" },
      }),
    );
  const tree = (nodes: readonly unknown[]): ObjectId =>
    blobs("tree", [{ content: jsonBytes({ nodes }) }])[0]!;
  return { data, remote, repository, keys, put, blobs, tree, snapshot };
}

const node = (name: string, type: string, more: object = {}) => ({
  ...{ name, type, mode: 420, mtime: "2026-01-01T00:00:00Z", uid: 0, gid: 0, content: null },
  ...more,
});

async function failure(promise: Promise<unknown>): Promise<BackupError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BackupError);
  return error as BackupError;
}

test("names that lead elsewhere are refused, each with its reason, and nothing below them is made", async () => {
  const { blobs, tree, snapshot, repository } = await forge();
  const [content] = blobs("data", [{ content: new Uint8Array([1]) }]);
  const inside = tree([node("inner", "file", { size: 1, content: [content] })]);
  const names = ["", "..", "../up", "/abs", "a/b", "nul\\x00", "x".repeat(2_000)].sort();
  const nodes = [
    ...names.map((name) => node(name, "file", { size: 1, content: [content] })),
    node("z", "file", { size: 1, content: [content] }),
    node("zz/../..", "dir", { subtree: inside }),
  ];
  snapshot(
    tree(
      [node(".", "dir", { subtree: inside }), ...nodes].sort((a, b) => (a.name < b.name ? -1 : 1)),
    ),
  );
  const target = memoryTarget();
  const { problems } = await repository.restore("latest", target);
  expect([...target.files.keys()]).toEqual(["z"]);
  expect(problems).toHaveLength(names.length + 2);
  for (const { why } of problems) expect(why).toMatch(/separator|no name|empty|too long/);
});

test("a name that is there twice, or out of order, is damage", async () => {
  for (const names of [
    ["a", "a"],
    ["b", "a"],
  ]) {
    const { tree, snapshot, repository } = await forge();
    snapshot(tree(names.map((name) => node(name, "file"))));
    const error = await failure(repository.restore("latest", memoryTarget()));
    expect(error.message).toContain("not in order");
  }
});

test("folders inside folders without end are refused before anything is written", async () => {
  const { tree, snapshot, repository } = await forge({ maxDepth: 20, maxEntryCount: 1_000 });
  let deep = tree([]);
  for (let i = 0; i < 30; i++) deep = tree([node("d", "dir", { subtree: deep })]);
  snapshot(deep);
  const target = memoryTarget();
  expect((await failure(repository.restore("latest", target))).fault).toMatchObject({
    option: "maxDepth",
  });
  expect(target.files.size).toBe(0);
});

test("a few trees that stand for a billion folders are refused", async () => {
  const { tree, snapshot, repository } = await forge({ maxEntryCount: 5_000 });
  let wide = tree([]);
  for (let i = 0; i < 30; i++) {
    wide = tree([node("a", "dir", { subtree: wide }), node("b", "dir", { subtree: wide })]);
  }
  snapshot(wide);
  const error = await failure(repository.restore("latest", memoryTarget()));
  expect(error.fault).toMatchObject({ option: "maxEntryCount" });
  // Each tree is looked at once there, so that is no danger.
  expect(await repository.verify()).toMatchObject({ problemCount: 0 });
});

test("content that would fill the disk is refused before anything is written", async () => {
  const { blobs, tree, snapshot, repository } = await forge({ maxRestoreBytes: 10_000_000 });
  const [zeros] = blobs("data", [{ content: new Uint8Array(100_000) }]);
  const content = new Array(1_000).fill(zeros);
  snapshot(tree([node("huge", "file", { size: 100_000_000, content })]));
  const target = memoryTarget();
  const error = await failure(repository.restore("latest", target));
  expect(error.fault).toMatchObject({ option: "maxRestoreBytes" });
  expect(target.files.size).toBe(0);
});

test("a file whose size is not that of its content is damaged", async () => {
  const { blobs, tree, snapshot, repository } = await forge();
  const [content] = blobs("data", [{ content: new Uint8Array(10) }]);
  snapshot(tree([node("a", "file", { size: 2 ** 50, content: [content] })]));
  const target = memoryTarget();
  const { problems } = await repository.restore("latest", target);
  expect(problems).toMatchObject([{ path: "a" }]);
  expect(target.files.size).toBe(0);
  expect(await repository.verify()).toMatchObject({ problemCount: 1 });
});

test("zstd bombs are not unpacked: in a blob, in a tree, in an index", async () => {
  const bomb = compress(new Uint8Array(300 << 20));
  expect(bomb.length).toBeLessThan(20_000);
  const first = await forge();
  const id = objectIdOf(sha256(new Uint8Array(5)));
  const [content] = first.blobs("data", [
    { content: new Uint8Array(5), id, stored: bomb, plainLength: 5 },
  ]);
  first.snapshot(first.tree([node("a", "file", { size: 5, content: [content] })]));
  const target = memoryTarget();
  expect((await first.repository.restore("latest", target)).problems).toHaveLength(1);

  const second = await forge();
  const honest = { content: new Uint8Array(1), id, stored: bomb, plainLength: 300 << 20 };
  second.snapshot(second.blobs("tree", [honest])[0]!);
  const error = await failure(second.repository.restore("latest", target));
  expect(error.fault).toMatchObject({ option: "maxBlobBytes" });

  const third = await forge({ maxFilePlainBytes: 1 << 20 });
  third.put("index", seal(third.keys, random, Buffer.concat([Uint8Array.of(2), bomb])));
  expect(await third.repository.verify()).toMatchObject({ problemCount: 1 });
  expect(await third.repository.repairIndex()).toMatchObject({ removedIndexCount: 1 });
  expect(await third.repository.verify()).toMatchObject({ problemCount: 0 });
});

test("an index that lies about places and lengths is damage, not a crash", async () => {
  const cases = [
    { offset: 2 ** 52, length: 40 },
    { offset: 0, length: 2 ** 40 },
    { offset: 5, length: 33 },
  ];
  for (const place of cases) {
    const { blobs, tree, snapshot, repository, put, keys } = await forge();
    snapshot(tree([node("a", "file", { size: place.length - 32, content: ["ab".repeat(32)] })]));
    const pack = put("data", random.bytes(100));
    const blob = {
      kind: "data" as const,
      id: "ab".repeat(32) as ObjectId,
      plainLength: undefined,
      ...place,
    };
    put("index", encodeFile(keys, random, encodeIndex([{ id: pack, blobs: [blob] }])));
    void blobs;
    const result = await repository
      .restore("latest", memoryTarget())
      .catch((error: unknown) => error);
    if (result instanceof Error) expect(result).toBeInstanceOf(BackupError);
    else expect(result).toMatchObject({ problems: [{ path: "a" }] });
    expect((await repository.verify({ readData: true })).problemCount).toBeGreaterThan(0);
  }
});

test("devices and names that are no UTF-8 are left out and said", async () => {
  const { tree, snapshot, repository } = await forge();
  snapshot(
    tree([
      node("bad\\xff", "file"),
      node("null", "chardev"),
      node("p", "fifo"),
      node("to", "symlink", { linktarget: "/etc" }),
    ]),
  );
  const target = memoryTarget();
  const { problems } = await repository.restore("latest", target);
  expect(problems.map(({ why }) => why)).toEqual([
    "an entry whose name is no UTF-8 is not restored",
    "chardev is not restored",
    "fifo is not restored",
  ]);
  expect([...target.files.keys()]).toEqual(["to"]);
});

test("a key file cannot make opening cost more than the limits", async () => {
  const { data, remote } = await forge();
  const [[name, file]] = [...data.get("keys")!] as [[string, Uint8Array]];
  const costs = [
    { N: 2 ** 40 },
    { r: 2 ** 30 },
    { p: 2 ** 30 },
    { N: 3 },
    { N: 0 },
    { N: -4 },
    { N: "8" },
    { p: 0.5 },
  ];
  for (const cost of costs) {
    const changed = { ...(JSON.parse(new TextDecoder().decode(file)) as object), ...cost };
    data.set("keys", new Map([[name, jsonBytes(changed)]]));
    const error = await failure(openRepository(remote, PASSWORD, testPowers()));
    expect(["backup.too-large", "backup.damaged"]).toContain(error.code);
  }
  data.set(
    "keys",
    new Map([[name, jsonBytes({ ...JSON.parse(new TextDecoder().decode(file)), kdf: "argon2" })]]),
  );
  expect((await failure(openRepository(remote, PASSWORD, testPowers()))).code).toBe(
    "backup.damaged",
  );
});

const TREE: Tree = { a: "hello", b: { c: createSeededRandom(5).bytes(50_000) } };

async function sample(): Promise<{ data: MemoryRemoteData; repository: Repository }> {
  const { data, repository } = await forge();
  await repository.takeSnapshot(treeSource(TREE));
  return { data, repository };
}

test("a changed byte anywhere is found by verify, and never becomes content of a restored file", async () => {
  const { data, repository } = await sample();
  const expected = contents(TREE);
  for (const kind of ["data", "index", "snapshots"] as const) {
    for (const [name, bytes] of [...data.get(kind)!]) {
      for (let i = 0; i < 25; i++) {
        const changed = bytes.slice();
        changed[random.below(bytes.length)]! ^= 1 + random.below(255);
        data.get(kind)!.set(name, changed);
        const report = await repository.verify({ readData: true });
        expect(report.problemCount).toBeGreaterThan(0);
        const target = memoryTarget();
        await repository.restore("latest", target).catch((error: unknown) => {
          expect(error).toBeInstanceOf(BackupError);
        });
        for (const [path, found] of Object.entries(contents(target.files))) {
          expect(found).toBe(expected[path]!);
        }
      }
      data.get(kind)!.set(name, bytes);
    }
  }
  expect(await repository.verify({ readData: true })).toMatchObject({ problemCount: 0 });
});

test("an object that is missing, cut off or longer is found by verify without reading data", async () => {
  for (const kind of ["data", "index"] as const) {
    for (const change of ["gone", "short", "long"] as const) {
      const { data, repository } = await sample();
      const [[name, bytes]] = [...data.get(kind)!] as [[string, Uint8Array]];
      if (change === "gone") data.get(kind)!.delete(name);
      else
        data
          .get(kind)!
          .set(name, change === "short" ? bytes.slice(0, -1) : Buffer.concat([bytes, bytes]));
      const report = await repository.verify();
      expect(report.problemCount).toBeGreaterThan(0);
      await failure(repository.prune());
    }
  }
});

test("prune removes nothing when a snapshot needs what is not there", async () => {
  const { data, repository } = await sample();
  await repository.takeSnapshot(treeSource({ other: createSeededRandom(6).bytes(1_000) }));
  const [first] = [...data.get("index")!.keys()];
  data.get("index")!.delete(first!);
  const before = data.get("data")!.size;
  expect((await failure(repository.prune({ maxUnusedRatio: 0 }))).code).toBe("backup.damaged");
  expect(data.get("data")!.size).toBe(before);
});

test("a lost index is made again from the packs", async () => {
  const { data, repository } = await sample();
  data.get("index")!.clear();
  expect((await repository.verify()).problemCount).toBeGreaterThan(0);
  expect((await failure(repository.prune())).hint).toContain("repairIndex");
  const packCount = data.get("data")!.size;
  data.get("data")!.set("ab".repeat(32), random.bytes(500));
  expect(await repository.repairIndex()).toEqual({
    addedPackCount: packCount,
    damagedPacks: ["ab".repeat(32) as ObjectId],
    removedIndexCount: 0,
  });
  expect(await repository.verify({ readData: true })).toMatchObject({ problems: [] });
  const target = memoryTarget();
  await repository.restore("latest", target);
  expect(contents(target.files)).toEqual(contents(TREE));
});

test("a damaged snapshot hides no other, stops prune, and can be forgotten by its id", async () => {
  const { data, repository } = await sample();
  const bad = "cd".repeat(32);
  data.get("snapshots")!.set(bad, random.bytes(300));
  expect(await repository.snapshots()).toHaveLength(1);
  expect((await repository.verify()).problems).toMatchObject([{ what: `snapshots/${bad}` }]);
  expect((await failure(repository.prune())).message).toContain("forget it");
  expect((await failure(repository.forget([bad.slice(0, 8)]))).code).toBe(
    "backup.unknown-snapshot",
  );
  await repository.forget([bad]);
  await repository.prune();
  expect(await repository.verify()).toMatchObject({ problemCount: 0, snapshotCount: 1 });
});

/** Each parser of things from a repository: an answer or a `BackupError`, for any bytes. */
const keys = randomKeys(random);
const what = "it";
const PARSERS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  key: (bytes) => decodeKeyFile(bytes, "00", LIMITS),
  file: (bytes) => decodeFile(keys, bytes, what, LIMITS),
  "sealed file": (bytes) => decodeFile(keys, seal(keys, random, bytes), what, LIMITS),
  "packed file": (bytes) =>
    decodeFile(
      keys,
      seal(keys, random, Buffer.concat([Uint8Array.of(2), compress(bytes)])),
      what,
      LIMITS,
    ),
  config: (bytes) => decodeConfig(keys, seal(keys, random, bytes)),
  header: (bytes) => decodeHeader(bytes, 40, what, LIMITS),
  tail: (bytes) => headerLength(bytes.subarray(-4), bytes.length, what),
  tree: (bytes) => decodeTree(bytes, "00".repeat(32) as ObjectId),
  unseal: (bytes) => unseal(keys, bytes),
};

test("parsers answer any bytes with a value or an error of ours", () => {
  for (const parse of Object.values(PARSERS)) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => ownErrors(() => parse(bytes))),
      { numRuns: 300 },
    );
  }
});

test("parsers answer changed honest bytes with a value or an error of ours", () => {
  const id = "ab".repeat(32) as ObjectId;
  const blob: PackedBlob = { kind: "data", id, offset: 0, length: 40, plainLength: 99 };
  const honest: Readonly<Record<string, Uint8Array>> = {
    key: jsonBytes({ kdf: "scrypt", N: 16, r: 1, p: 1, salt: "AAAA", data: "AAAA", created: "x" }),
    "sealed file": jsonBytes(encodeIndex([{ id, blobs: [blob] }])),
    config: jsonBytes({ version: 2, id, chunker_polynomial: "3da3358b4dc173" }),
    header: encodeHeader([blob]),
    tree: encodeTree([
      { kind: "file", name: 'q"\\\u0001', sizeBytes: 1, content: [id], ...details() },
    ]),
  };
  for (const [name, bytes] of Object.entries(honest)) {
    const parse = PARSERS[name]!;
    parse(bytes);
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.nat(3), (at, value, length) => {
        const changed = bytes.slice(0, bytes.length - length);
        changed[at % changed.length] = value;
        ownErrors(() => parse(changed));
      }),
      { numRuns: 500 },
    );
  }
});

test("documents of any shape are answered with a value or an error of ours", () => {
  const id = "ab".repeat(32) as ObjectId;
  const keysOf = [
    "packs",
    "blobs",
    "id",
    "type",
    "offset",
    "length",
    "time",
    "tree",
    "paths",
    "tags",
    "pid",
    "hostname",
    "exclusive",
    "nodes",
    "name",
    "mtime",
    "content",
    "subtree",
    "size",
    "mode",
    "summary",
    "uncompressed_length",
  ];
  const leaf = fc.oneof(
    fc.constantFrom(
      id,
      "data",
      "tree",
      "file",
      "dir",
      "symlink",
      "2026-01-01T00:00:00Z",
      "",
      "\\xff",
      '\\"',
    ),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keysOf), tie("value"), { maxKeys: 8 }),
    ),
  }));
  fc.assert(
    fc.property(value, (document) => {
      ownErrors(() => decodeIndex(document, what));
      ownErrors(() => decodeSnapshot(document, id));
      ownErrors(() => decodeLock(document, what));
      ownErrors(() => decodeTree(jsonBytes(document), id));
      ownErrors(() => decodeTree(jsonBytes({ nodes: [document] }), id));
      ownErrors(() => decodeIndex({ packs: [{ id, blobs: [document] }] }, what));
    }),
    { numRuns: 2_000 },
  );
});

function ownErrors(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
  }
}

test("what is written is read back: names, times, headers, trees, snapshots, locks", () => {
  const unit = fc
    .oneof(fc.nat(0x7f), fc.nat(0x10_ffff))
    .map((code) => String.fromCodePoint(code).toWellFormed());
  const name = fc.string({ unit, minLength: 1, maxLength: 20 });
  const ns = fc.bigInt({ min: -62_135_596_800n * 10n ** 9n, max: 253_402_300_799n * 10n ** 9n });
  fc.assert(
    fc.property(name, (text) => expect(unquoteName(quoteName(text))).toBe(text.toWellFormed())),
  );
  fc.assert(fc.property(ns, (time) => expect(parseTime(formatTime(time), what)).toBe(time)));
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { maxLength: 8 }),
      ns,
      fc.nat(0o777),
      (names, modifiedNs, permissions) => {
        const entries = names.map((name, i) => ({
          ...{ kind: "file" as const, name, sizeBytes: i, content: [], ...details() },
          ...{ modifiedNs, changedNs: modifiedNs, permissions },
        }));
        const read = decodeTree(encodeTree(entries), "00".repeat(32) as ObjectId);
        expect(read).toEqual(entries.toSorted((a, b) => compareNames(a.name, b.name)));
      },
    ),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(1_000), fc.option(fc.nat(9_999), { nil: undefined }), fc.boolean())),
      (list) => {
        let offset = 0;
        const blobs = list.map(([extra, plainLength, isTree]): PackedBlob => {
          const blob = {
            id: objectIdOf(random.bytes(32)),
            offset,
            length: 32 + extra,
            plainLength,
          };
          offset += blob.length;
          return { kind: isTree ? "tree" : "data", ...blob };
        });
        expect(decodeHeader(encodeHeader(blobs), offset, what, LIMITS)).toEqual(blobs);
      },
    ),
  );
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    {
      numRuns: 1_000,
      examples: [
        ["\uffff", "\u{10000}"],
        ["a", "a"],
        ["\ud7ff", "\ue000"],
      ],
    },
  );
  const id = "cd".repeat(32) as ObjectId;
  const lock = { timeMs: 5, isExclusive: true, hostname: "h", username: "u", pid: 3 };
  expect(decodeLock(JSON.parse(JSON.stringify(encodeLock(lock))), what)).toEqual(lock);
  const info = {
    ...{ timeNs: 5n, tree: id, paths: ["/a"], hostname: "h", username: "u", tags: ["t"] },
    ...{ parent: id, programVersion: "p", summary: undefined },
  };
  expect(decodeSnapshot(encodeSnapshot(info), id)).toEqual({ ...info, id });
});

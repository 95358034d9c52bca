/**
 * What `restic` wrote, kept (`golden/make.ts`): the format is tested where restic is not.
 * @module
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { BackupObjectKind } from "@kinode-ts/types";
import { createChunker } from "../src/chunker.ts";
import { decodeConfig } from "../src/config.ts";
import { sha256 } from "../src/host-codec-bun.ts";
import { createMemoryRemote, type MemoryRemoteData, openRepository } from "../src/index.ts";
import { decodeKeyFile, openKeyFile } from "../src/key-file.ts";
import { DEFAULT_BACKUP_LIMITS } from "../src/limits.ts";
import { objectIdOf } from "../src/object-id.ts";
import { parsePolynomial } from "../src/polynomial.ts";
import { encodeTree } from "../src/tree.ts";
import { type Golden, goldenStream } from "./golden/golden.ts";
import text from "./golden/golden.json" with { type: "json" };
import { memoryTarget, testPowers } from "./world.ts";

// Small machines are slow; what hangs still ends.
setDefaultTimeout(60_000);

const golden = text as Golden;

function goldenData(): MemoryRemoteData {
  const data: MemoryRemoteData = new Map();
  for (const [path, base64] of Object.entries(golden.objects)) {
    const parts = path.split("/");
    const kind = parts[0] as BackupObjectKind;
    if (!data.has(kind)) data.set(kind, new Map());
    data.get(kind)!.set(parts.at(-1)!, Uint8Array.fromBase64(base64));
  }
  return data;
}

test("restic's key file opens with its password, gives its master key and opens its config", async () => {
  const data = goldenData();
  const [[name, bytes]] = [...data.get("keys")!] as [[string, Uint8Array]];
  const file = decodeKeyFile(bytes, name, DEFAULT_BACKUP_LIMITS);
  expect(file).toMatchObject({ hostname: "golden", username: "golden" });
  expect(await openKeyFile(file, "wrong")).toBeUndefined();
  const keys = (await openKeyFile(file, golden.password))!;
  const { mac, encrypt } = golden.masterKey;
  expect(keys.macK.toBase64()).toBe(mac.k);
  expect(keys.macR.toBase64()).toBe(mac.r);
  expect(keys.encrypt.toBase64()).toBe(encrypt);
  const config = decodeConfig(keys, data.get("config")!.get("config")!)!;
  expect(config.version).toBe(2);
  expect(config.id as string).toBe(golden.config.id);
  expect(config.polynomial.toString(16)).toBe(golden.config.chunker_polynomial);
});

test("restic's repository is whole, lists the same paths, and is restored", async () => {
  const repository = await openRepository(
    createMemoryRemote("golden", goldenData()),
    golden.password,
    testPowers(),
  );
  expect(await repository.verify({ readData: true })).toMatchObject({ problems: [] });
  const entries = await Array.fromAsync(repository.list("latest"));
  expect(entries.map(({ path }) => `/${path}`).sort()).toEqual(golden.paths.toSorted());
  const target = memoryTarget();
  expect(await repository.restore("latest", target)).toMatchObject({ problems: [] });
  for (const path of golden.paths.map((path) => path.slice(1))) {
    const found = target.files.get(path);
    if (path === "folder") expect(found).toBe("/");
    else if (path === "empty") expect(found).toEqual(new Uint8Array(0));
    else if (path === "link") expect(found).toEqual(new TextEncoder().encode("-> plain.txt"));
    else expect(found).toEqual(new TextEncoder().encode(`content of ${path}\n`.repeat(5)));
  }
  const plain = entries.find(({ path }) => path === "plain.txt")!;
  expect(plain.entry.modifiedNs).toBe(1_700_000_000_500_000_000n);
});

test("chunks end where restic ends them", () => {
  const { polynomial, chunks } = golden.stream;
  const bytes = goldenStream();
  const chunker = createChunker(parsePolynomial(polynomial));
  const ends = [...chunker.cuts(chunker.start(), bytes), bytes.length];
  const ids = ends.map((end, i) => objectIdOf(sha256(bytes.subarray(ends[i - 1] ?? 0, end))));
  expect(ids as string[]).toEqual([...chunks]);
  const lengths = ends.map((end, i) => end - (ends[i - 1] ?? 0));
  expect(Math.max(...lengths)).toBe(8 << 20);
});

test("a tree has the bytes that restic would write", () => {
  const id = objectIdOf(new Uint8Array(32).fill(0xab));
  const common = {
    permissions: 0o644,
    modifiedNs: 1_500_000_000n,
    changedNs: 0n,
    uid: 1,
    gid: 2,
    inode: 3,
  };
  const tree = encodeTree([
    { kind: "link", name: "l<&>", target: "../x", ...common },
    { kind: "folder", name: 'd"\u0001ü\u200b', tree: id, ...common, inode: 0 },
    { kind: "file", name: "f\\", sizeBytes: 7, content: [id], ...common },
    { kind: "file", name: "😀", sizeBytes: 0, content: [], ...common },
  ]);
  const times =
    '"mtime":"1970-01-01T00:00:01.5Z","atime":"1970-01-01T00:00:01.5Z","ctime":"1970-01-01T00:00:00Z"';
  const owner = '"uid":1,"gid":2';
  expect(new TextDecoder().decode(tree)).toBe(
    `{"nodes":[` +
      `{"name":"d\\\\\\"\\\\x01ü\\\\u200b","type":"dir","mode":2147484068,${times},${owner},"content":null,"subtree":"${id}"},` +
      `{"name":"f\\\\\\\\","type":"file","mode":420,${times},${owner},"inode":3,"size":7,"links":1,"content":["${id}"]},` +
      `{"name":"l\\u003c\\u0026\\u003e","type":"symlink","mode":134218148,${times},${owner},"inode":3,"links":1,"linktarget":"../x","content":null},` +
      `{"name":"😀","type":"file","mode":420,${times},${owner},"inode":3,"links":1,"content":[]}` +
      `]}\n`,
  );
});

import { afterAll, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessId, Store } from "@kinode-ts/types";
import { migrate, SCHEMA_VERSION, schemaVersion } from "./schema-bun.ts";
import { openSqliteStore } from "./sqlite-store-bun.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-store-"));
let files = 0;
const freshPath = () => join(folder, `${files++}.sqlite`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const A = "a:test:sys" as ProcessId;
const record = {
  id: A,
  wasmBytesHandle: "/test:sys/pkg/a.wasm",
  witVersion: 1,
  onExit: { kind: "restart" },
  public: true,
} as const;
const close = (store: Store) => store[Symbol.asyncDispose]();

describe("sqlite store", () => {
  test("an older layout is brought up to date with what it holds", async () => {
    const path = freshPath();
    const old = new Database(path, { create: true });
    migrate(old, 0, 1);
    old.run("INSERT INTO state VALUES ('a:test:sys', x'0102')");
    expect(schemaVersion(old)).toBe(1);
    old.close();

    const store = await openSqliteStore({ path });
    expect(await store.state(A)).toEqual(Uint8Array.of(1, 2));
    await store.commit([{ kind: "put-record", space: "packages", key: "a", value: "{}" }]);
    expect(await store.record("packages", "a")).toBe("{}");
    await close(store);
    const now = new Database(path);
    expect(schemaVersion(now)).toBe(SCHEMA_VERSION);
    now.close();
  });

  test("a newer layout is refused and left alone", async () => {
    const path = freshPath();
    await close(await openSqliteStore({ path }));
    const newer = new Database(path);
    newer.run(`UPDATE meta SET value = '${SCHEMA_VERSION + 1}' WHERE key = 'schema'`);
    newer.close();
    await expect(openSqliteStore({ path })).rejects.toThrow(
      `it has layout ${SCHEMA_VERSION + 1}, this program knows up to ${SCHEMA_VERSION}`,
    );
  });

  test("a second node on the same file is told so", async () => {
    const path = freshPath();
    const first = await openSqliteStore({ path });
    await expect(openSqliteStore({ path })).rejects.toThrow("another node is using it");
    await first.commit([{ kind: "put-process", record }]);
    await close(first);
    const second = await openSqliteStore({ path });
    expect(await second.processes()).toEqual([record]);
    await close(second);
  });

  test("a file that is no database is refused with its path and is not changed", async () => {
    const path = freshPath();
    writeFileSync(path, "this is not a database, it is a letter to my aunt".repeat(200));
    await expect(openSqliteStore({ path })).rejects.toThrow(path);
    expect(await Bun.file(path).text()).toStartWith("this is not a database");
  });

  test("a torn log is read up to the last whole commit", async () => {
    const path = freshPath();
    const store = await openSqliteStore({ path });
    await store.commit([{ kind: "put-state", process: A, bytes: Uint8Array.of(1) }]);
    // A crash leaves the log as it is: copy the files as they lie.
    await Bun.write(`${path}.copy`, Bun.file(path));
    await Bun.write(`${path}.copy-wal`, Bun.file(`${path}-wal`));
    await store.commit([{ kind: "put-state", process: A, bytes: new Uint8Array(5_000).fill(2) }]);
    await Bun.write(`${path}.torn`, Bun.file(path));
    await Bun.write(`${path}.torn-wal`, Bun.file(`${path}-wal`));
    truncateSync(`${path}.torn-wal`, Bun.file(`${path}-wal`).size - 100);
    await close(store);
    for (const name of ["copy", "torn"]) {
      const found = await openSqliteStore({ path: `${path}.${name}` });
      expect(await found.state(A)).toEqual(Uint8Array.of(1));
      await close(found);
    }
  });

  test("a batch that fails applies nothing", async () => {
    const path = freshPath();
    const store = await openSqliteStore({ path });
    const broken = { kind: "put-state", process: null, bytes: null } as unknown as {
      kind: "put-state";
      process: ProcessId;
      bytes: Uint8Array;
    };
    await expect(store.commit([{ kind: "put-process", record }, broken])).rejects.toThrow(
      "Nothing was saved",
    );
    expect(await store.processes()).toEqual([]);
    await close(store);
    await expect(store.processes()).rejects.toThrow("The store is closed");
  });

  test("a backup is a whole store of its own, and never overwrites a file", async () => {
    const path = freshPath();
    const store = await openSqliteStore({ path });
    await store.commit([
      { kind: "put-process", record },
      { kind: "put-state", process: A, bytes: Uint8Array.of(1) },
    ]);
    await store.backup(`${path}.backup`);
    await store.commit([{ kind: "delete-state", process: A }]);
    await expect(store.backup(`${path}.backup`)).rejects.toMatchObject({
      code: "store.backup-failed",
    });
    await expect(store.backup(join(folder, "nowhere", "x"))).rejects.toThrow("Cannot write a copy");
    await close(store);
    const copy = await openSqliteStore({ path: `${path}.backup` });
    expect(await copy.processes()).toEqual([record]);
    expect(await copy.state(A)).toEqual(Uint8Array.of(1));
    await close(copy);
  });

  test("a missing folder is named", async () => {
    const path = join(folder, "nowhere", "kernel.sqlite");
    await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: "store.unreadable" });
  });

  test("acknowledged commits survive the sudden end of the program", async () => {
    const path = freshPath();
    const script = join(import.meta.dir, "..", "test", "commit-until-killed.ts");
    const child = Bun.spawn([process.execPath, script, path], { stdout: "pipe" });
    let acknowledged = 0;
    for await (const chunk of child.stdout) {
      acknowledged += chunk.filter((byte) => byte === 0x0a).length;
      if (acknowledged >= 200) child.kill("SIGKILL");
    }
    await child.exited;
    const store = await openSqliteStore({ path });
    const value = Number(await store.record("counter", "value"));
    expect(value).toBeGreaterThanOrEqual(acknowledged);
    expect(new Uint32Array((await store.state(A))!.buffer)[0]).toBe(value);
    await close(store);
  });

  test("state of 16 MiB comes back", async () => {
    const path = freshPath();
    const store = await openSqliteStore({ path });
    const bytes = new Uint8Array(16 << 20).fill(7);
    await store.commit([{ kind: "put-state", process: A, bytes }]);
    expect(Bun.hash((await store.state(A)) ?? new Uint8Array())).toBe(Bun.hash(bytes));
    await close(store);
  });
});

import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeSuite } from "@kinode-ts/testing/store-suite";
import { createMemoryStore, createMemoryStoreData, type MemoryStoreData } from "./memory-store.ts";
import { openSqliteStore } from "./sqlite-store-bun.ts";
import type { Store } from "@kinode-ts/types";

const folder = mkdtempSync(join(tmpdir(), "kinode-store-suite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const paths = new WeakMap<Store, string>();
let files = 0;
async function openFile(path: string): Promise<Store> {
  const store = await openSqliteStore({ path });
  paths.set(store, path);
  return store;
}

storeSuite("sqlite", {
  create: () => openFile(join(folder, `${files++}.sqlite`)),
  async reopen(store) {
    const path = paths.get(store) ?? "";
    await store[Symbol.asyncDispose]();
    return openFile(path);
  },
});

const kept = new WeakMap<Store, MemoryStoreData>();
function openMemory(data: MemoryStoreData): Store {
  const store = createMemoryStore(data);
  kept.set(store, data);
  return store;
}

storeSuite("memory", {
  create: () => Promise.resolve(openMemory(createMemoryStoreData())),
  async reopen(store) {
    await store[Symbol.asyncDispose]();
    return openMemory(kept.get(store) ?? createMemoryStoreData());
  },
});

import { expect, test } from "bun:test";

test("public names of @kinode-ts/store", async () => {
  const names = async (entry: string) =>
    Object.keys((await import(entry)) as Record<string, unknown>).sort();
  expect(await names("./index.ts")).toEqual([
    "StoreError",
    "createMemoryStore",
    "createMemoryStoreData",
  ]);
  expect(await names("./memory-store.ts")).toEqual(["createMemoryStore", "createMemoryStoreData"]);
  expect(await names("./sqlite-store-bun.ts")).toEqual(["openSqliteStore"]);
});

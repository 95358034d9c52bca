/**
 * Cost of commits, beside the twin in memory. Run: `bun src/store.bench.ts`
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessId, Store, StoreChange } from "@kinode-ts/types";
import { createMemoryStore } from "./memory-store.ts";
import { openSqliteStore } from "./sqlite-store-bun.ts";

const signature = new Uint8Array(64);
const state = new Uint8Array(1_024);

function change(index: number): StoreChange {
  const process = `p${index % 5_000}:test:sys` as ProcessId;
  if (index % 2 === 0) return { kind: "put-state", process, bytes: state };
  const key = `alice.os@q:test:sys\n"right ${index}"`;
  const issuer = { node: "alice.os", process };
  const capability = { holder: process, key, issuer, params: `"right ${index}"`, signature };
  return { kind: "put-capability", capability };
}

async function medianMicroseconds(store: Store, changesPerCommit: number): Promise<number> {
  const rounds = changesPerCommit === 1 ? 3_000 : 60;
  const times: number[] = [];
  let index = 0;
  for (let round = 0; round < rounds; round++) {
    const changes = Array.from({ length: changesPerCommit }, () => change(index++));
    const start = performance.now();
    await store.commit(changes);
    times.push((performance.now() - start) * 1_000);
  }
  return times.sort((a, b) => a - b)[rounds >>> 1]!;
}

const folder = mkdtempSync(join(tmpdir(), "kinode-store-bench-"));
const stores: [string, Store][] = [
  ["memory", createMemoryStore()],
  ["sqlite", await openSqliteStore({ path: join(folder, "a.sqlite") })],
  ["sqlite, power", await openSqliteStore({ path: join(folder, "b.sqlite"), survives: "power" })],
];
for (const [name, store] of stores) {
  const one = await medianMicroseconds(store, 1);
  const many = await medianMicroseconds(store, 1_000);
  console.log(
    `${name.padEnd(14)} 1 change ${one.toFixed(1)} µs, 1,000 changes ${many.toFixed(0)} µs`,
  );
  await store[Symbol.asyncDispose]();
}
rmSync(folder, { recursive: true });

/**
 * Child program of a test: commits a counter in two places at once, says so after each commit, until it is killed.
 * @module
 */
import { writeSync } from "node:fs";
import type { ProcessId } from "@kinode-ts/types";
import { openSqliteStore } from "../src/sqlite-store-bun.ts";

const store = await openSqliteStore({ path: process.argv[2]! });
for (let count = 1; ; count++) {
  await store.commit([
    { kind: "put-record", space: "counter", key: "value", value: `${count}` },
    {
      kind: "put-state",
      process: "a:test:sys" as ProcessId,
      bytes: new Uint8Array(Uint32Array.of(count).buffer),
    },
  ]);
  writeSync(1, "\n");
}

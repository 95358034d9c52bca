/**
 * Which statements belong to which action, by their first word alone.
 * Source: spec/runtime-modules.md §4.3.
 * @module
 */
import { DataError } from "../errors.ts";

const READ = new Set("ANALYZE ATTACH BEGIN EXPLAIN PRAGMA SELECT VALUES WITH".split(" "));
const WRITE = new Set(
  "ALTER ANALYZE COMMIT CREATE DELETE DETACH DROP END INSERT REINDEX RELEASE RENAME REPLACE ROLLBACK SAVEPOINT UPDATE VACUUM".split(
    " ",
  ),
);

const firstWord = (sql: string): string => (/\S+/.exec(sql)?.[0] ?? "").toUpperCase();

/** @throws {DataError} `data.not-a-read-keyword` */
export function assertRead(sql: string): void {
  if (!READ.has(firstWord(sql))) throw new DataError({ code: "data.not-a-read-keyword" });
}

/** @throws {DataError} `data.not-a-write-keyword` */
export function assertWrite(sql: string): void {
  if (!WRITE.has(firstWord(sql))) throw new DataError({ code: "data.not-a-write-keyword" });
}

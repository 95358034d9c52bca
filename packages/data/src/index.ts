/**
 * Databases as runtime modules.
 * @module
 */
export { DataError, type DataFault } from "./errors.ts";
export { createKv, type KvOptions } from "./kv/kv.ts";
export { type FolderKvOptions, openFolderKv } from "./kv/kv-bun.ts";
export type { KvChange, KvDatabase, KvPair, KvRange, KvStore } from "./kv/kv-store.ts";
export { type KvFolderOptions, openKvFolder } from "./kv/kv-store-bun.ts";
export { createSqlite, type SqliteOptions } from "./sqlite/sqlite.ts";
export { type FolderSqliteOptions, openFolderSqlite } from "./sqlite/sqlite-bun.ts";
export type { SqlDatabase, SqlStatement, SqlStore } from "./sqlite/sqlite-store.ts";
export { type DataLimits, DEFAULT_DATA_LIMITS } from "./limits.ts";
export type { DatabaseKey } from "./request.ts";

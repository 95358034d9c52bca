/**
 * The runtime module `sqlite:distro:sys`. Source: spec/runtime-modules.md §4.
 * @module
 */
import { type Random, type RuntimeModule, SQLITE_PROCESS } from "@kinode-ts/types";
import { createDatabaseModule, type DatabaseModule } from "../database-module.ts";
import { type DataLimits, DEFAULT_DATA_LIMITS } from "../limits.ts";
import { OpenDatabases } from "../open-databases.ts";
import { Transactions } from "../transactions.ts";
import { readSqlAction, type SqlParts } from "./sqlite-actions.ts";
import type { SqlStore } from "./sqlite-store.ts";

/** Powers and settings of the module. */
export interface SqliteOptions {
  readonly store: SqlStore;
  readonly random: Random;
  readonly limits?: Partial<DataLimits>;
}

export function createSqlite(options: SqliteOptions): RuntimeModule {
  const { store, random } = options;
  const limits = { ...DEFAULT_DATA_LIMITS, ...options.limits };
  const parts: SqlParts = {
    databases: new OpenDatabases(
      (key) => store.open(key),
      limits.initialOpenCount,
      () => module.tellPressure(),
      limits.maxOpenPerPackageCount,
    ),
    transactions: new Transactions(random, limits),
    giveWay: () => store.giveWay(),
  };
  const { databases, transactions } = parts;
  const module: DatabaseModule = createDatabaseModule(
    {
      id: SQLITE_PROCESS,
      engineErrorName: "RusqliteError",
      readAction: (request) => readSqlAction(parts, request),
      open: (key, caller) => databases.use(key).ready(caller),
      async remove(key) {
        // At once, not when it is closed: whoever opens it meanwhile must wait for both.
        await Promise.all([databases.close(key), store.remove(key)]);
      },
      setOpenLimit: (count) => databases.setLimit(Math.min(count, limits.maxOpenCount)),
      room: (key) => databases.room(key),
      processEnded: (process) => transactions.drop(process),
      stop: () => databases.closeAll(),
    },
    limits.maxQueuedCount,
  );
  return module;
}

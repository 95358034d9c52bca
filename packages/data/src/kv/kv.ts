/**
 * The runtime module `kv:distro:sys`. Source: spec/runtime-modules.md §3.
 * @module
 */
import { KV_PROCESS, type Random, type RuntimeModule } from "@kinode-ts/types";
import { createDatabaseModule, type DatabaseModule } from "../database-module.ts";
import { type DataLimits, DEFAULT_DATA_LIMITS } from "../limits.ts";
import { OpenDatabases } from "../open-databases.ts";
import { Transactions } from "../transactions.ts";
import { Iterators } from "./iterators.ts";
import { type KvParts, readKvAction } from "./kv-actions.ts";
import type { KvStore } from "./kv-store.ts";

/** Powers and settings of the module. */
export interface KvOptions {
  readonly store: KvStore;
  readonly random: Random;
  readonly limits?: Partial<DataLimits>;
}

export function createKv(options: KvOptions): RuntimeModule {
  const { store, random } = options;
  const limits = { ...DEFAULT_DATA_LIMITS, ...options.limits };
  const parts: KvParts = {
    databases: new OpenDatabases(
      (key) => store.open(key),
      limits.initialOpenCount,
      () => module.tellPressure(),
      limits.maxOpenPerPackageCount,
    ),
    transactions: new Transactions(random, limits),
    iterators: new Iterators(limits),
    limits,
  };
  const { databases, transactions, iterators } = parts;
  const module: DatabaseModule = createDatabaseModule(
    {
      id: KV_PROCESS,
      // The name packages know, whatever the engine is.
      engineErrorName: "RocksDBError",
      readAction: (request) => readKvAction(parts, request),
      open: (key) => databases.use(key).ready(),
      async remove(key) {
        // At once, not when it is closed: whoever opens it meanwhile must wait for both.
        await Promise.all([databases.close(key), store.remove(key)]);
      },
      setOpenLimit: (count) => databases.setLimit(Math.min(count, limits.maxOpenCount)),
      room: (key) => databases.room(key),
      processEnded(process) {
        transactions.drop(process);
        iterators.drop(process);
      },
      stop: () => databases.closeAll(),
    },
    limits.maxQueuedCount,
  );
  return module;
}

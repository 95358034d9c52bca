/**
 * `sqlite:distro:sys` over a folder of the host.
 * @module
 */
import type { Clock, RuntimeModule } from "@kinode-ts/types";
import type { StartEngine } from "./engine.ts";
import { createSqlite, type SqliteOptions } from "./sqlite.ts";
import { openSqliteFolder } from "./sqlite-store-bun.ts";
import { createEngineStarter } from "./start-engine-bun.ts";

export interface FolderSqliteOptions extends Omit<SqliteOptions, "store"> {
  /** Default: an engine of its own. */
  readonly startEngine?: StartEngine;
  /** Made when missing; nothing outside it is touched. */
  readonly folder: string;
  readonly clock: Clock;
  /** How long one statement may run, in milliseconds. Default 30 s. */
  readonly maxStatementMs?: number;
}

export function openFolderSqlite(options: FolderSqliteOptions): RuntimeModule {
  const { folder, clock, random, maxStatementMs } = options;
  const startEngine = options.startEngine ?? createEngineStarter({ clock, random });
  const store = openSqliteFolder({
    folder,
    clock,
    startEngine,
    ...(maxStatementMs === undefined ? {} : { maxStatementMs }),
  });
  return createSqlite({ ...options, store });
}

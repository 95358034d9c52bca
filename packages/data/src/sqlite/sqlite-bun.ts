/**
 * `sqlite:distro:sys` over a folder of the host.
 * @module
 */
import type { Clock, DiskAccounts, RuntimeModule } from "@kinode-ts/types";
import { createSqlite, type SqliteOptions } from "./sqlite.ts";
import { openSqliteFolder } from "./sqlite-store-bun.ts";
import { createSqlEngines, type SqlEngines } from "./start-engine-bun.ts";

export interface FolderSqliteOptions extends Omit<SqliteOptions, "store"> {
  /** Default: its own. */
  readonly engines?: SqlEngines;
  /** Made when missing; nothing outside it is touched. */
  readonly folder: string;
  readonly clock: Clock;
  /** Default: nothing is counted. */
  readonly accounts?: DiskAccounts;
  /** How long one statement may run, in milliseconds. Default 30 s. */
  readonly maxStatementMs?: number;
  /** What an acknowledged write survives; default `process`. */
  readonly survives?: "process" | "power";
}

export function openFolderSqlite(options: FolderSqliteOptions): RuntimeModule {
  const { clock, random } = options;
  const engines = options.engines ?? createSqlEngines({ clock, random });
  return createSqlite({ ...options, store: openSqliteFolder({ ...options, engines }) });
}

/**
 * The runtime modules of a node but for the HTTP server, which is listened to before the others are asked.
 * @module
 */
import { openFolderKv, openFolderSqlite } from "@kinode-ts/data";
import { createHttpClient } from "@kinode-ts/http";
import type { Kernel } from "@kinode-ts/kernel";
import {
  createFdManager,
  createScheduler,
  createState,
  createTimer,
  createUnavailableModule,
} from "@kinode-ts/system";
import { createLogReader, type NodePrinter } from "@kinode-ts/terminal";
import {
  type Clock,
  type DiskAccounts,
  HTTP_SERVER_PROCESS,
  type ProcessId,
  type Random,
  type RuntimeModule,
  type Store,
} from "@kinode-ts/types";
import type { Vfs } from "@kinode-ts/vfs";
import type { HomeFolder } from "./home-folder.ts";
import { readOpenFileLimit } from "./open-file-limit.ts";
import type { StartConfig } from "./start-config.ts";

/** Parts of the documented set that come in later versions: they say so to whoever asks. */
export const MISSING_MODULES: readonly ProcessId[] = [];

export interface ModuleParts {
  readonly config: StartConfig;
  /** Of the node's program. */
  readonly version: string;
  readonly home: HomeFolder;
  readonly clock: Clock;
  readonly printer: NodePrinter;
  readonly store: Store;
  readonly vfs: Vfs;
  /** For every module that keeps files of packages. */
  readonly accounts: DiskAccounts;
  readonly random: Random;
  readonly net: RuntimeModule;
  readonly eth: RuntimeModule;
  readonly kernel: () => Kernel;
  readonly ownPorts: () => readonly number[];
}

export function createModules(parts: ModuleParts): RuntimeModule[] {
  const { config, version, home, clock, printer, store, vfs, accounts, random, net, eth } = parts;
  const { kernel, ownPorts } = parts;
  return [
    // First: the vfs asks it for its share when it starts.
    createFdManager({
      budget:
        config.softUlimit === undefined
          ? { kind: "ulimit", softLimit: readOpenFileLimit() }
          : { kind: "static", count: config.softUlimit },
      sockets: [HTTP_SERVER_PROCESS],
      clock,
    }),
    createTimer({ clock }),
    createLogReader({
      version,
      recentLines: () => printer.recentLines(),
      clock,
      watch: (watcher) => kernel().debug.watch(watcher),
    }),
    createScheduler({ clock, store, commit: (changes) => kernel().commit(changes) }),
    createHttpClient({ clock, ownPorts, proxy: config.clientProxy }),
    vfs,
    net,
    eth,
    openFolderKv({ folder: home.kv, clock, random, accounts }),
    openFolderSqlite({ folder: home.sqlite, clock, random, accounts }),
    ...MISSING_MODULES.map(createUnavailableModule),
    createState({
      store,
      commit: (changes) => kernel().commit(changes),
      backup: () => store.backup(`${home.path}/kernel/backup`),
    }),
  ];
}

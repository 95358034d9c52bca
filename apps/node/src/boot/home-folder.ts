/**
 * The home folder of a node: where everything it keeps lies. Source: spec/kernel.md §6.1.
 * @module
 */
import { chmodSync, mkdirSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { errorText } from "@kinode-ts/types";
import { NodeError } from "./errors.ts";

/** Absolute paths inside a home folder. */
export interface HomeFolder {
  readonly path: string;
  readonly vfs: string;
  /** Key-value databases, by package and name. */
  readonly kv: string;
  /** SQL databases, likewise. */
  readonly sqlite: string;
  readonly storeFile: string;
  readonly keyfile: string;
  /** How the registry on chain says that others reach this node; absent: a local identity. */
  readonly chainFile: string;
  /** What opens the keyfile without typing; readable by its owner only. */
  readonly unlockFile: string;
  readonly logs: string;
  readonly history: string;
  /** Token of the local control interface; readable by its owner only. */
  readonly tokenFile: string;
  /** Where the running node listens. */
  readonly runFile: string;
  /** Built programs, by content. May be deleted at any time. */
  readonly cache: string;
}

/** `$KINODE_HOME`, else `.kinode` in the user's own folder. */
export function defaultHomePath(): string {
  return process.env["KINODE_HOME"] ?? join(homedir(), ".kinode");
}

/** The paths of a home folder that need not exist. */
export function homeFolder(path: string): HomeFolder {
  const home = resolve(path);
  return {
    path: home,
    vfs: join(home, "vfs"),
    kv: join(home, "kv"),
    sqlite: join(home, "sqlite"),
    storeFile: join(home, "kernel", "store.sqlite"),
    keyfile: join(home, ".keys"),
    chainFile: join(home, ".chain-routing"),
    unlockFile: join(home, ".local-unlock"),
    logs: join(home, ".terminal_logs"),
    history: join(home, ".terminal_history"),
    tokenFile: join(home, ".local-token"),
    runFile: join(home, ".node.json"),
    cache: join(home, "cache"),
  };
}

/**
 * Creates the folder where it is missing, closed to other users.
 * @throws {NodeError} `node.home-unusable`
 */
export function openHomeFolder(path: string): HomeFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const home = homeFolder(realpathSync(path));
    // A folder that was there before keeps the keys of this node from now on.
    if ((statSync(home.path).mode & 0o077) !== 0) chmodSync(home.path, 0o700);
    mkdirSync(join(home.path, "kernel"), { recursive: true, mode: 0o700 });
    mkdirSync(home.cache, { recursive: true, mode: 0o700 });
    return home;
  } catch (thrown) {
    throw new NodeError(
      { code: "node.home-unusable", home: path },
      `Cannot use "${path}" as home folder: ${errorText(thrown)}`,
      { hint: "Name a folder you may write to: kinode start <folder>", cause: thrown },
    );
  }
}

/** Writes a small file so that a reader sees the old or the new content, never a part; owner only. */
export function writePrivateFile(path: string, bytes: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, bytes, { mode: 0o600, flush: true });
  renameSync(temporary, path);
}

/**
 * `kv:distro:sys` over a folder of the host.
 * @module
 */
import type { RuntimeModule } from "@kinode-ts/types";
import { createKv, type KvOptions } from "./kv.ts";
import { type KvFolderOptions, openKvFolder } from "./kv-store-bun.ts";

/** Settings of the module over a folder. */
export type FolderKvOptions = Omit<KvOptions, "store"> & KvFolderOptions;

export function openFolderKv(options: FolderKvOptions): RuntimeModule {
  return createKv({ ...options, store: openKvFolder(options) });
}

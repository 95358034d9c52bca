/**
 * `kv:distro:sys` over a folder of the host.
 * @module
 */
import type { RuntimeModule } from "@kinode-ts/types";
import { createKv, type KvOptions } from "./kv.ts";
import { openKvFolder } from "./kv-store-bun.ts";

/** @param options - `folder`: made when missing */
export function openFolderKv(
  options: Omit<KvOptions, "store"> & { readonly folder: string },
): RuntimeModule {
  const { folder, ...rest } = options;
  return createKv({ ...rest, store: openKvFolder(folder) });
}

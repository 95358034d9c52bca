/**
 * Deletes a database: its folder with everything in it.
 * @module
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { DiskAccounts, PackageId } from "@kinode-ts/types";
import { accountOf } from "./disk-use.ts";
import { DataError } from "./errors.ts";
import { folderBytes } from "./folder-bytes-bun.ts";

/** What the operating system refused, without a path of the host. */
export function ioError(thrown: unknown): DataError {
  const code = (thrown as NodeJS.ErrnoException).code ?? "EIO";
  const text = `the operating system says ${code}`;
  return new DataError({ code: "data.io", text }, { cause: thrown });
}

/** @throws {DataError} `data.io`, also when there is no such folder */
export async function removeFolder(
  path: string,
  owner: PackageId,
  accounts: DiskAccounts | undefined,
): Promise<void> {
  if (!existsSync(path)) {
    throw new DataError({ code: "data.io", text: "No such file or directory (os error 2)" });
  }
  const account = await accountOf(accounts, owner);
  const bytes = folderBytes(path);
  try {
    await rm(path, { recursive: true });
  } catch (thrown) {
    throw ioError(thrown);
  }
  account?.book(-bytes);
}

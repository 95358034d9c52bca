/**
 * A place for backups that is a folder: a second disk, a mounted share.
 * @module
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BackupObject, BackupObjectKind, BackupRange, BackupRemote } from "@kinode-ts/types";
import { BackupError } from "./errors.ts";
import { hostCode, isMissing } from "./host-errors-bun.ts";
import { objectPath } from "./object-path.ts";

const FOLDERS = ["data", "index", "keys", "locks", "snapshots"] as const;
/** Names of objects that are not there yet. */
const TEMPORARY = "tmp-";
const FULL = ["ENOSPC", "EDQUOT", "EFBIG"];
const REFUSED = ["EACCES", "EPERM", "EROFS"];

export interface FolderRemoteOptions {
  /** Made with the first object, when its parent is there. */
  readonly path: string;
  /** Default: the path. */
  readonly label?: string;
}

/** Objects appear whole: they are written beside, flushed to the disk, and renamed. */
export function createFolderRemote({
  path: root,
  label = root,
}: FolderRemoteOptions): BackupRemote {
  const at = (kind: BackupObjectKind, name: string): string => join(root, objectPath(kind, name));

  async function* listFolder(folder: string): AsyncGenerator<BackupObject> {
    const names = await readdir(folder).catch(orMissing<string[]>([]));
    for (const name of names) {
      if (name.startsWith(TEMPORARY)) continue;
      const found = await stat(join(folder, name)).catch(orMissing(undefined));
      if (found?.isFile() === true) yield { name, sizeBytes: found.size };
    }
  }

  return {
    label,
    async *list(kind) {
      if (kind === "config") {
        const found = await this.stat("config", "config");
        if (found !== undefined) yield found;
      } else if (kind === "data") {
        const data = join(root, "data");
        for (const name of await readdir(data).catch(orMissing<string[]>([]))) {
          if (/^[0-9a-f]{2}$/.test(name)) yield* listFolder(join(data, name));
        }
      } else {
        yield* listFolder(join(root, kind));
      }
    },
    async stat(kind, name) {
      const found = await stat(at(kind, name)).catch(orMissing(undefined));
      return found?.isFile() === true ? { name, sizeBytes: found.size } : undefined;
    },
    async get(kind, name, range) {
      try {
        return await readRange(at(kind, name), range);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw explain(error, label);
      }
    },
    async put(kind, name, bytes) {
      try {
        if (kind === "config") await makeFolders(root);
        await writeWhole(at(kind, name), bytes);
      } catch (error) {
        throw explain(error, label);
      }
    },
    async delete(kind, name) {
      try {
        await unlink(at(kind, name));
      } catch (error) {
        if (!isMissing(error)) throw explain(error, label);
      }
    },
  };
}

function orMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return value;
    throw error as Error;
  };
}

/** All folders of the layout, as `restic` expects them. */
async function makeFolders(root: string): Promise<void> {
  for (const folder of FOLDERS) await mkdir(join(root, folder), { recursive: true, mode: 0o700 });
}

async function readRange(path: string, range: BackupRange | undefined): Promise<Uint8Array> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const offset = range?.offset ?? 0;
  const length = Math.max(0, Math.min(range?.length ?? size, size - offset));
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done === length ? bytes : bytes.slice(0, done);
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `${TEMPORARY}${randomBytes(12).toString("hex")}`);
  const make = (): ReturnType<typeof open> => open(temporary, "wx", 0o600);
  const file = await make().catch(async (error: unknown) => {
    if (!isMissing(error)) throw error;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return make();
  });
  try {
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/** So that the name survives a loss of power, too. Not every system lets one. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (!["EISDIR", "EINVAL", "EPERM", "EACCES", "ENOTSUP"].includes(hostCode(error))) throw error;
  }
}

/** The fault that trying again does not cure. */
function explain(error: unknown, remote: string): unknown {
  const code = hostCode(error);
  if (FULL.includes(code)) {
    return new BackupError({ code: "backup.remote-full", remote, why: code }, { cause: error });
  }
  if (REFUSED.includes(code)) {
    return new BackupError({ code: "backup.remote-refused", remote, why: code }, { cause: error });
  }
  return error;
}

/**
 * A folder of this machine as the target of a restore. It never writes outside of it, whatever the repository says.
 * @module
 */
import { constants } from "node:fs";
import { chmod, lstat, lutimes, mkdir, symlink, unlink, utimes } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { BackupError } from "./errors.ts";
import { hostCode } from "./host-errors-bun.ts";
import { OpenFiles } from "./open-files-bun.ts";
import type { RestoreTarget } from "./target.ts";

export interface FolderTargetOptions {
  /** Made when it is not there. What is in it stays; a file that is there already is refused, or replaced. */
  readonly path: string;
  /** Replaces files and links that are there already. Default false. */
  readonly overwrite?: boolean;
}

/** Does not follow a link in the last part of a path; the folders before it were made or checked by `makeFolder`. */
const NO_LINK = constants.O_NOFOLLOW;
/** Windows has other separators, and streams behind a colon. */
const FORBIDDEN = sep === "\\" ? /[\\:<>"|?*]/ : undefined;

export function createFolderTarget({
  path,
  overwrite = false,
}: FolderTargetOptions): RestoreTarget {
  const root = resolve(path);
  /** Folders of this restore: real ones, not links. */
  const checked = new Set<string>();
  const files = new OpenFiles();

  /** The place of a path, whose folder is known to be one. */
  const place = async (inside: string): Promise<string> => {
    if (FORBIDDEN?.test(inside) === true) throw refuse(inside, "this system has no such names");
    const at = join(root, inside);
    if (!at.startsWith(root.endsWith(sep) ? root : root + sep))
      throw refuse(inside, "it leads out");
    await checkFolder(dirname(at), inside);
    return at;
  };
  const checkFolder = async (folder: string, inside: string): Promise<void> => {
    if (checked.has(folder)) return;
    if (folder === root) await mkdir(root, { recursive: true });
    else {
      await checkFolder(dirname(folder), inside);
      const found = await lstat(folder).catch(() => undefined);
      if (found?.isDirectory() !== true) throw refuse(inside, "what it should be in is no folder");
    }
    checked.add(folder);
  };
  const free = async (at: string, inside: string): Promise<void> => {
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined) return;
    if (!overwrite) throw refuse(inside, "something is there already");
    if (found.isDirectory()) throw refuse(inside, "a folder is there already");
    await unlink(at);
  };

  return {
    close: () => files.closeAll(),
    async makeFolder(inside) {
      const at = await place(inside);
      try {
        await mkdir(at, { mode: 0o700 });
      } catch (error) {
        if (hostCode(error) !== "EEXIST") throw nameError(error, inside);
        if (!(await lstat(at)).isDirectory())
          throw refuse(inside, "something else is there already");
      }
      checked.add(at);
    },
    async createFile(inside) {
      const at = await place(inside);
      const create = (): Promise<void> => files.use(at, "wx", async () => {});
      await create().catch(async (error: unknown) => {
        if (hostCode(error) !== "EEXIST") throw nameError(error, inside);
        await free(at, inside);
        await create();
      });
    },
    async write(inside, offset, bytes) {
      const at = await place(inside);
      await files.use(at, constants.O_WRONLY | NO_LINK, async (file) => {
        for (let done = 0; done < bytes.length;) {
          const left = bytes.length - done;
          done += (await file.write(bytes, done, left, offset + done)).bytesWritten;
        }
      });
    },
    async finishFile(inside, { permissions, modifiedNs }) {
      const at = await place(inside);
      const seconds = secondsOf(modifiedNs);
      await files.use(at, constants.O_WRONLY | NO_LINK, async (file) => {
        await file.utimes(seconds, seconds);
        await file.chmod(permissions);
      });
      await files.close(at);
    },
    async removeFile(inside) {
      const at = await place(inside);
      await files.close(at);
      await unlink(at).catch(() => {});
    },
    async makeLink(inside, target, { modifiedNs }) {
      const at = await place(inside);
      await free(at, inside);
      await symlink(target, at).catch((error: unknown) => {
        throw nameError(error, inside);
      });
      const seconds = secondsOf(modifiedNs);
      // Some systems keep no times of links.
      await lutimes(at, seconds, seconds).catch(() => {});
    },
    async finishFolder(inside, { permissions, modifiedNs }) {
      const at = await place(inside);
      // Else it may be a link, and what it leads to is not ours.
      if (!checked.has(at)) throw refuse(inside, "it was not made by this restore");
      const seconds = secondsOf(modifiedNs);
      await utimes(at, seconds, seconds);
      await chmod(at, permissions);
    },
  };
}

/** To the microsecond: what a number of seconds can say. */
const secondsOf = (ns: bigint): number => Number(ns / 1_000n) / 1e6;

function refuse(path: string, why: string): BackupError {
  return new BackupError({ code: "backup.refused-path", path, why });
}

/** Other systems allow other names: that ends one file, not the restore. */
function nameError(error: unknown, path: string): unknown {
  const isName = ["ENAMETOOLONG", "EINVAL", "EILSEQ", "ENOENT"].includes(hostCode(error));
  return isName ? refuse(path, "this system takes no such name or link") : error;
}

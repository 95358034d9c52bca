/**
 * Puts new files of an installed package in place while its processes run on: `kinode dev`. What a package asks for cannot
 * change this way; that is an update. Wholly or not at all, like an installation.
 * @module
 */
import type { Package } from "@kinode-ts/kit";
import { errorText, type ProcessId } from "@kinode-ts/types";
import { InstallError } from "./errors.ts";
import {
  createJournal,
  endJournalChange,
  foldersOf,
  journalChange,
  restoreFolders,
} from "./install-journal.ts";
import type { InstallerPowers } from "./installer.ts";
import { keepZip, writePackageFiles } from "./package-files.ts";
import { type PackageRecord, recordOf } from "./package-records.ts";

export interface HotReplacement {
  readonly record: PackageRecord;
  /** Processes that run a new program now. */
  readonly replaced: readonly ProcessId[];
}

/** Files that decide what a package is and may do; others may change under running processes. */
const FIXED_FILES = ["manifest.json", "scripts.json"] as const;

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && Buffer.compare(a, b) === 0);

async function installedRecord(powers: InstallerPowers, pkg: Package): Promise<PackageRecord> {
  const needsInstall = (reason: string) =>
    new InstallError(
      { code: "install.needs-install", package: pkg.id, reason },
      `Cannot replace the programs of "${pkg.id}": ${reason}`,
      { hint: "Install it, so that you see what it asks for" },
    );
  const record = powers.records.get(pkg.id);
  if (record === undefined) throw needsInstall("it is not installed");
  const { current } = foldersOf(pkg.id);
  for (const name of FIXED_FILES) {
    // oxlint-disable-next-line no-await-in-loop -- two small files
    const installed = await powers.files.read(`${current}/${name}`);
    if (!isSame(installed, pkg.files.get(name))) throw needsInstall(`its ${name} has changed`);
  }
  return record;
}

/** Processes, children included, that must start anew: theirs or, if a file is no program, any of the package. */
async function affected(powers: InstallerPowers, pkg: Package): Promise<readonly ProcessId[]> {
  const { files, kernel } = powers;
  const { current } = foldersOf(pkg.id);
  const changed = new Set<string>();
  for (const [path, bytes] of pkg.files) {
    // oxlint-disable-next-line no-await-in-loop -- from a warm cache
    if (!isSame(await files.read(`${current}/${path}`), bytes)) changed.add(path);
  }
  const isProgram = (path: string): boolean =>
    /\.(?:js|wasm)(?:\.map)?$/.test(path) && !path.includes("/");
  // A page or another file may have been read at the start of any of them.
  const all = [...changed].some((path) => !isProgram(path) && path !== "metadata.json");
  return kernel
    .processes()
    .filter(({ state, wasmBytesHandle }) => {
      if (state === "module" || !wasmBytesHandle.startsWith(`${current}/`)) return false;
      return all || changed.has(wasmBytesHandle.slice(current.length + 1));
    })
    .map(({ id }) => id);
}

async function replaceAll(
  powers: InstallerPowers,
  pkg: Package,
  ids: readonly ProcessId[],
): Promise<void> {
  for (const [process, reason] of await powers.kernel.replace(ids)) {
    if (reason === undefined) continue;
    throw new InstallError(
      { code: "install.start", package: pkg.id, process, reason },
      `Cannot replace the programs of "${pkg.id}": "${process}" does not start: ${reason}`,
      { hint: "Nothing was changed" },
    );
  }
}

/** @throws {InstallError} `install.needs-install`, `install.start`, `install.failed` */
export async function hotReplace(powers: InstallerPowers, pkg: Package): Promise<HotReplacement> {
  const { files, store, kernel, records, our, clock } = powers;
  const old = await installedRecord(powers, pkg);
  if (old.versionHash === pkg.versionHash) return { record: old, replaced: [] };
  const ids = await affected(powers, pkg);
  const folders = foldersOf(pkg.id);
  const nothing = { oldProcesses: [], newProcesses: [], grants: [] };
  const journal = await createJournal(store, { id: pkg.id, hadOld: true, ...nothing });
  const restoreRecords = records.snapshot();
  try {
    await writePackageFiles(files, folders.staged, pkg);
    await kernel.commit([journalChange(journal)]);
    await files.remove(folders.old);
    await files.rename(folders.current, folders.old);
    await files.rename(folders.staged, folders.current);
    await replaceAll(powers, pkg, ids);
    const record = recordOf(pkg, our, clock.nowMs(), old);
    await kernel.commit([records.put(record), endJournalChange(pkg.id)]);
    await files.remove(folders.old);
    await keepZip(files, pkg, record.kept);
    return { record, replaced: ids };
  } catch (thrown) {
    restoreRecords();
    await restoreFolders(files, pkg.id, true);
    await kernel.replace(ids);
    await kernel.commit([endJournalChange(pkg.id)]);
    if (thrown instanceof InstallError) throw thrown;
    const reason = errorText(thrown);
    throw new InstallError(
      { code: "install.failed", package: pkg.id, reason },
      `Cannot replace the programs of "${pkg.id}": ${reason}`,
      { hint: "Nothing was changed", cause: thrown },
    );
  }
}

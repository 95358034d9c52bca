/**
 * A package's files on the node's drives. Source: spec/packages-and-tools.md §8 (layout on the node).
 * @module
 */
import type { Package } from "@kinode-ts/kit";
import type { PackageId } from "@kinode-ts/types";
import type { VfsFiles } from "@kinode-ts/vfs";
import { readZip } from "@kinode-ts/vfs/zip";

/** What stands in a package's folder: its files, the zip itself, and the expanded `api.zip`. */
async function contentOf(pkg: Package): Promise<Map<string, Uint8Array>> {
  const content = new Map(pkg.files);
  content.set(`${pkg.id}.zip`, pkg.zip);
  const api = pkg.files.get("api.zip");
  if (api !== undefined) {
    for (const entry of await readZip(api)) {
      if (entry.kind === "file") content.set(`api/${entry.path}`, entry.bytes);
    }
  }
  return content;
}

function parentsOf(paths: Iterable<string>): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const parts = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth += 1)
      folders.add(parts.slice(0, depth).join("/"));
  }
  return [...folders].toSorted();
}

/** Fills an empty folder with the package. */
export async function writePackageFiles(
  files: VfsFiles,
  folder: string,
  pkg: Package,
): Promise<void> {
  const content = await contentOf(pkg);
  await files.remove(folder);
  await files.makeDirectories(folder);
  for (const path of parentsOf(content.keys())) {
    // oxlint-disable-next-line no-await-in-loop -- order keeps failures readable; few folders
    await files.makeDirectories(`${folder}/${path}`);
  }
  for (const [path, bytes] of content) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    await files.write(`${folder}/${path}`, bytes);
  }
}

/** Files and folders below `folder`; a folder comes before what is in it. */
async function listTree(files: VfsFiles, folder: string, below = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await files.list(folder + below)) {
    const path = `${below}/${entry.name}`;
    paths.push(path.slice(1));
    // oxlint-disable-next-line no-await-in-loop -- a walk
    if (entry.type === "Directory") paths.push(...(await listTree(files, folder, path)));
  }
  return paths;
}

/** Files a bundled package keeps in its own folder beside the packed ones, and that a boot leaves alone. */
const OWN_FILES = /^persisted-/;

/**
 * Makes the folder equal to the package: what already equals it is not written. Returns whether anything changed.
 */
export async function syncPackageFiles(
  files: VfsFiles,
  folder: string,
  pkg: Package,
): Promise<boolean> {
  const content = await contentOf(pkg);
  if ((await files.stat(folder)) === undefined) {
    await writePackageFiles(files, folder, pkg);
    return true;
  }
  let isChanged = false;
  const wanted = new Set([...content.keys(), ...parentsOf(content.keys())]);
  for (const path of await listTree(files, folder)) {
    if (wanted.has(path) || OWN_FILES.test(path)) continue;
    // oxlint-disable-next-line no-await-in-loop -- rare
    await files.remove(`${folder}/${path}`);
    isChanged = true;
  }
  for (const [path, bytes] of content) {
    // oxlint-disable-next-line no-await-in-loop -- a handful of small files
    const present = await files.read(`${folder}/${path}`);
    if (present !== undefined && Buffer.compare(present, bytes) === 0) continue;
    const parent = path.split("/").slice(0, -1).join("/");
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (parent !== "") await files.makeDirectories(`${folder}/${parent}`);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await files.write(`${folder}/${path}`, bytes);
    isChanged = true;
  }
  return isChanged;
}

/** Keeps the zip and its manifest under downloads; those of other versions stay only when in `kept`. */
export async function keepZip(
  files: VfsFiles,
  pkg: Package,
  kept: readonly string[],
): Promise<void> {
  const folder = `/app-store:sys/downloads/${pkg.id}`;
  await files.makeDirectories(folder);
  await files.write(`${folder}/${pkg.versionHash}.zip`, pkg.zip);
  await files.write(`${folder}/${pkg.versionHash}.json`, pkg.files.get("manifest.json")!);
  for (const { name } of await files.list(folder)) {
    // oxlint-disable-next-line no-await-in-loop -- a handful of files
    if (!kept.includes(name.replace(/\.(?:zip|json)$/, "")))
      await files.remove(`${folder}/${name}`);
  }
}

/** Everything of a package on the drives and in the downloads, for an uninstall that keeps nothing. */
export async function purgeFiles(files: VfsFiles, id: PackageId): Promise<void> {
  await files.remove(`/app-store:sys/downloads/${id}`);
  for (const name of await files.drives(id)) {
    // oxlint-disable-next-line no-await-in-loop -- a handful of drives
    await files.remove(`/${id}/${name}`);
  }
}

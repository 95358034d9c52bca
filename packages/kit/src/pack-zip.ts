/**
 * Files → zip, the same bytes every time for the same files.
 * Source: spec/packages-and-tools.md §8.
 * @module
 */
import { zipSync, type Zippable } from "fflate";

// A zip holds local calendar fields without a zone, so the local constructor gives the same bytes everywhere.
const FIXED_TIME = new Date(2023, 5, 19, 0, 0, 0);
const UNIX = 3;
const FILE_MODE = 0o100_755 * 0x1_0000;
const FOLDER_MODE = 0o040_755 * 0x1_0000 + 0x10;

function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}

const inPathOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Packs files, paths relative to the root of the zip with `/` between parts. Sorted by path, deflated, mode 0755,
 * time 2023-06-19 00:00:00, with an entry for every folder.
 */
export function packZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const names = new Set<string>([...files.keys()].flatMap((path) => [...foldersOf(path), path]));
  const entries: Zippable = Object.create(null) as Zippable;
  for (const name of [...names].sort(inPathOrder)) {
    const isFolder = name.endsWith("/");
    entries[name] = [
      isFolder ? new Uint8Array(0) : files.get(name)!,
      {
        level: isFolder ? 0 : 9,
        mtime: FIXED_TIME,
        os: UNIX,
        attrs: isFolder ? FOLDER_MODE : FILE_MODE,
      },
    ];
  }
  return zipSync(entries);
}

/**
 * Reading a UI folder from the package drive.
 * @module
 */
import type { Duration } from "../duration.ts";
import { our } from "../send.ts";
import { file, openDir } from "../vfs.ts";

export interface UiFile {
  /** Path below the folder: `assets/app.js`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Every file below a folder of our `pkg` drive. Rejects with a `VfsError`. */
export async function uiFiles(folder: string, timeout: Duration): Promise<UiFile[]> {
  const root = `${our().packageId().toString()}/pkg/${folder.replace(/^\/|\/$/g, "")}`;
  const files: UiFile[] = [];
  const folders = [root];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of await (await openDir(`/${next}`, { timeout })).entries()) {
      if (entry.file_type === "Directory") folders.push(entry.path);
      else if (entry.file_type === "File") {
        const bytes = await file(`/${entry.path}`, { timeout }).bytes();
        files.push({ name: entry.path.slice(root.length + 1), bytes });
      }
    }
  }
  return files;
}

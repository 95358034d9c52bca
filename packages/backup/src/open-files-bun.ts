/**
 * Files that are being written, a bounded number of them open: parts of one file come one after the other.
 * @module
 */
import { type FileHandle, open } from "node:fs/promises";

const MAX_OPEN = 64;

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  userCount: number;
}

export class OpenFiles {
  /** The least recently used first. */
  readonly #files = new Map<string, OpenFile>();

  /** Runs with the file, which is opened with `flags` unless it is open. */
  async use(
    path: string,
    flags: string | number,
    run: (file: FileHandle) => Promise<void>,
  ): Promise<void> {
    const found = this.#files.get(path) ?? { handle: open(path, flags, 0o600), userCount: 0 };
    this.#files.delete(path);
    this.#files.set(path, found);
    found.userCount++;
    try {
      await run(await found.handle);
    } catch (error) {
      // One that could not be opened may be there later.
      if (this.#files.get(path) === found) this.#files.delete(path);
      found.handle.then((handle) => handle.close()).catch(() => {});
      throw error;
    } finally {
      found.userCount--;
    }
    if (this.#files.size > MAX_OPEN) await this.#closeOne();
  }

  async #closeOne(): Promise<void> {
    for (const [path, { userCount }] of this.#files) {
      if (userCount === 0) return this.close(path);
    }
  }

  /** Does nothing when it is not open. */
  async close(path: string): Promise<void> {
    const found = this.#files.get(path);
    this.#files.delete(path);
    if (found !== undefined) await (await found.handle).close();
  }

  /** Nobody uses one any more. */
  async closeAll(): Promise<void> {
    for (const path of [...this.#files.keys()]) await this.close(path);
  }
}

/**
 * The side that has the files: lists them and reads pieces of them.
 * @module
 */
import type { Answer } from "@kinode-ts/stdlib";
import { print, reply } from "@kinode-ts/stdlib";
import { file, openDir, vfsRequest, VfsError, watch } from "@kinode-ts/stdlib/vfs";
import type { ChunkRequest, FileInfo } from "./wire.ts";
import { checkName } from "./wire.ts";

/** Pieces read at a time: each is kept in memory until it is sent. */
const READS_MAX = 16;
/** A large file takes its time. */
export const HASH_TIMEOUT = "10m";

export class OfferedFiles {
  readonly #drive: string;
  /** SHA-256 by name, as long as the file has not changed. */
  readonly #hashes = new Map<string, Promise<string>>();
  #reads = 0;

  constructor(drive: string) {
    this.#drive = drive;
  }

  /** Forgets the hashes of files that change; settles once it sees them. */
  async watch(): Promise<void> {
    const changes = watch(this.#drive);
    await changes.started;
    void (async () => {
      for await (const event of changes) {
        if (event.kind === "overflow") this.#hashes.clear();
        else for (const path of pathsOf(event)) this.#hashes.delete(path);
      }
    })().catch((thrown: unknown) => print(`sees no more changes of files: ${String(thrown)}`));
  }

  async list(): Promise<FileInfo[]> {
    const entries = await (await openDir(this.#drive)).entries();
    const names = entries
      .filter((entry) => entry.file_type === "File")
      .map(({ path }) => path.slice(path.lastIndexOf("/") + 1))
      .filter(isName)
      .sort();
    return await Promise.all(
      names.map(async (name) => {
        const { len } = await file(this.#pathOf(name)).metadata();
        return { name, size: Number(len) };
      }),
    );
  }

  async chunk({ name, offset, length }: ChunkRequest): Promise<Answer> {
    if (this.#reads >= READS_MAX) return JSON.stringify("Busy");
    this.#reads++;
    try {
      return await this.#read(this.#pathOf(name), offset, length);
    } catch (thrown) {
      if (!(thrown instanceof VfsError)) throw thrown;
      // What the VFS says is for the person of this node.
      print(`cannot send ${name}: ${thrown.message}`, 1);
      return { Err: `there is no file ${JSON.stringify(name)} that can be read` };
    } finally {
      this.#reads--;
    }
  }

  async #read(path: string, offset: number, length: number): Promise<Answer> {
    const sha256 = await this.#hashOf(path);
    const size = Number((await file(path).metadata()).len);
    const count = Math.min(length, Math.max(0, size - offset));
    const Chunk = { size, sha256 };
    if (count === 0) return reply({ Chunk }, { blob: new Uint8Array(0) });
    // Both go out before anything else of ours can move the cursor.
    const [, read] = await Promise.all([
      vfsRequest(path, { Seek: { Start: offset } }),
      vfsRequest(path, { ReadExact: { length: count } }),
    ]);
    const bytes = read.message.blob()?.bytes ?? new Uint8Array(0);
    return reply({ Chunk }, { blob: bytes });
  }

  #hashOf(path: string): Promise<string> {
    let hash = this.#hashes.get(path);
    if (hash === undefined) {
      hash = hashFile(path);
      this.#hashes.set(path, hash);
      hash.catch(() => this.#hashes.delete(path));
    }
    return hash;
  }

  #pathOf(name: string): string {
    return `${this.#drive}/${name}`;
  }
}

/** SHA-256 in hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const bytes = await file(path, { timeout: HASH_TIMEOUT }).hash();
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pathsOf(event: { readonly path: string; readonly from?: string }): string[] {
  return event.from === undefined ? [event.path] : [event.path, event.from];
}

function isName(name: string): boolean {
  try {
    return checkName(name) === name;
  } catch {
    return false;
  }
}

/**
 * The walk of one snapshot: through the source, beside the tree of the snapshot before.
 *
 * The walker goes ahead through folders; files are read a few at a time behind it; the tree of a folder is made when all
 * its entries are there.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import { concatBytes } from "./bytes.ts";
import type { BlobIndex } from "./blob-index.ts";
import type { BlobReader } from "./blob-reader.ts";
import type { BlobWriter } from "./blob-writer.ts";
import type { RepositoryContext } from "./context.ts";
import { assertNotCancelled, assertWithin, BackupError } from "./errors.ts";
import { storeFile } from "./file-store.ts";
import { compareNames, whyUnsafe } from "./file-name.ts";
import { Gate } from "./limited.ts";
import type { ObjectId } from "./object-id.ts";
import type { Snapshot } from "./snapshot-file.ts";
import type { SnapshotSource, SourceEntry, SourceFile, SourceFolder } from "./source.ts";
import type { SnapshotOptions, SnapshotProblem } from "./take-snapshot.ts";
import {
  encodeTreeParts,
  type EntryDetails,
  type FileEntry,
  type StoredEntry,
  type TreeEntry,
} from "./tree.ts";

export interface WalkCounts {
  readonly newFileCount: number;
  readonly changedFileCount: number;
  readonly unchangedFileCount: number;
  readonly newFolderCount: number;
  readonly changedFolderCount: number;
  readonly unchangedFolderCount: number;
  readonly totalFileCount: number;
  /** Content of the files that are done, read or not. */
  readonly doneBytes: number;
}

interface WalkParts {
  readonly context: RepositoryContext;
  readonly index: BlobIndex;
  readonly writer: BlobWriter;
  readonly reader: BlobReader;
  readonly signal: AbortSignal;
  readonly options: SnapshotOptions;
  readonly parent: Snapshot | undefined;
}

type Before = ReadonlyMap<string, TreeEntry>;
/** In an object: a promise of a promise would be one. */
interface Later<T> {
  readonly result: Promise<T>;
}

const MAX_PROBLEMS = 1_000;
const ENTRIES_PER_TURN = 512;
const NOTHING: Before = new Map();

export class SnapshotWalk {
  readonly problems: SnapshotProblem[] = [];
  problemCount = 0;
  #startedCount = 0;
  #source = "";
  readonly #parts: WalkParts;
  readonly #gate: Gate;
  /** Aborted by the first failure, so that nothing is started any more. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #counts = {
    newFileCount: 0,
    changedFileCount: 0,
    unchangedFileCount: 0,
    newFolderCount: 0,
    changedFolderCount: 0,
    unchangedFolderCount: 0,
    totalFileCount: 0,
    doneBytes: 0,
  };

  constructor(parts: WalkParts) {
    this.#parts = parts;
    this.#gate = new Gate(parts.context.sizes.fileCount);
    this.#signal = AbortSignal.any([parts.signal, this.#stop.signal]);
  }

  get counts(): WalkCounts {
    return { ...this.#counts };
  }

  /** @returns the tree of the whole */
  async run(source: SnapshotSource): Promise<ObjectId> {
    this.#source = source.paths.join(", ");
    const before = await this.#before(this.#parts.parent?.tree);
    const { result } = await this.#walk(source.entries(this.#signal), before, "", 1);
    return (await result).tree;
  }

  /** The entries of the snapshot before; what cannot be read is as if it were not there. */
  async #before(tree: ObjectId | undefined): Promise<Before> {
    if (tree === undefined) return NOTHING;
    try {
      const entries = await this.#parts.reader.tree(tree);
      return new Map(entries.map((entry) => [entry.name, entry]));
    } catch (error) {
      if (error instanceof BackupError && error.code.startsWith("backup.remote")) throw error;
      return NOTHING;
    }
  }

  /** Returns when all entries are under way; the tree comes later. */
  async #walk(
    entries: AsyncIterable<SourceEntry>,
    before: Before,
    path: string,
    depth: number,
  ): Promise<Later<{ readonly tree: ObjectId }>> {
    const { maxDepth } = this.#parts.context.limits;
    assertWithin(`depth of "${path}"`, depth, maxDepth, "maxDepth");
    const later: Promise<StoredEntry | undefined>[] = [];
    for (const entry of await this.#list(entries, path)) {
      assertNotCancelled(this.#signal, "snapshot");
      // Files that did not change wait for nothing: others get their turn all the same.
      if (++this.#startedCount % ENTRIES_PER_TURN === 0) await this.#turn();
      const started = await this.#start(
        entry,
        before.get(entry.name),
        `${path}/${entry.name}`,
        depth,
      );
      if (started === undefined) continue;
      // A failure is thrown where the folder is put together; until then it is nobody's.
      started.result.catch((error: unknown) => this.#stop.abort(error));
      later.push(started.result);
    }
    const finish = async (): Promise<{ readonly tree: ObjectId }> => {
      const stored = await Promise.all(later);
      return { tree: await this.#storeTree(stored.filter((entry) => entry !== undefined)) };
    };
    return { result: finish() };
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#parts.context.clock.afterTurn(resolve));
  }

  /** Everything in a folder that may be stored, by name. */
  async #list(entries: AsyncIterable<SourceEntry>, path: string): Promise<SourceEntry[]> {
    const listed = new Map<string, SourceEntry>();
    try {
      for await (const entry of entries) {
        const why = entry.kind === "problem" ? entry.why : whyUnsafe(entry.name);
        if (why !== undefined) this.#report(`${path}/${entry.name}`, why);
        else listed.set(entry.name, entry);
      }
    } catch (error) {
      assertNotCancelled(this.#signal, "snapshot");
      const why = errorText(error);
      if (path === "") {
        const fault = { code: "backup.unreadable-source", source: this.#source, why } as const;
        throw new BackupError(fault, { cause: error });
      }
      this.#report(path, why);
    }
    return [...listed.values()].sort((a, b) => compareNames(a.name, b.name));
  }

  async #start(
    entry: SourceEntry,
    before: TreeEntry | undefined,
    path: string,
    depth: number,
  ): Promise<Later<StoredEntry | undefined> | undefined> {
    switch (entry.kind) {
      case "file":
        return this.#startFile(entry, before, path);
      case "folder":
        return this.#startFolder(entry, before, path, depth);
      case "link": {
        const { kind, name, target } = entry;
        return { result: Promise.resolve({ kind, name, target, ...detailsOf(entry) }) };
      }
      case "problem":
        return undefined;
    }
  }

  async #startFolder(
    folder: SourceFolder,
    before: TreeEntry | undefined,
    path: string,
    depth: number,
  ): Promise<Later<StoredEntry>> {
    const known = before?.kind === "folder" ? before : undefined;
    const inside = await this.#before(known?.tree);
    const { result } = await this.#walk(folder.entries(this.#signal), inside, path, depth + 1);
    const { name } = folder;
    const finish = async (): Promise<StoredEntry> => {
      const { tree } = await result;
      const state = known === undefined ? "new" : known.tree === tree ? "unchanged" : "changed";
      this.#counts[`${state}FolderCount`]++;
      this.#tell(path);
      return { kind: "folder", name, tree, ...detailsOf(folder) };
    };
    return { result: finish() };
  }

  async #startFile(
    file: SourceFile,
    before: TreeEntry | undefined,
    path: string,
  ): Promise<Later<StoredEntry | undefined>> {
    const known = before?.kind === "file" ? before : undefined;
    if (known !== undefined && this.#isUnchanged(file, known)) {
      this.#finishFile("unchanged", file.sizeBytes, path);
      const { name } = file;
      const { content, sizeBytes } = known;
      return {
        result: Promise.resolve({ kind: "file", name, sizeBytes, content, ...detailsOf(file) }),
      };
    }
    await this.#gate.enter();
    return { result: this.#storeFile(file, known, path).finally(() => this.#gate.leave()) };
  }

  async #storeFile(
    file: SourceFile,
    known: FileEntry | undefined,
    path: string,
  ): Promise<StoredEntry | undefined> {
    const { context, writer } = this.#parts;
    assertNotCancelled(this.#signal, "snapshot");
    const stored = await storeFile(context, writer, file, this.#signal);
    if ("unreadable" in stored) {
      assertNotCancelled(this.#signal, "snapshot");
      this.#report(path, errorText(stored.unreadable));
      return undefined;
    }
    const { content, sizeBytes } = stored;
    this.#finishFile(known === undefined ? "new" : "changed", sizeBytes, path);
    return { kind: "file", name: file.name, sizeBytes, content, ...detailsOf(file) };
  }

  /**
   * Whether the content of the snapshot before will do. A file that changed while, or after, that one was taken is read
   * again: it may have been read half-way through the change.
   */
  #isUnchanged(file: SourceFile, known: FileEntry): boolean {
    const { options, parent, index } = this.#parts;
    return (
      options.readAll !== true &&
      parent !== undefined &&
      file.sizeBytes === known.sizeBytes &&
      file.modifiedNs === known.modifiedNs &&
      file.changedNs === known.changedNs &&
      file.inode === known.inode &&
      file.modifiedNs < parent.timeNs &&
      file.changedNs < parent.timeNs &&
      known.content.every((id) => index.has("data", id))
    );
  }

  async #storeTree(entries: readonly StoredEntry[]): Promise<ObjectId> {
    const { context, writer } = this.#parts;
    const parts: Uint8Array[] = [];
    for (const part of encodeTreeParts(entries)) {
      if (parts.length > 2) await this.#turn();
      parts.push(part);
    }
    const sealed = await context.engine.sealContent(concatBytes(parts));
    if (writer.claim("tree", sealed.id)) await writer.add("tree", sealed);
    return sealed.id;
  }

  #finishFile(state: "new" | "changed" | "unchanged", sizeBytes: number, path: string): void {
    this.#counts[`${state}FileCount`]++;
    this.#counts.totalFileCount++;
    this.#counts.doneBytes += sizeBytes;
    this.#tell(path);
  }

  #tell(path: string): void {
    const { sentBytes } = this.#parts.writer.counts;
    this.#parts.options.onProgress?.({ ...this.#counts, path, sentBytes });
  }

  #report(path: string, why: string): void {
    this.problemCount++;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ path, why });
  }
}

function detailsOf(entry: EntryDetails): EntryDetails {
  const { permissions, modifiedNs, changedNs, uid, gid, inode } = entry;
  return { permissions, modifiedNs, changedNs, uid, gid, inode };
}

/**
 * A disk in memory: the twin of the folder on disk for tests and for nodes that keep nothing.
 * @module
 */
import type {
  Change,
  DiskEntry,
  DiskFile,
  DiskFolder,
  DiskStat,
  OpenedState,
  ReadBounds,
  WriteBounds,
} from "./disk.ts";
import { ioError, ioErrorText } from "./errors.ts";

interface FileNode {
  readonly kind: "file";
  bytes: Uint8Array;
}

interface DirectoryNode {
  readonly kind: "directory";
  readonly children: Map<string, Node>;
}

type Node = FileNode | DirectoryNode;

/** Longest name of one segment, as common file systems have it. */
const MAX_NAME_BYTES = 255;

export function createMemoryDisk(): DiskFolder {
  return new MemoryDisk();
}

class MemoryDisk implements DiskFolder {
  readonly #root: DirectoryNode = { kind: "directory", children: new Map() };

  stat(path: string): DiskStat {
    const node = this.#find(path);
    return node.kind === "file"
      ? { type: "File", size: node.bytes.length }
      : { type: "Directory", size: 4096 };
  }

  list(path: string): readonly DiskEntry[] {
    return [...this.#directory(path).children].map(([name, node]) => ({
      name,
      type: node.kind === "file" ? "File" : "Directory",
    }));
  }

  makeDirectory(path: string): void {
    const { parent, name } = this.#slot(path);
    if (parent.children.has(name)) throw ioError("EEXIST");
    parent.children.set(name, { kind: "directory", children: new Map() });
  }

  makeDirectories(path: string): void {
    let at = this.#root;
    const names = path.split("/");
    for (const [index, name] of names.entries()) {
      checkName(name);
      let next = at.children.get(name);
      if (next === undefined) {
        next = { kind: "directory", children: new Map() };
        at.children.set(name, next);
      }
      if (next.kind === "file") throw ioError(index === names.length - 1 ? "EEXIST" : "ENOTDIR");
      at = next;
    }
  }

  fileBytes(path: string): number {
    const node = this.#peek(path);
    return node?.kind === "file" ? node.bytes.length : 0;
  }

  treeBytes(path: string): number {
    const node = this.#peek(path);
    return node === undefined ? 0 : bytesOf(node);
  }

  read(path: string, maxBytes: number): Uint8Array {
    const node = this.#file(path);
    if (node.bytes.length > maxBytes) throw ioError("EFBIG");
    return node.bytes.slice();
  }

  write(path: string, bytes: Uint8Array, room: number): Change {
    return changed(this.fileBytes(path), bytes.length, room, () => {
      this.#provide(path, true).bytes = bytes.slice();
    });
  }

  open(path: string, options: { create: boolean }): DiskFile {
    const node = this.#provide(path, options.create);
    return new MemoryFile(node);
  }

  create(path: string): { file: DiskFile; before: number } {
    const node = this.#provide(path, true);
    const before = node.bytes.length;
    node.bytes = new Uint8Array(0);
    return { file: new MemoryFile(node), before };
  }

  removeFile(path: string): number {
    const { parent, name } = this.#slot(path);
    const node = parent.children.get(name);
    if (node === undefined) throw ioError("ENOENT");
    if (node.kind === "directory") throw ioError("EISDIR");
    parent.children.delete(name);
    return node.bytes.length;
  }

  removeDirectory(path: string): void {
    if (this.#directory(path).children.size > 0) throw ioError("ENOTEMPTY");
    this.#forget(path);
  }

  removeTree(path: string): number {
    const bytes = bytesOf(this.#directory(path));
    this.#forget(path);
    return bytes;
  }

  rename(from: string, to: string): number {
    const node = this.#find(from);
    const { parent, name } = this.#slot(to);
    const there = parent.children.get(name);
    const replacedBytes = there?.kind === "file" ? there.bytes.length : 0;
    if (there === node) return replacedBytes;
    if (node.kind === "directory" && `${to}/`.startsWith(`${from}/`)) throw ioError("EINVAL");
    if (there?.kind === "directory") {
      if (node.kind === "file") throw ioError("EISDIR");
      if (there.children.size > 0) throw ioError("ENOTEMPTY");
    }
    if (there?.kind === "file" && node.kind === "directory") throw ioError("ENOTDIR");
    this.#forget(from);
    parent.children.set(name, node);
    return replacedBytes;
  }

  copy(from: string, to: string, room: number): Change {
    const node = this.#find(from);
    if (node.kind === "directory") throw ioErrorText(NOT_A_FILE);
    return this.write(to, node.bytes, room);
  }

  #peek(path: string): Node | undefined {
    let at: Node | undefined = this.#root;
    for (const name of path.split("/")) {
      at = at?.kind === "directory" ? at.children.get(name) : undefined;
    }
    return at;
  }

  #find(path: string): Node {
    let at: Node = this.#root;
    if (path === "") return at;
    for (const name of path.split("/")) {
      if (at.kind === "file") throw ioError("ENOTDIR");
      checkName(name);
      const next = at.children.get(name);
      if (next === undefined) throw ioError("ENOENT");
      at = next;
    }
    return at;
  }

  #directory(path: string): DirectoryNode {
    const node = this.#find(path);
    if (node.kind === "file") throw ioError("ENOTDIR");
    return node;
  }

  #file(path: string): FileNode {
    const node = this.#find(path);
    if (node.kind === "directory") throw ioError("EISDIR");
    return node;
  }

  #slot(path: string): { parent: DirectoryNode; name: string } {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    checkName(name);
    return { parent: this.#directory(slash === -1 ? "" : path.slice(0, slash)), name };
  }

  #provide(path: string, create: boolean): FileNode {
    const { parent, name } = this.#slot(path);
    const node = parent.children.get(name);
    if (node?.kind === "directory") throw ioError("EISDIR");
    if (node !== undefined) return node;
    if (!create) throw ioError("ENOENT");
    const made: FileNode = { kind: "file", bytes: new Uint8Array(0) };
    parent.children.set(name, made);
    return made;
  }

  #forget(path: string): void {
    const { parent, name } = this.#slot(path);
    parent.children.delete(name);
  }
}

function bytesOf(node: Node): number {
  if (node.kind === "file") return node.bytes.length;
  let bytes = 0;
  for (const child of node.children.values()) bytes += bytesOf(child);
  return bytes;
}

/** The text of the reference for copying what is not a file. */
export const NOT_A_FILE =
  "the source path is neither a regular file nor a symlink to a regular file";

class MemoryFile implements DiskFile {
  readonly node: FileNode;
  readonly opened: OpenedState;

  constructor(node: FileNode) {
    this.node = node;
    this.opened = { size: node.bytes.length, trace: undefined };
  }

  size(): number {
    return this.node.bytes.length;
  }

  read(position: number, length: number, bounds: ReadBounds = {}): Uint8Array {
    const rest = Math.max(0, this.size() - position);
    if (bounds.isExact === true && length > rest) throw ioErrorText("early eof");
    if (Math.min(length, rest) > (bounds.maxBytes ?? Infinity)) throw ioError("EFBIG");
    return this.node.bytes.slice(position, position + length);
  }

  write(position: number | "end", bytes: Uint8Array, { room, maxBytes }: WriteBounds): Change {
    const before = this.size();
    const start = position === "end" ? before : position;
    const end = start + bytes.length;
    if (end > maxBytes) throw ioError("EFBIG");
    const after = bytes.length === 0 ? before : Math.max(before, end);
    return changed(before, after, room, () => {
      if (after > before) this.#resize(after);
      this.node.bytes.set(bytes, bytes.length === 0 ? 0 : start);
    });
  }

  resize(size: number, room: number): Change {
    return changed(this.size(), size, room, () => this.#resize(size));
  }

  #resize(size: number): void {
    const old = this.node.bytes;
    const next = new Uint8Array(size);
    next.set(old.subarray(0, size));
    this.node.bytes = next;
  }

  sync(): void {}

  close(): void {}
}

/** Does the work where there is room for it. */
function changed(before: number, after: number, room: number, work: () => void): Change {
  if (after - before > room) return { kind: "no-room", before, after };
  work();
  return { kind: "done", before, after };
}

function checkName(name: string): void {
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) throw ioError("ENAMETOOLONG");
}

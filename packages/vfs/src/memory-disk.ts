/**
 * A disk in memory: the twin of the folder on disk for tests and for nodes that keep nothing.
 * @module
 */
import type { DiskEntry, DiskFile, DiskFolder, DiskStat } from "./disk.ts";
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

  write(path: string, bytes: Uint8Array, admit?: (before: number) => void): void {
    admit?.(this.fileBytes(path));
    this.#provide(path, true).bytes = bytes.slice();
  }

  open(path: string, options: { create: boolean }): DiskFile {
    const node = this.#provide(path, options.create);
    return new MemoryFile(node);
  }

  isAt(path: string, file: DiskFile): boolean {
    return file instanceof MemoryFile && file.node === this.#peek(path);
  }

  removeFile(path: string): void {
    const { parent, name } = this.#slot(path);
    const node = parent.children.get(name);
    if (node === undefined) throw ioError("ENOENT");
    if (node.kind === "directory") throw ioError("EISDIR");
    parent.children.delete(name);
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

  rename(from: string, to: string): void {
    const node = this.#find(from);
    const { parent, name } = this.#slot(to);
    const there = parent.children.get(name);
    if (there === node) return;
    if (node.kind === "directory" && `${to}/`.startsWith(`${from}/`)) throw ioError("EINVAL");
    if (there?.kind === "directory") {
      if (node.kind === "file") throw ioError("EISDIR");
      if (there.children.size > 0) throw ioError("ENOTEMPTY");
    }
    if (there?.kind === "file" && node.kind === "directory") throw ioError("ENOTDIR");
    this.#forget(from);
    parent.children.set(name, node);
  }

  copy(from: string, to: string): void {
    const node = this.#find(from);
    if (node.kind === "directory") throw ioErrorText(NOT_A_FILE);
    this.write(to, node.bytes);
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

  constructor(node: FileNode) {
    this.node = node;
  }

  size(): number {
    return this.node.bytes.length;
  }

  read(position: number, length: number): Uint8Array {
    return this.node.bytes.slice(position, position + length);
  }

  write(position: number, bytes: Uint8Array): void {
    if (position + bytes.length > this.node.bytes.length) this.resize(position + bytes.length);
    this.node.bytes.set(bytes, position);
  }

  resize(size: number): void {
    const old = this.node.bytes;
    const next = new Uint8Array(size);
    next.set(old.subarray(0, size));
    this.node.bytes = next;
  }

  replace(bytes: Uint8Array): void {
    this.node.bytes = bytes.slice();
  }

  sync(): void {}

  close(): void {}
}

function checkName(name: string): void {
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) throw ioError("ENAMETOOLONG");
}

/**
 * A VFS in memory for test nodes: the actions the client library uses, without permissions.
 * Source: spec/runtime-modules.md §2.2.
 * @module
 */
import type { TestModule, TestNode } from "./test-node.ts";

export interface TestVfs {
  readonly module: TestModule;
  /** Content by path without leading slash: `chat:sys/pkg/ui/index.html`. */
  readonly files: Map<string, Uint8Array>;
  /** Puts a text file. */
  put(path: string, text: string): void;
}

type Action = string | Readonly<Record<string, unknown>>;
type Reply = Parameters<TestModule>[1];

const NOT_FOUND = { Err: { IOError: "No such file or directory (os error 2)" } };

class Files {
  readonly files = new Map<string, Uint8Array>();
  readonly #folders = new Set<string>();
  readonly #cursors = new Map<string, number>();

  handle(path: string, action: Action, blob: Uint8Array | undefined, reply: Reply): void {
    const name = typeof action === "string" ? action : Object.keys(action)[0]!;
    const argument: unknown = typeof action === "string" ? undefined : action[name];
    const file = this.files.get(path);
    if (this.#withoutFile(name, argument, path, blob, reply)) return;
    if (file === undefined) reply(NOT_FOUND);
    else this.#onFile(name, argument, path, file, blob ?? new Uint8Array(0), reply);
  }

  #withoutFile(
    name: string,
    argument: unknown,
    path: string,
    blob: Uint8Array | undefined,
    reply: Reply,
  ): boolean {
    switch (name) {
      case "CreateDrive":
      case "CreateDir":
      case "CreateDirAll":
        this.#folders.add(path);
        break;
      case "CreateFile":
        this.files.set(path, new Uint8Array(0));
        break;
      case "CloseFile":
        this.#cursors.delete(path);
        break;
      case "Write":
        if (blob === undefined) reply({ Err: "NoBlob" });
        else this.files.set(path, blob.slice());
        if (blob === undefined) return true;
        break;
      case "OpenFile": {
        const { create } = argument as { create: boolean };
        if (!this.files.has(path) && !create) return false;
        if (!this.files.has(path)) this.files.set(path, new Uint8Array(0));
        this.#cursors.set(path, 0);
        break;
      }
      case "ReadDir":
        return this.#readDir(path, reply);
      case "Metadata":
        if (this.files.has(path) || !this.#isFolder(path)) return false;
        reply({ Metadata: { file_type: "Directory", len: 4096 } });
        return true;
      case "RemoveDirAll":
        for (const name of this.files.keys())
          if (name.startsWith(`${path}/`)) this.files.delete(name);
        for (const name of this.#folders)
          if (name === path || name.startsWith(`${path}/`)) this.#folders.delete(name);
        break;
      case "RemoveDir":
        return this.#removeFolder(path, reply);
      case "Usage":
        reply({ Usage: { used_bytes: this.#bytesOf(path), limit_bytes: null } });
        return true;
      case "Watch":
      case "Unwatch":
        // `createTestVfs` keeps them.
        if (name === "Watch" && !this.files.has(path) && !this.#isFolder(path)) return false;
        break;
      default:
        return false;
    }
    reply('"Ok"');
    return true;
  }

  /** Every file of the package. */
  #bytesOf(path: string): number {
    const [owner] = path.split("/");
    let bytes = 0;
    for (const [name, file] of this.files) if (name.startsWith(`${owner}/`)) bytes += file.length;
    return bytes;
  }

  #removeFolder(path: string, reply: Reply): boolean {
    if (!this.#isFolder(path)) return false;
    const isFull = [...this.files.keys(), ...this.#folders].some((name) =>
      name.startsWith(`${path}/`),
    );
    if (isFull) reply({ Err: { IOError: "Directory not empty (os error 39)" } });
    else {
      this.#folders.delete(path);
      reply('"Ok"');
    }
    return true;
  }

  #isFolder(path: string): boolean {
    return (
      path === "" ||
      this.#folders.has(path) ||
      [...this.files.keys()].some((name) => name.startsWith(`${path}/`))
    );
  }

  #readDir(path: string, reply: Reply): boolean {
    if (!this.#isFolder(path)) return false;
    const entries = new Map<string, string>();
    const start = path === "" ? "" : `${path}/`;
    for (const name of this.files.keys()) {
      if (!name.startsWith(start)) continue;
      const [first, ...rest] = name.slice(start.length).split("/");
      entries.set(start + first, rest.length === 0 ? "File" : "Directory");
    }
    reply({ ReadDir: [...entries].map(([at, type]) => ({ path: at, file_type: type })) });
    return true;
  }

  #onFile(
    name: string,
    argument: unknown,
    path: string,
    file: Uint8Array,
    blob: Uint8Array,
    reply: Reply,
  ): void {
    const cursor = this.#cursors.get(path) ?? 0;
    switch (name) {
      case "Read":
        return reply('"Read"', { bytes: file });
      case "ReadToEnd":
        this.#cursors.set(path, file.length);
        return reply('"Read"', { bytes: file.slice(cursor) });
      case "ReadExact": {
        const { length } = argument as { length: number };
        this.#cursors.set(path, cursor + length);
        return reply('"Read"', { bytes: file.slice(cursor, cursor + length) });
      }
      case "ReadToString":
        return reply({ ReadToString: new TextDecoder().decode(file.slice(cursor)) });
      case "Seek":
        return reply({ SeekFrom: { new_offset: this.#seek(path, file, cursor, argument) } });
      case "WriteAll":
      case "Append":
        this.#write(path, file, name === "Append" ? file.length : cursor, blob);
        return reply('"Ok"');
      case "Metadata":
        return reply({ Metadata: { file_type: "File", len: file.length } });
      case "Len":
        return reply({ Len: file.length });
      case "SyncAll":
        return reply('"Ok"');
      case "SetLen": {
        const length = argument as number;
        const next = new Uint8Array(length);
        next.set(file.subarray(0, length));
        this.files.set(path, next);
        return reply('"Ok"');
      }
      case "Rename":
      case "CopyFile": {
        const { new_path: to } = argument as { new_path: string };
        this.files.set(to.replace(/^\/+/, ""), file.slice());
        if (name === "Rename") this.files.delete(path);
        return reply('"Ok"');
      }
      case "RemoveFile":
        this.files.delete(path);
        return reply('"Ok"');
      default:
        return reply({ Err: "MalformedRequest" });
    }
  }

  #seek(path: string, file: Uint8Array, cursor: number, to: unknown): number {
    const [from, offset] = Object.entries(to as Record<string, number>)[0]!;
    const base = from === "Start" ? 0 : from === "End" ? file.length : cursor;
    this.#cursors.set(path, base + offset);
    return base + offset;
  }

  #write(path: string, file: Uint8Array, at: number, bytes: Uint8Array): void {
    const grown = new Uint8Array(Math.max(file.length, at + bytes.length));
    grown.set(file);
    grown.set(bytes, at);
    this.files.set(path, grown);
    this.#cursors.set(path, at + bytes.length);
  }
}

interface Watch {
  readonly process: string;
  readonly id: number;
  readonly path: string;
  readonly recursive: boolean;
}

function covers({ path, recursive }: Watch, changed: string): boolean {
  if (changed === path) return true;
  if (!changed.startsWith(`${path}/`)) return false;
  return recursive || !changed.includes("/", path.length + 1);
}

/** Who watches what; changes of files only, one event each. */
class Watches {
  readonly #node: TestNode | undefined;
  #watches: Watch[] = [];

  constructor(node: TestNode | undefined) {
    this.#node = node;
  }

  take(process: string, path: string, action: Action): void {
    if (typeof action === "string") return;
    const { Watch: added, Unwatch: removed } = action as {
      Watch?: { watch: number; recursive?: boolean };
      Unwatch?: { watch: number };
    };
    const id = added?.watch ?? removed?.watch;
    if (id === undefined) return;
    this.#watches = this.#watches.filter((each) => each.process !== process || each.id !== id);
    if (added === undefined) return;
    this.#watches.push({ process, id, path, recursive: added.recursive ?? false });
  }

  tell(path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    if (before === after) return;
    const kind = before === undefined ? "Created" : after === undefined ? "Removed" : "Written";
    for (const watch of this.#watches) {
      if (!covers(watch, path)) continue;
      const body = { VfsEvent: { watch: watch.id, changes: [{ [kind]: `/${path}` }] } };
      this.#node?.tell(watch.process, body, { from: "vfs:distro:sys" });
    }
  }
}

/** With `node`, processes that watch are told of changes: those of `put`, and those of other processes. */
export function createTestVfs(options: { readonly node?: TestNode } = {}): TestVfs {
  const vfs = new Files();
  const watches = new Watches(options.node);
  const told = (paths: readonly string[], change: () => void): void => {
    const before = paths.map((path) => vfs.files.get(path));
    change();
    for (const [index, path] of paths.entries()) {
      watches.tell(path, before[index], vfs.files.get(path));
    }
  };
  return {
    files: vfs.files,
    put: (path, text) =>
      told([path], () => void vfs.files.set(path, new TextEncoder().encode(text))),
    module: ({ value, blob, source }, reply) => {
      const { path: text, action } = value as { path: string; action: Action };
      const path = text.replace(/^\/+/, "");
      watches.take(source, path, action);
      told(pathsOf(path, action), () => vfs.handle(path, action, blob?.bytes, reply));
    },
  };
}

/** What an action may change. */
function pathsOf(path: string, action: Action): readonly string[] {
  if (typeof action === "string") return [path];
  const { Rename, CopyFile } = action as Record<string, { new_path: string } | undefined>;
  const to = (Rename ?? CopyFile)?.new_path;
  return to === undefined ? [path] : [path, to.replace(/^\/+/, "")];
}

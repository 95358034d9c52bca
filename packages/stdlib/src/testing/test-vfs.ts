/**
 * A VFS in memory for test nodes: the actions the client library uses, without permissions.
 * Source: spec/runtime-modules.md §2.2.
 * @module
 */
import type { TestModule } from "./test-node.ts";

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
        break;
      default:
        return false;
    }
    reply('"Ok"');
    return true;
  }

  #isFolder(path: string): boolean {
    return (
      this.#folders.has(path) || [...this.files.keys()].some((name) => name.startsWith(`${path}/`))
    );
  }

  #readDir(path: string, reply: Reply): boolean {
    if (!this.#isFolder(path)) return false;
    const entries = new Map<string, string>();
    for (const name of this.files.keys()) {
      if (!name.startsWith(`${path}/`)) continue;
      const [first, ...rest] = name.slice(path.length + 1).split("/");
      entries.set(`${path}/${first}`, rest.length === 0 ? "File" : "Directory");
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

export function createTestVfs(): TestVfs {
  const vfs = new Files();
  return {
    files: vfs.files,
    put: (path, text) => void vfs.files.set(path, new TextEncoder().encode(text)),
    module: ({ value, blob }, reply) => {
      const { path, action } = value as { path: string; action: Action };
      vfs.handle(path.replace(/^\/+/, ""), action, blob?.bytes, reply);
    },
  };
}

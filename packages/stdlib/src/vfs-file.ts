/**
 * An open file. The cursor belongs to the VFS and is shared by everybody who has the file open.
 * Source: spec/packages-and-tools.md §25.4.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { parseJson } from "./json.ts";
import type { Schema } from "./schema.ts";
import { applySchema } from "./schema.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";
import { hasForm, isText, isU64 } from "./module-answer.ts";
import type { FileMetadata, SeekFrom, VfsAction, VfsAnswer, VfsOptions } from "./vfs-wire.ts";
import { isFileMetadata, isHash, payload, readBytes, VfsError, vfsRequest } from "./vfs-wire.ts";

type Content = Uint8Array | string;

function toBytes(content: Content): Uint8Array {
  return typeof content === "string" ? encodeUtf8(content) : content;
}

const isPosition = hasForm<{ readonly new_offset: U64 }>({ new_offset: isU64 });

/** A file by its path. Every function rejects with a `VfsError`; a `signal` of its options with that one's reason. */
export class File implements AsyncDisposable {
  readonly path: string;
  readonly #options: VfsOptions;

  constructor(path: string, options: VfsOptions = {}) {
    this.path = path;
    this.#options = options;
  }

  #do(action: VfsAction, content?: Content): Promise<VfsAnswer> {
    const blob = content === undefined ? undefined : { bytes: toBytes(content) };
    return vfsRequest(this.path, action, { ...this.#options, blob });
  }

  /** The whole file. */
  async bytes(): Promise<Uint8Array> {
    return readBytes(this.path, await this.#do("Read"));
  }

  /** The whole file as UTF-8. */
  async text(): Promise<string> {
    return decodeUtf8(await this.bytes());
  }

  /** The whole file as JSON. Rejects with a `JsonError` or `SchemaError`. */
  async json<T>(schema: Schema<T>): Promise<T> {
    return applySchema(schema, parseJson(await this.text()));
  }

  /** Fills `buffer` from position `at`, or without it from the cursor; returns how many bytes were read. */
  async readInto(buffer: Uint8Array, options: { readonly at?: U64 } = {}): Promise<number> {
    const to = options.at === undefined ? { Current: 0 } : { Start: options.at };
    const position = Number(await this.seek(to));
    const length = Math.max(0, Math.min(buffer.length, Number(await this.len()) - position));
    if (length > 0) {
      const bytes = readBytes(this.path, await this.#do({ ReadExact: { length } }));
      if (bytes.length !== length) {
        const detail = `${bytes.length} bytes instead of ${length}`;
        throw new VfsError("UnexpectedAnswer", this.path, detail);
      }
      buffer.set(bytes);
    }
    return length;
  }

  /** From the cursor to the end. */
  async rest(): Promise<Uint8Array> {
    return readBytes(this.path, await this.#do("ReadToEnd"));
  }

  /** The same as UTF-8. */
  async restText(): Promise<string> {
    return payload(this.path, await this.#do("ReadToString"), "ReadToString", isText);
  }

  /** The file in pieces of at most `chunk` bytes, from the start. */
  async *stream(chunk = 65_536): AsyncGenerator<Uint8Array, void, undefined> {
    const length = Number(await this.len());
    for (let at = 0; at < length; at += chunk) {
      const buffer = new Uint8Array(Math.min(chunk, length - at));
      yield buffer.subarray(0, await this.readInto(buffer, { at }));
    }
  }

  /** Replaces the whole content. */
  async write(content: Content): Promise<void> {
    await this.#do("Write", content);
  }

  /** Writes at the cursor. */
  async writeAt(content: Content): Promise<void> {
    await this.#do("WriteAll", content);
  }

  /** Writes at the end. */
  async append(content: Content): Promise<void> {
    await this.#do("Append", content);
  }

  /** Moves the cursor; returns where it is now, in bytes. */
  async seek(to: SeekFrom): Promise<U64> {
    return payload(this.path, await this.#do({ Seek: to }), "SeekFrom", isPosition).new_offset;
  }

  /** Its length in bytes. */
  async len(): Promise<U64> {
    return payload(this.path, await this.#do("Len"), "Len", isU64);
  }

  /** Cuts or extends with zeros. */
  async setLen(length: U64): Promise<void> {
    await this.#do({ SetLen: length });
  }

  /** Copies it to a path, whose file is replaced. */
  async copy(newPath: string): Promise<void> {
    await this.#do({ CopyFile: { new_path: newPath } });
  }

  /** Kind and length in bytes. */
  async metadata(): Promise<FileMetadata> {
    return payload(this.path, await this.#do("Metadata"), "Metadata", isFileMetadata);
  }

  /** SHA-256 of the content. */
  async hash(): Promise<Uint8Array> {
    return Uint8Array.from(payload(this.path, await this.#do("Hash"), "Hash", isHash));
  }

  /** Settles when everything written is on the disk. */
  async syncAll(): Promise<void> {
    await this.#do("SyncAll");
  }

  /** Ends the use of the cursor; `await using` does it too. */
  async close(): Promise<void> {
    await this.#do("CloseFile");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

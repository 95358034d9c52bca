/// <reference path="./yauzl.d.ts" />
/**
 * Reads zip archives from memory: by their central directory, one entry at a time, inflated outside the thread.
 * The installer uses it through `@kinode-ts/vfs/zip`.
 * @module
 */
import { crc32 } from "node:zlib";
import yauzl, { type Entry, type ZipFile } from "yauzl";
import { DEFAULT_ZIP_LIMITS, type ZipLimits } from "./limits.ts";
import { safeEntryPath, ZipError, type ZipEntry } from "./zip.ts";

export { DEFAULT_ZIP_LIMITS, type ZipLimits } from "./limits.ts";
export { ZipError, type OpenZip, type ZipEntry, type ZipFault } from "./zip.ts";

/** Upper half of the external attributes of entries made on Unix: type bits of the mode. */
const MODE_TYPE = 0o170000;
const MODE_FILE = 0o100000;
const MODE_DIRECTORY = 0o040000;

/**
 * Entries in archive order. Each name, kind and size is checked before anything of it is inflated.
 * @throws {ZipError} at the first entry that is not taken
 */
export async function* openZip(bytes: Uint8Array, limits: ZipLimits): AsyncGenerator<ZipEntry> {
  const zip = await openDirectory(bytes);
  if (zip.entryCount > limits.maxEntryCount) {
    const fault = { count: zip.entryCount, bound: limits.maxEntryCount };
    throw new ZipError({ code: "zip.too-many-entries", ...fault });
  }
  let totalBytes = 0;
  for await (const entry of entriesOf(zip)) {
    const path = checkEntry(entry, limits);
    totalBytes += entry.uncompressedSize;
    if (totalBytes > limits.maxTotalBytes) {
      const fault = { entry: entry.fileName, boundBytes: limits.maxTotalBytes };
      throw new ZipError({ code: "zip.too-large", ...fault });
    }
    if (entry.fileName.endsWith("/")) {
      yield { path, kind: "directory", bytes: new Uint8Array(0) };
    } else yield { path, kind: "file", bytes: await inflate(zip, entry) };
  }
}

/**
 * All entries of an archive, or none.
 * @throws {ZipError}
 */
export async function readZip(
  bytes: Uint8Array,
  limits: ZipLimits = DEFAULT_ZIP_LIMITS,
): Promise<readonly ZipEntry[]> {
  return await Array.fromAsync(openZip(bytes, limits));
}

async function openDirectory(bytes: Uint8Array): Promise<ZipFile> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return await yauzl.fromBufferPromise(buffer);
  } catch (cause) {
    throw new ZipError({ code: "zip.not-a-zip" }, { cause });
  }
}

/** yauzl's own refusals (names, sizes that contradict each other) become ours. */
async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  let last = "";
  const entries = zip.eachEntry()[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Entry>;
    try {
      next = await entries.next();
    } catch (cause) {
      const unsafe = cause instanceof Error && /path|characters/.test(cause.message);
      const code = unsafe ? "zip.unsafe-name" : "zip.damaged";
      throw new ZipError({ code, entry: `after ${last}` }, { cause });
    }
    if (next.done === true) return;
    last = next.value.fileName;
    yield next.value;
  }
}

function checkEntry(entry: Entry, limits: ZipLimits): string {
  const name = entry.fileName;
  const path = safeEntryPath(name);
  if (path === undefined) throw new ZipError({ code: "zip.unsafe-name", entry: name });
  const what = oddity(entry);
  if (what !== undefined) throw new ZipError({ code: "zip.unsupported-entry", entry: name, what });
  if (
    entry.uncompressedSize > limits.ratioFreeBytes &&
    entry.uncompressedSize > entry.compressedSize * limits.maxRatio
  ) {
    throw new ZipError({ code: "zip.ratio", entry: name, bound: limits.maxRatio });
  }
  return path;
}

/** What an entry is when it is neither a file nor a directory that can be unpacked. */
function oddity(entry: Entry): string | undefined {
  if (entry.isEncrypted()) return "encrypted";
  const madeOnUnix = entry.versionMadeBy >>> 8 === 3 || entry.versionMadeBy >>> 8 === 19;
  const type = madeOnUnix ? (entry.externalFileAttributes >>> 16) & MODE_TYPE : 0;
  if (type === 0 || type === MODE_FILE || type === MODE_DIRECTORY) return undefined;
  return type === 0o120000 ? "a symbolic link" : "a special file";
}

async function inflate(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const bytes = new Uint8Array(entry.uncompressedSize);
  let length = 0;
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      bytes.set(piece, length);
      length += piece.length;
    }
  } catch (cause) {
    throw new ZipError({ code: "zip.damaged", entry: entry.fileName }, { cause });
  }
  if (length !== bytes.length || crc32(bytes) !== entry.crc32) {
    throw new ZipError({ code: "zip.damaged", entry: entry.fileName });
  }
  return bytes;
}

/**
 * What processes say to a file transfer, and what two of them say to each other.
 * @module
 */

export interface FileInfo {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** Some bytes of a file; they are the blob of the answer. Past the end there are none. */
export interface ChunkRequest {
  readonly name: string;
  readonly offset: number;
  /** 0 to `CHUNK_MAX`. */
  readonly length: number;
}

/** Comes with each piece: pieces of different contents are not put together. */
export interface ChunkAnswer {
  readonly size: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
}

export interface DownloadRequest {
  readonly name: string;
  /** A node. */
  readonly target: string;
}

export type Stage = "fetching" | "done" | "failed";

export interface Progress extends DownloadRequest {
  /** Whole per cent. */
  readonly progress: number;
  readonly received: number;
  /** Bytes; `null` until the other node has answered. */
  readonly size: number | null;
  readonly stage: Stage;
  /** What holds it up, or why it failed. */
  readonly problem: string | null;
}

export type TransferRequest =
  | { readonly kind: "list"; readonly node: string | undefined }
  | ({ readonly kind: "chunk" } & ChunkRequest)
  | ({ readonly kind: "download" } & DownloadRequest)
  | { readonly kind: "progress" }
  | { readonly kind: "cancel"; readonly name: string };

/**
 * Bytes of a piece. Between nodes of other implementations random bytes take one and a half times their room, and a message
 * has 10 MB at most.
 */
export const CHUNK_MAX = 1024 * 1024;
const NAME_MAX = 128;
const NODE_MAX = 256;
export const PART = ".part";
const FORMS =
  'a request is "ListFiles", {"ListFiles":{"node"}}, {"Download":{"name","target"}}, "Progress", {"Cancel":name} or {"Chunk":{"name","offset","length"}}';

/** The name of a file of a drive, never a path. @throws {RangeError} */
export function checkName(name: unknown): string {
  // oxlint-disable-next-line no-control-regex -- just those must not be in a name
  const isName = typeof name === "string" && /^[^/\\\u0000-\u001f\u007f]+$/.test(name);
  if (isName && name.length <= NAME_MAX && !name.startsWith(".") && !name.endsWith(PART)) {
    return name;
  }
  throw new RangeError(
    `${JSON.stringify(name)?.slice(0, 80)} is no name of a file: 1 to ${NAME_MAX} characters without / and \\, no dot first, no ${PART} last`,
  );
}

/** @throws {RangeError} */
export function checkNode(node: unknown): string {
  if (
    typeof node === "string" &&
    node.length <= NODE_MAX &&
    /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(node)
  ) {
    return node;
  }
  throw new RangeError(
    `${JSON.stringify(node)?.slice(0, 80)} is no name of a node, as bob.local is`,
  );
}

function checkCount(what: string, value: unknown, max: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max) {
    return value as number;
  }
  throw new RangeError(`${what} is a whole number from 0 to ${max}`);
}

/** @throws {TypeError | RangeError} with what is wrong with it */
export function parseRequest(value: unknown): TransferRequest {
  if (value === "ListFiles") return { kind: "list", node: undefined };
  if (value === "Progress") return { kind: "progress" };
  const [name = "", content] = Object.entries((value ?? {}) as object)[0] ?? [];
  const fields = (content ?? {}) as Record<string, unknown>;
  if (name === "ListFiles") return { kind: "list", node: checkNode(fields["node"]) };
  if (name === "Cancel") return { kind: "cancel", name: checkName(content) };
  if (name === "Download") {
    return {
      kind: "download",
      name: checkName(fields["name"]),
      target: checkNode(fields["target"]),
    };
  }
  if (name !== "Chunk") throw new TypeError(FORMS);
  return {
    kind: "chunk",
    name: checkName(fields["name"]),
    offset: checkCount("offset", fields["offset"], Number.MAX_SAFE_INTEGER),
    length: checkCount("length", fields["length"], CHUNK_MAX),
  };
}

/** @throws {TypeError | RangeError} another node said something else */
export function parseChunk(value: unknown): ChunkAnswer {
  const { size, sha256 } = (value as { readonly Chunk: Record<string, unknown> }).Chunk;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new TypeError("an answer to Chunk has a sha256");
  }
  return { size: checkCount("size", size, Number.MAX_SAFE_INTEGER), sha256 };
}

/** Only what this node could ask for. @throws {TypeError} no list of files */
export function parseFiles(value: unknown): FileInfo[] {
  const { ListFiles: files } = value as { readonly ListFiles?: unknown };
  if (!Array.isArray(files)) throw new TypeError("an answer to ListFiles has a list of files");
  return (files as unknown[]).flatMap((each) => {
    try {
      const { name, size } = each as Record<string, unknown>;
      return [{ name: checkName(name), size: checkCount("size", size, Number.MAX_SAFE_INTEGER) }];
    } catch {
      return [];
    }
  });
}

/**
 * Requests to the VFS as a closed union, read from their JSON.
 * Source: spec/runtime-modules.md §2.2; older shapes as §2.8.
 * @module
 */
import { decodeIntegerJson } from "@kinode-ts/codec/integer-json";

export type SeekFrom = { readonly from: "Start" | "End" | "Current"; readonly offset: number };

export type VfsAction =
  | { readonly kind: UnitAction }
  | { readonly kind: "OpenFile"; readonly create: boolean }
  | { readonly kind: "ReadExact"; readonly length: number }
  /** `old`: asked in the shape before v0.10, whose answer is a bare number. */
  | { readonly kind: "Seek"; readonly seek: SeekFrom; readonly old: boolean }
  | { readonly kind: "Rename" | "CopyFile"; readonly newPath: string }
  | { readonly kind: "SetLen"; readonly length: number }
  /** Extensions. `id`: chosen by the process. */
  | { readonly kind: "Watch"; readonly id: number; readonly recursive: boolean }
  | { readonly kind: "Unwatch"; readonly id: number };

const UNIT_ACTIONS = [
  "CreateDrive",
  "CreateDir",
  "CreateDirAll",
  "CreateFile",
  "CloseFile",
  "Write",
  "WriteAll",
  "Append",
  "SyncAll",
  "Read",
  "ReadToEnd",
  "ReadToString",
  "ReadDir",
  "RemoveFile",
  "RemoveDir",
  "RemoveDirAll",
  "Metadata",
  "AddZip",
  "Len",
  "Hash",
  "Usage",
] as const;

export type UnitAction = (typeof UNIT_ACTIONS)[number];

const MAX_WATCH_ID = 0xffff_ffff;

/** Units are the same objects every time. */
const UNITS = new Map<string, VfsAction>(UNIT_ACTIONS.map((kind) => [kind, { kind }]));

export interface VfsRequest {
  readonly path: string;
  readonly action: VfsAction;
}

/** Of a request, which is parsed in one step: two of the longest paths, however they are written. */
const MAX_BODY_BYTES = 1024 * 1024;

/** @returns `undefined` for what is malformed */
export function decodeVfsRequest(body: Uint8Array): VfsRequest | undefined {
  if (body.length > MAX_BODY_BYTES) return undefined;
  let json: unknown;
  try {
    json = decodeIntegerJson(body);
  } catch {
    return undefined;
  }
  if (!isObject(json) || typeof json["path"] !== "string") return undefined;
  const action = readAction(json["action"]);
  return action && { path: json["path"], action };
}

function readAction(json: unknown): VfsAction | undefined {
  if (typeof json === "string") return UNITS.get(json);
  const variant = readVariant(json);
  if (variant === undefined) return undefined;
  const [name, value] = variant;
  switch (name) {
    case "OpenFile":
      return readOpenFile(value);
    case "ReadExact":
      return readReadExact(value);
    case "Seek":
      return readSeek(value);
    case "Rename":
    case "CopyFile":
      return readMove(name, value);
    case "SetLen":
      return isSize(value) ? { kind: "SetLen", length: Number(value) } : undefined;
    case "Watch":
    case "Unwatch":
      return readWatch(name, value);
    default:
      return value === null ? UNITS.get(name) : undefined;
  }
}

function readOpenFile(value: unknown): VfsAction | undefined {
  if (!isObject(value) || typeof value["create"] !== "boolean") return undefined;
  return { kind: "OpenFile", create: value["create"] };
}

function readReadExact(value: unknown): VfsAction | undefined {
  const length = isObject(value) ? value["length"] : value;
  return isSize(length) ? { kind: "ReadExact", length: Number(length) } : undefined;
}

function readSeek(value: unknown): VfsAction | undefined {
  const old = isObject(value) && "seek_from" in value;
  const variant = readVariant(old ? value["seek_from"] : value);
  if (variant === undefined) return undefined;
  const [from, offset] = variant;
  if (from !== "Start" && from !== "End" && from !== "Current") return undefined;
  if (from === "Start" ? !isSize(offset) : !isI64(offset)) return undefined;
  return { kind: "Seek", seek: { from, offset: Number(offset) }, old };
}

function readMove(kind: "Rename" | "CopyFile", value: unknown): VfsAction | undefined {
  if (!isObject(value) || typeof value["new_path"] !== "string") return undefined;
  return { kind, newPath: value["new_path"] };
}

function readWatch(kind: "Watch" | "Unwatch", value: unknown): VfsAction | undefined {
  if (!isObject(value)) return undefined;
  const { watch: id, recursive = null } = value;
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > MAX_WATCH_ID) {
    return undefined;
  }
  if (kind === "Unwatch") return { kind, id };
  if (recursive !== null && typeof recursive !== "boolean") return undefined;
  return { kind, id, recursive: recursive ?? false };
}

/** An enum value with content: an object of exactly one key. */
function readVariant(json: unknown): readonly [string, unknown] | undefined {
  if (!isObject(json)) return undefined;
  const entries = Object.entries(json);
  return entries.length === 1 ? entries[0] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A u64. Beyond 2^53 the exact value does not matter: no file is that long, every bound refuses it. */
function isSize(value: unknown): value is number | bigint {
  return typeof value === "bigint"
    ? value >= 0n && value < 1n << 64n
    : Number.isInteger(value) && (value as number) >= 0;
}

function isI64(value: unknown): value is number | bigint {
  return typeof value === "bigint"
    ? value >= -(1n << 63n) && value < 1n << 63n
    : Number.isInteger(value);
}

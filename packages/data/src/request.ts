/**
 * The envelope of requests to databases: whose, which, and what to do.
 * Source: spec/runtime-modules.md §1.3, §3.1, §4.1.
 * @module
 */
import { decodeIntegerJson } from "@kinode-ts/codec/integer-json";
import { readVariant } from "@kinode-ts/codec/module-json";
import { isNameSafePackageId, type PackageId } from "@kinode-ts/types";
import { DataError } from "./errors.ts";

/** A database by its owner and name. */
export interface DatabaseKey {
  readonly packageId: PackageId;
  readonly name: string;
  /** The owner as it is written on the wire. */
  readonly wire: { readonly package_name: string; readonly publisher_node: string };
  /** Equal for equal databases. */
  readonly text: string;
}

export interface DataRequest {
  readonly key: DatabaseKey;
  readonly action: string;
  readonly value: unknown;
}

/** Longest name of a database in bytes: it becomes one segment of a path. */
const MAX_NAME_BYTES = 200;

/** Of a request, which is parsed in one step: a statement of SQL may have 1 MiB, and some of it may be escaped. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** A single plain path segment (§3.5 row 1): nothing that could lead elsewhere, and nothing a file system may refuse. */
function isPlainName(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || code === 0x2f || code === 0x5c || code === 0x7f) return false;
  }
  return name.isWellFormed() && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/** Keys that were read lately: checking a name takes longer than finding it here. */
const known = new Map<string, DatabaseKey>();
const MAX_KNOWN_COUNT = 1_000;

function readKey(owner: unknown, name: unknown): DatabaseKey | undefined {
  if (typeof owner !== "object" || owner === null || typeof name !== "string") return undefined;
  const { package_name, publisher_node } = owner as Record<string, unknown>;
  if (typeof package_name !== "string" || typeof publisher_node !== "string") return undefined;
  const packageId = `${package_name}:${publisher_node}` as PackageId;
  const text = `${packageId}/${name}`;
  const found = known.get(text);
  // "a:b" with "c" is written like "a" with "b:c"; both would be refused below.
  if (found?.wire.package_name === package_name) return found;
  if (!isNameSafePackageId(packageId) || !isPlainName(name)) return undefined;
  const key = { packageId, name, wire: { package_name, publisher_node }, text };
  if (known.size >= MAX_KNOWN_COUNT) known.clear();
  known.set(text, key);
  return key;
}

/** Reads a request body; `undefined` when it is malformed. @throws {DataError} `data.engine`: it is too long */
export function decodeDataRequest(body: Uint8Array): DataRequest | undefined {
  if (body.length > MAX_BODY_BYTES) {
    const text = `a request of ${body.length} bytes is longer than ${MAX_BODY_BYTES}; pass large values in the blob`;
    throw new DataError({ code: "data.engine", text });
  }
  let json: unknown;
  try {
    json = decodeIntegerJson(body);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { package_id, db, action } = json as Record<string, unknown>;
  const key = readKey(package_id, db);
  const variant = readVariant(action);
  if (key === undefined || variant === undefined) return undefined;
  return { key, action: variant[0], value: variant[1] };
}

/** An array of integers 0–255. */
export function readBytes(json: unknown): Uint8Array | undefined {
  if (!Array.isArray(json)) return undefined;
  const bytes = new Uint8Array(json.length);
  for (let i = 0; i < json.length; i++) {
    const value: unknown = json[i];
    if (typeof value !== "number" || !(value >= 0 && value <= 255)) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

/** A u64 that this node can have minted: below 2^53; larger ones are unknown, not malformed. */
export function readId(json: unknown): number | bigint | undefined {
  if (typeof json === "number" && Number.isSafeInteger(json) && json >= 0) return json;
  return typeof json === "bigint" && json >= 0n && json < 1n << 64n ? json : undefined;
}

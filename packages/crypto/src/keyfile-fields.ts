/**
 * The six fields of a keyfile, still encrypted, from its JSON form or the older bincode form.
 * Source: spec/network-identity.md §4.1.
 * @module
 */
import type { NodeId } from "@kinode-ts/types";
import { CryptoError } from "./errors.ts";

export interface KeyfileFields {
  readonly name: NodeId;
  readonly routers: readonly NodeId[];
  readonly salt: Uint8Array;
  /** Nonce, ciphertext and tag; so are the next two. */
  readonly sealedKey: Uint8Array;
  readonly sealedJwtSecret: Uint8Array;
  readonly sealedFileKey: Uint8Array;
}

/** Nonce and tag of AES-GCM. */
const SEAL_BYTES = 12 + 16;

/** JSON first, then bincode. @throws {CryptoError} `crypto.bad-keyfile` */
export function decodeKeyfileFields(bytes: Uint8Array): KeyfileFields {
  const fields = decodeJson(bytes) ?? decodeBincode(bytes);
  if (fields === undefined) bad("it is neither of the two known forms");
  if (fields.salt.length !== 32) bad(`its salt has ${fields.salt.length} bytes instead of 32`);
  for (const sealed of [fields.sealedKey, fields.sealedJwtSecret, fields.sealedFileKey]) {
    if (sealed.length < SEAL_BYTES) bad("an encrypted field is cut off");
  }
  return fields;
}

function bad(why: string): never {
  throw new CryptoError({ code: "crypto.bad-keyfile", why });
}

function byteArray(value: unknown): Uint8Array | undefined {
  const isByte = (item: unknown) =>
    typeof item === "number" && Number.isInteger(item) && item >= 0 && item <= 255;
  return Array.isArray(value) && value.every(isByte)
    ? Uint8Array.from(value as number[])
    : undefined;
}

function decodeJson(bytes: Uint8Array): KeyfileFields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length !== 6) return undefined;
  const [name, routers, ...rest] = value as unknown[];
  const [salt, sealedKey, sealedJwtSecret, sealedFileKey] = rest.map(byteArray);
  const isText = (item: unknown): item is string => typeof item === "string";
  if (!isText(name) || !Array.isArray(routers) || !routers.every(isText)) return undefined;
  if (!salt || !sealedKey || !sealedJwtSecret || !sealedFileKey) return undefined;
  return { name, routers, salt, sealedKey, sealedJwtSecret, sealedFileKey };
}

/** bincode 1.3: u64 little-endian lengths, raw bytes; trailing bytes are tolerated. */
function decodeBincode(bytes: Uint8Array): KeyfileFields | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const length = (): number => {
    const value = view.getBigUint64(at, true);
    at += 8;
    if (value > BigInt(bytes.length - at)) throw new RangeError("past the end");
    return Number(value);
  };
  const chunk = (): Uint8Array => {
    const count = length();
    at += count;
    return bytes.slice(at - count, at);
  };
  const text = (): string => new TextDecoder("utf-8", { fatal: true }).decode(chunk());
  try {
    const name = text();
    const routers = Array.from({ length: length() }, text);
    const [salt, sealedKey, sealedJwtSecret, sealedFileKey] = [chunk(), chunk(), chunk(), chunk()];
    return { name, routers, salt, sealedKey, sealedJwtSecret, sealedFileKey };
  } catch {
    return undefined;
  }
}

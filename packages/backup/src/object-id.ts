/**
 * Names of things in a repository: the SHA-256 of their bytes, as 64 small hexadecimal digits.
 * @module
 */
import { assertSound } from "./errors.ts";

/** 64 small hexadecimal digits. */
export type ObjectId = string & { readonly __brand: "ObjectId" };

const FORM = /^[0-9a-f]{64}$/;

export function isObjectId(text: unknown): text is ObjectId {
  return typeof text === "string" && FORM.test(text);
}

/** @throws {BackupError} `backup.damaged` with `what` when it is no id */
export function assertObjectId(text: unknown, what: string): ObjectId {
  assertSound(isObjectId(text), what, "an id is not 64 hexadecimal digits");
  return text;
}

/** @param hash - 32 bytes */
export function objectIdOf(hash: Uint8Array): ObjectId {
  return hash.toHex() as ObjectId;
}

/** The 32 bytes of an id. */
export function objectIdBytes(id: ObjectId): Uint8Array {
  return Uint8Array.fromHex(id);
}

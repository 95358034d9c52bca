/**
 * The name of a file's content.
 * @module
 */
import { formatHex, primitives } from "@kinode-ts/crypto";

/** SHA-256 in hexadecimal. */
export function contentHash(bytes: Uint8Array): string {
  return formatHex(primitives.sha256(bytes));
}

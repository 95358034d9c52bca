/**
 * What stands for the password: it opens the keyfile, and the password itself never leaves the browser.
 * Source: spec/network-identity.md §4.1.
 * @module
 */
import { argon2idAsync } from "@noble/hashes/argon2.js";
import { type Hex, toHex } from "@kinode-ts/kimap";

const ARGON2 = { t: 2, m: 19_456, p: 1, dkLen: 32 };
const MIN_SALT_BYTES = 8;

/** Argon2id with the node's name as salt, repeated when it is short. */
export async function hashPassword(password: string, name: string): Promise<Hex> {
  const encoder = new TextEncoder();
  let salt = encoder.encode(name);
  if (salt.length < MIN_SALT_BYTES) {
    salt = encoder.encode(name.repeat(1 + Math.floor(MIN_SALT_BYTES / salt.length)));
  }
  return toHex(await argon2idAsync(encoder.encode(password), salt, ARGON2));
}

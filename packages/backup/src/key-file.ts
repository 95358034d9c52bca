/**
 * Key files: the keys of a repository, sealed with what scrypt makes of a password.
 * Source: restic's design document, "Keys, Encryption and MAC".
 * @module
 */
import type { Random } from "@kinode-ts/types";
import { assertSound, assertWithin } from "./errors.ts";
import { scrypt64, type ScryptCost } from "./host-codec-bun.ts";
import { asRecord, jsonBytes, parseJson } from "./json.ts";
import type { BackupLimits } from "./limits.ts";
import { seal, type SealKeys, unseal } from "./sealing.ts";

export const DEFAULT_SCRYPT: ScryptCost = { N: 32_768, r: 8, p: 5 };
const SALT_BYTES = 64;

/** What a key file says in plain text. */
export interface KeyInfo {
  readonly hostname: string;
  readonly username: string;
  /** RFC 3339. */
  readonly created: string;
}

export interface KeyFile extends KeyInfo, ScryptCost {
  readonly salt: Uint8Array;
  readonly data: Uint8Array;
}

/** Keys of a new repository. */
export function randomKeys(random: Random): SealKeys {
  return { encrypt: random.bytes(32), macK: random.bytes(16), macR: maskR(random.bytes(16)) };
}

/** Poly1305 ignores these bits; stored keys do not have them. */
function maskR(r: Uint8Array): Uint8Array {
  for (const at of [3, 7, 11, 15]) r[at]! &= 15;
  for (const at of [4, 8, 12]) r[at]! &= 252;
  return r;
}

/** The bytes of a new key file for `password`. */
export async function encodeKeyFile(
  keys: SealKeys,
  password: string,
  info: KeyInfo,
  random: Random,
  cost: ScryptCost = DEFAULT_SCRYPT,
): Promise<Uint8Array> {
  const salt = random.bytes(SALT_BYTES);
  const wrap = splitKeys(await scrypt64(password, salt, cost));
  const inner = {
    mac: { k: keys.macK.toBase64(), r: keys.macR.toBase64() },
    encrypt: keys.encrypt.toBase64(),
  };
  const { created, username, hostname } = info;
  const data = seal(wrap, random, jsonBytes(inner)).toBase64();
  const kdf = { kdf: "scrypt", N: cost.N, r: cost.r, p: cost.p };
  return jsonBytes({ created, username, hostname, ...kdf, salt: salt.toBase64(), data });
}

/**
 * Reads a key file without trusting it.
 * @throws {BackupError} `backup.damaged`, or `backup.too-large` when it asks for more work than `limits`
 */
export function decodeKeyFile(bytes: Uint8Array, name: string, limits: BackupLimits): KeyFile {
  const what = `keys/${name}`;
  assertWithin(`${what} in bytes`, bytes.length, limits.maxKeyFileBytes, "maxKeyFileBytes");
  const fields = asRecord(parseJson(bytes, what), what);
  assertSound(fields["kdf"] === "scrypt", what, "its key derivation is not scrypt");
  const [N, r, p] = (["N", "r", "p"] as const).map((name) => fields[name]) as [
    number,
    number,
    number,
  ];
  const whole = [N, r, p].every((value) => Number.isSafeInteger(value) && value > 0);
  assertSound(whole && N > 1 && (N & (N - 1)) === 0, what, "its scrypt parameters are no numbers");
  assertWithin(`memory for ${what}`, 128 * N * r, limits.maxKeyMemoryBytes, "maxKeyMemoryBytes");
  assertWithin(`work for ${what}`, N * r * p, limits.maxKeyWork, "maxKeyWork");
  const salt = base64(fields["salt"], what);
  const data = base64(fields["data"], what);
  const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, 256) : "");
  const info = { hostname: text(fields["hostname"]), username: text(fields["username"]) };
  return { ...info, created: text(fields["created"]), N, r, p, salt, data };
}

/**
 * The repository's keys; `undefined` when the password is another one.
 * @throws {BackupError} `backup.damaged` the password opens it and there is nothing sensible inside
 */
export async function openKeyFile(file: KeyFile, password: string): Promise<SealKeys | undefined> {
  const inner = unseal(splitKeys(await scrypt64(password, file.salt, file)), file.data);
  if (inner === undefined) return undefined;
  const what = "the content of a key file";
  const fields = asRecord(parseJson(inner, what), what);
  const mac = asRecord(fields["mac"], what);
  const encrypt = base64(fields["encrypt"], what);
  const [macK, macR] = [base64(mac["k"], what), base64(mac["r"], what)];
  const fits = encrypt.length === 32 && macK.length === 16 && macR.length === 16;
  assertSound(fits, what, "its keys have the wrong length");
  return { encrypt, macK, macR };
}

function splitKeys(bytes: Uint8Array): SealKeys {
  return { encrypt: bytes.slice(0, 32), macK: bytes.slice(32, 48), macR: bytes.slice(48, 64) };
}

function base64(value: unknown, what: string): Uint8Array {
  try {
    if (typeof value === "string") return Uint8Array.fromBase64(value);
  } catch {
    // Said below.
  }
  assertSound(false, what, "a field is no base64");
}

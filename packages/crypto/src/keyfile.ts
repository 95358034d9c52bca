/**
 * The file `.keys`: a node's name, routers and secrets, encrypted with a key derived from the password.
 * Source: spec/network-identity.md §4.1; the same bytes as existing nodes write and read.
 * @module
 */
import type { NodeId, Random } from "@kinode-ts/types";
import { primitives } from "#primitives";
import { CryptoError } from "./errors.ts";
import { formatHex } from "./hex.ts";
import { decodeKeyfileFields, type KeyfileFields } from "./keyfile-fields.ts";
import { decodePkcs8, encodePkcs8 } from "./node-signer.ts";

const NONCE_BYTES = 12;
const SALT_BYTES = 32;
const PBKDF2_ROUNDS = 1_000_000;
const ARGON2 = { memoryKiB: 19_456, passes: 2, lanes: 1 } as const;
const ARGON2_MIN_SALT_BYTES = 8;

/** What a keyfile holds, in the clear. */
export interface Keyfile {
  readonly name: NodeId;
  /** Empty: a direct node. */
  readonly routers: readonly NodeId[];
  /** Ed25519 seed of the networking key, 32 bytes. */
  readonly networkingSeed: Uint8Array;
  /** HMAC key of login tokens; 32 bytes when written by us, any length when read. */
  readonly jwtSecret: Uint8Array;
  /** 32 bytes, stored and otherwise unused. */
  readonly fileKey: Uint8Array;
}

/**
 * What a browser sends instead of the password: `0x` and 64 hex digits.
 * The salt is the node's name, repeated when shorter than the 8 bytes Argon2 needs.
 */
export async function hashPassword(password: string, name: NodeId): Promise<string> {
  const encoder = new TextEncoder();
  let salt = encoder.encode(name);
  if (salt.length < ARGON2_MIN_SALT_BYTES) {
    salt = encoder.encode(name.repeat(1 + Math.floor(ARGON2_MIN_SALT_BYTES / salt.length)));
  }
  return `0x${formatHex(await primitives.argon2id(encoder.encode(password), salt, ARGON2))}`;
}

/** PBKDF2 over the *text* of the hash, not its bytes. */
function diskKey(passwordHash: string, salt: Uint8Array): Promise<Uint8Array> {
  return primitives.pbkdf2Sha256(new TextEncoder().encode(passwordHash), salt, PBKDF2_ROUNDS);
}

/**
 * The bytes of `.keys`.
 * @param passwordHash - of `hashPassword`; opaque text here
 */
export async function encodeKeyfile(
  keyfile: Keyfile,
  passwordHash: string,
  random: Pick<Random, "bytes">,
): Promise<Uint8Array> {
  const salt = random.bytes(SALT_BYTES);
  const key = await diskKey(passwordHash, salt);
  const seal = (plaintext: Uint8Array): number[] => {
    const nonce = random.bytes(NONCE_BYTES);
    return [...nonce, ...primitives.aes256GcmSeal(key, nonce, plaintext)];
  };
  const array = [
    keyfile.name,
    keyfile.routers,
    [...salt],
    seal(encodePkcs8(keyfile.networkingSeed)),
    seal(keyfile.jwtSecret),
    seal(keyfile.fileKey),
  ];
  return new TextEncoder().encode(JSON.stringify(array));
}

/**
 * Opens a keyfile of the JSON or the older binary form.
 * @throws {CryptoError} `crypto.bad-keyfile`, `crypto.wrong-password`
 */
export async function decodeKeyfile(bytes: Uint8Array, passwordHash: string): Promise<Keyfile> {
  const fields = decodeKeyfileFields(bytes);
  const key = await diskKey(passwordHash, fields.salt);
  return {
    name: fields.name,
    routers: fields.routers,
    networkingSeed: decodePkcs8(open(key, fields.sealedKey)),
    jwtSecret: open(key, fields.sealedJwtSecret),
    fileKey: open(key, fields.sealedFileKey),
  };
}

/** The node's name and routers, which are not encrypted. @throws {CryptoError} `crypto.bad-keyfile` */
export function readKeyfileName(bytes: Uint8Array): Pick<KeyfileFields, "name" | "routers"> {
  const { name, routers } = decodeKeyfileFields(bytes);
  return { name, routers };
}

function open(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const opened = primitives.aes256GcmOpen(
    key,
    sealed.subarray(0, NONCE_BYTES),
    sealed.subarray(NONCE_BYTES),
  );
  if (opened === undefined) {
    throw new CryptoError(
      { code: "crypto.wrong-password" },
      "Passwords are bound to the node's name",
    );
  }
  return opened;
}

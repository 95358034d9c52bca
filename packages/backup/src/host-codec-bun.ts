/**
 * What the host computes natively: SHA-256, AES, scrypt, zstd. Pure functions, the same answers everywhere.
 * @module
 */
import { createCipheriv, createHash, scrypt } from "node:crypto";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

export function sha256(bytes: Uint8Array): Uint8Array {
  return plain(createHash("sha256").update(bytes).digest());
}

/** AES-256 in counter mode; the same function both ways. @param iv - 16 bytes, the first counter */
export function aes256Ctr(key: Uint8Array, iv: Uint8Array, bytes: Uint8Array): Uint8Array {
  return plain(createCipheriv("aes-256-ctr", key, iv).update(bytes));
}

/** One block. @param key - 16 bytes @param block - 16 bytes */
export function aes128Block(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-ecb", key, null);
  cipher.setAutoPadding(false);
  return plain(cipher.update(block));
}

export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 64 bytes of key, made on another thread. Costs 128 · N · r bytes of memory. */
export function scrypt64(
  password: string,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
): Promise<Uint8Array> {
  const maxmem = 128 * r * (N + p + 2) + (1 << 20);
  return new Promise((resolve, reject) => {
    scrypt(Buffer.from(password, "utf8"), salt, 64, { N, r, p, maxmem }, (error, key) => {
      // NOTE: the host says "no error" in two ways.
      if (error instanceof Error) reject(error);
      else resolve(plain(key));
    });
  });
}

const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

export function compress(bytes: Uint8Array): Uint8Array {
  return plain(zstdCompressSync(bytes, COMPRESSION));
}

/** `undefined` when it is no zstd, or gives more than `maxBytes`. */
export function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined {
  try {
    return plain(zstdDecompressSync(bytes, { maxOutputLength: Math.max(maxBytes, 1) }));
  } catch {
    return undefined;
  }
}

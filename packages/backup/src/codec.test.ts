import { expect, setDefaultTimeout, test } from "bun:test";
import { createSeededRandom } from "@kinode-ts/testing";
import { poly1305 } from "@noble/ciphers/_poly1305.js";
import fc from "fast-check";
import { createChunker } from "./chunker.ts";
import { aes128Block } from "./host-codec-bun.ts";
import { isIrreducible, parsePolynomial, randomPolynomial } from "./polynomial.ts";
import { poly1305Aes, seal, unseal } from "./sealing.ts";
import { randomKeys } from "./key-file.ts";
import { createRecoveryKey, parseRecoveryKey } from "./recovery-key.ts";

// Small machines are slow; what hangs still ends.
setDefaultTimeout(60_000);

const keys = randomKeys(createSeededRandom(7));

test("the tag is Poly1305 with the masked r and AES of the nonce, for every length", () => {
  const random = createSeededRandom(1);
  for (const length of [0, 1, 15, 16, 17, 31, 64, 1_000, 262_143, 262_144, 262_145, 600_001]) {
    const [nonce, bytes] = [random.bytes(16), random.bytes(length)];
    const key = new Uint8Array([...keys.macR, ...aes128Block(keys.macK, nonce)]);
    expect(poly1305Aes(keys, nonce, bytes)).toEqual(poly1305(bytes, key));
  }
});

test("the tag is right where additions carry through all limbs", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.boolean(),
      (bytes, macR, isFull) => {
        const message = isFull ? bytes.fill(255) : bytes;
        const nonce = new Uint8Array(16);
        const key = new Uint8Array([...macR, ...aes128Block(keys.macK, nonce)]);
        const found = poly1305Aes({ macK: keys.macK, macR }, nonce, message);
        expect(found).toEqual(poly1305(message, key));
      },
    ),
  );
});

test("sealed bytes open with the same keys, and not after any change", () => {
  const random = createSeededRandom(2);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (content, at) => {
      const sealed = seal(keys, random, content);
      expect(sealed.length).toBe(content.length + 32);
      expect(unseal(keys, sealed)).toEqual(content);
      sealed[at % sealed.length]! ^= 1 + (at % 255);
      expect(unseal(keys, sealed)).toBeUndefined();
      expect(unseal(randomKeys(random), seal(keys, random, content))).toBeUndefined();
    }),
  );
  expect(unseal(keys, new Uint8Array(31))).toBeUndefined();
});

test("polynomials are irreducible, and only those are taken", () => {
  const random = createSeededRandom(3);
  for (let i = 0; i < 5; i++) {
    const polynomial = randomPolynomial(random);
    expect(parsePolynomial(polynomial.toString(16))).toBe(polynomial);
  }
  expect(isIrreducible(0b111n)).toBe(true);
  expect(isIrreducible(0b101n)).toBe(false); // (x + 1)²
  for (const bad of ["", "0", "1", "zz", "3da3358b4dc172", "7", "25b468838dcb7500", 5, undefined]) {
    expect(() => parsePolynomial(bad)).toThrow("chunker_polynomial");
  }
});

/** The definition, a byte at a time with big numbers. */
function slowCuts(polynomial: bigint, bytes: Uint8Array): number[] {
  const reduce = (value: bigint): bigint => {
    let rest = value;
    for (let bit = 62n; bit >= 53n; bit--)
      if ((rest >> bit) & 1n) rest ^= polynomial << (bit - 53n);
    return rest;
  };
  const ends: number[] = [];
  let window = [...new Array<number>(63).fill(0), 1];
  let count = 0;
  for (const [at, byte] of bytes.entries()) {
    count++;
    if (count > 524_288 - 64) window = [...window.slice(1), byte];
    if (count < 524_288) continue;
    const digest = window.reduce((hash, item) => reduce((hash << 8n) | BigInt(item)), 0n);
    if ((digest & 0xfffffn) !== 0n && count < 8_388_608) continue;
    ends.push(at + 1);
    window = [...new Array<number>(63).fill(0), 1];
    count = 0;
  }
  return ends;
}

test("chunks end where the fingerprint of the last 64 bytes says", () => {
  const polynomial = 0x3da3358b4dc173n;
  const bytes = new Uint8Array(530_000);
  bytes.set(createSeededRandom(5).bytes(6_000), 524_000);
  const chunker = createChunker(polynomial);
  expect(chunker.cuts(chunker.start(), bytes)).toEqual(slowCuts(polynomial, bytes));
});

test("chunks are the same however the bytes arrive, and keep the bounds", () => {
  const bytes = createSeededRandom(4).bytes(6_000_000);
  const chunker = createChunker(0x3da3358b4dc173n);
  const whole = chunker.cuts(chunker.start(), bytes);
  expect(whole.length).toBeGreaterThan(1);
  const lengths = whole.map((end, i) => end - (whole[i - 1] ?? 0));
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(524_288);
  const [a, b] = [chunker.start(), chunker.start()];
  const ends: number[] = [];
  const random = createSeededRandom(6);
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random.below(400_000);
    const found = chunker.cuts(a, bytes.subarray(at, at + length));
    ends.push(...found.map((end) => at + end));
    chunker.cuts(b, random.bytes(1_000)); // another stream in between
    at += length;
  }
  expect(ends).toEqual(whole);
});

test("content without a place to cut is cut at 8 MiB", () => {
  const chunker = createChunker(0x3da3358b4dc173n);
  const ends = chunker.cuts(chunker.start(), new Uint8Array(17 << 20).fill(255));
  expect(ends.every((end) => end === ends[0]! * (ends.indexOf(end) + 1))).toBe(true);
  expect(ends[0]).toBeLessThanOrEqual(8 << 20);
});

test("a recovery key is understood as people type it, and a wrong letter is noticed", () => {
  const random = createSeededRandom(8);
  for (let i = 0; i < 50; i++) {
    const key = createRecoveryKey(random);
    expect(key).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}$/);
    const typed = key.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l");
    expect(parseRecoveryKey(` ${typed}\n`)).toBe(key);
    const at = key[3] === "7" ? "8" : "7";
    expect(() => parseRecoveryKey(key.slice(0, 3) + at + key.slice(4))).toThrow("do not fit");
  }
  expect(() => parseRecoveryKey("ABC")).toThrow("3 letters");
  expect(() => parseRecoveryKey("U".repeat(30))).toThrow('"U" does not occur');
});

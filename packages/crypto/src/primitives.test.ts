import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CryptoError } from "./errors.ts";
import { formatHex, parseHex } from "./hex.ts";
import { primitives as native } from "./primitives-bun.ts";
import { primitives as noble } from "./primitives-noble.ts";
import type { Primitives } from "./primitives.ts";

const bytes = (hex: string): Uint8Array => {
  const parsed = parseHex(hex);
  if (parsed === undefined) throw new TypeError(`not hex: ${hex}`);
  return parsed;
};
const utf8 = (text: string) => new TextEncoder().encode(text);
const any = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });

describe.each([
  ["native", native],
  ["plain", noble],
] as [string, Primitives][])("%s primitives", (_, p) => {
  test("Ed25519 reproduces RFC 8032 test 2", () => {
    const seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    const publicKey = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const signature =
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    expect(formatHex(p.ed25519PublicKey(seed))).toBe(publicKey);
    expect(formatHex(p.ed25519Sign(seed, bytes("72")))).toBe(signature);
    expect(p.ed25519Verify(bytes(publicKey), bytes("72"), bytes(signature))).toBe(true);
    expect(p.ed25519Verify(bytes(publicKey), bytes("73"), bytes(signature))).toBe(false);
    expect(p.ed25519Verify(bytes(publicKey), bytes("72"), bytes("00"))).toBe(false);
    expect(p.ed25519Verify(new Uint8Array(31), bytes("72"), bytes(signature))).toBe(false);
  });

  test("X25519 reproduces RFC 7748 section 6.1 and refuses a low-order key", () => {
    const alice = bytes("77076d0a7318a57d3c16c17251b26645df1c8c8c1f04f3c3b9e9f2f0d0b2b5c9");
    const bob = bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    const bobPublic = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
    expect(formatHex(p.x25519PublicKey(bob))).toBe(bobPublic);
    const shared = p.x25519(alice, bytes(bobPublic));
    expect(formatHex(shared)).toBe(formatHex(p.x25519(bob, p.x25519PublicKey(alice))));
    expect(() => p.x25519(alice, new Uint8Array(32))).toThrow(CryptoError);
  });

  test("hashes reproduce published digests", () => {
    expect(formatHex(p.sha256(utf8("abc")))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    expect(formatHex(p.blake2s(utf8("abc")))).toBe(
      "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
    );
    expect(formatHex(p.keccak256(new Uint8Array()))).toBe(
      "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    );
    expect(formatHex(p.hmacSha256(utf8("Jefe"), utf8("what do ya want for nothing?")))).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });

  test("HKDF reproduces RFC 5869 test case 1", () => {
    const key = p.hkdfSha256(
      bytes("0b".repeat(22)),
      bytes("000102030405060708090a0b0c"),
      bytes("f0f1f2f3f4f5f6f7f8f9"),
      42,
    );
    expect(formatHex(key)).toBe(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
  });

  test("ChaCha20-Poly1305 seals into a place, and only where there is room", () => {
    const [key, nonce, text] = [new Uint8Array(32).fill(1), new Uint8Array(12), utf8("hello")];
    const target = new Uint8Array(5 + 16 + 4);
    p.chacha20Poly1305SealInto(key, nonce, text, target, 3);
    const sealed = p.chacha20Poly1305Seal(key, nonce, text, utf8(""));
    expect([...target.slice(3, 24)]).toEqual([...sealed]);
    expect([...target.slice(0, 3), target[24]]).toEqual([0, 0, 0, 0]);
    const tooFar = (): void => p.chacha20Poly1305SealInto(key, nonce, text, target, 5);
    expect(tooFar).toThrow(CryptoError);
  });

  test("ChaCha20-Poly1305 reproduces RFC 8439 section 2.8.2", () => {
    const key = bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    const nonce = bytes("070000004041424344454647");
    const data = bytes("50515253c0c1c2c3c4c5c6c7");
    const text = utf8(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    const sealed = p.chacha20Poly1305Seal(key, nonce, text, data);
    expect(formatHex(sealed.slice(-16))).toBe("1ae10b594f09e26a7e902ecbd0600691");
    expect(p.chacha20Poly1305Open(key, nonce, sealed, data)).toEqual(text);
    sealed[0]! ^= 1;
    expect(p.chacha20Poly1305Open(key, nonce, sealed, data)).toBeUndefined();
  });

  test("PBKDF2 reproduces the published SHA-256 vector", async () => {
    const key = await p.pbkdf2Sha256(utf8("password"), utf8("salt"), 4096);
    expect(formatHex(key)).toBe("c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
  });

  test("a key or nonce of the wrong length is refused with its name and length", () => {
    const key = new Uint8Array(31);
    const nonce = new Uint8Array(12);
    expect(() => p.aes256GcmSeal(key, nonce, key)).toThrow('"key" expected 32 bytes, got 31');
    expect(() => p.ed25519Sign(key, nonce)).toThrow('"seed" expected 32 bytes, got 31');
  });
});

test("both implementations give the same answers", async () => {
  fc.assert(
    fc.property(any(32, 32), any(12, 12), any(0, 300), any(0, 40), (key, nonce, data, extra) => {
      expect(native.ed25519Sign(key, data)).toEqual(noble.ed25519Sign(key, data));
      expect(native.x25519PublicKey(key)).toEqual(noble.x25519PublicKey(key));
      for (const hash of ["sha256", "blake2s", "keccak256"] as const) {
        expect(native[hash](data)).toEqual(noble[hash](data));
      }
      expect(native.hmacBlake2s(extra, data)).toEqual(noble.hmacBlake2s(extra, data));
      expect(native.hkdfSha256(key, extra, data, 64)).toEqual(
        noble.hkdfSha256(key, extra, data, 64),
      );
      const sealed = native.aes256GcmSeal(key, nonce, data);
      expect(sealed).toEqual(noble.aes256GcmSeal(key, nonce, data));
      expect(noble.aes256GcmOpen(key, nonce, sealed)).toEqual(data);
      sealed[sealed.length - 1]! ^= 1;
      expect(native.aes256GcmOpen(key, nonce, sealed)).toBeUndefined();
    }),
    { numRuns: 50, seed: 1 },
  );
  const options = { memoryKiB: 64, passes: 2, lanes: 1 };
  const salt = utf8("some salt");
  expect(await native.argon2id(utf8("pw"), salt, options)).toEqual(
    await noble.argon2id(utf8("pw"), salt, options),
  );
});

test("ChaCha20-Poly1305: both implementations agree at every length, and refuse any changed bit", () => {
  const lengths = [
    ...Array.from({ length: 400 }, (_, length) => length),
    ...[1_023, 1_024, 4_095, 65_503, 65_519, 65_520, 65_535, 65_536, 65_537, 70_000],
  ];
  for (const length of lengths) {
    const at = (seed: number, count: number) =>
      new Uint8Array(count).map((_, index) => (index * 31 + seed * 7 + length) & 0xff);
    const [key, nonce, data, text] = [at(1, 32), at(2, 12), at(3, length % 70), at(4, length)];
    const sealed = native.chacha20Poly1305Seal(key, nonce, text, data);
    expect(Buffer.compare(sealed, noble.chacha20Poly1305Seal(key, nonce, text, data))).toBe(0);
    const opened = native.chacha20Poly1305Open(key, nonce, sealed, data)!;
    expect(Buffer.compare(opened, text)).toBe(0);
    sealed[(length * 13) % sealed.length]! ^= 1 << (length % 8);
    expect(native.chacha20Poly1305Open(key, nonce, sealed, data)).toBeUndefined();
  }
  // Limbs at their bounds: all bits set in key and text, and a text of zeros.
  for (const fill of [0x00, 0xff]) {
    const [key, nonce] = [new Uint8Array(32).fill(fill), new Uint8Array(12).fill(fill)];
    const text = new Uint8Array(3_000).fill(fill);
    expect(native.chacha20Poly1305Seal(key, nonce, text, text.subarray(0, 64))).toEqual(
      noble.chacha20Poly1305Seal(key, nonce, text, text.subarray(0, 64)),
    );
  }
});

test("Poly1305: sums at the border of 2^130 - 5 come out as in the plain implementation", () => {
  const any32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const text = fc.array(fc.constantFrom(0x00, 0xff, 0xfb, 0x01), { maxLength: 200 });
  fc.assert(
    fc.property(any32, text, (key, bytes) => {
      const nonce = new Uint8Array(12);
      const sealed = Uint8Array.from([...bytes, ...new Uint8Array(16).fill(0xff)]);
      // A tag that cannot fit, and one that does: both sides say the same.
      expect(native.chacha20Poly1305Open(key, nonce, sealed, utf8(""))).toBeUndefined();
      const good = noble.chacha20Poly1305Seal(key, nonce, Uint8Array.from(bytes), utf8(""));
      expect(native.chacha20Poly1305Open(key, nonce, good, utf8(""))).toEqual(
        Uint8Array.from(bytes),
      );
    }),
    { numRuns: 300 },
  );
});

test("HMAC-BLAKE2s: both implementations agree, for keys of every length", () => {
  for (let length = 0; length < 140; length += 1) {
    const key = new Uint8Array(length).map((_, index) => index * 7 + length);
    expect(native.hmacBlake2s(key, key)).toEqual(noble.hmacBlake2s(key, key));
  }
});

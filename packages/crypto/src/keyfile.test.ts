import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CryptoError } from "./errors.ts";
import { formatHex } from "./hex.ts";
import { signLoginToken, verifyLoginToken } from "./jwt.ts";
import { decodeKeyfile, encodeKeyfile, hashPassword, readKeyfileName } from "./keyfile.ts";
import { createNodeSigner, decodePkcs8, encodePkcs8 } from "./node-signer.ts";
import { primitives } from "./primitives-bun.ts";

// Vectors: spec/network-identity.md, appendix A.6.
const NAME = "alice-node.os";
const PASSWORD = "correct horse";
const HASH = "0x85e554c44b3ba387c0e4a2557ba292beec26837aa00d8374662e6fb4415173fa";
const KEYFILE = {
  name: NAME,
  routers: ["default-router-1.kino"],
  networkingSeed: new Uint8Array(32).fill(1),
  jwtSecret: new Uint8Array(32).fill(0x33),
  fileKey: new Uint8Array(32).fill(0x44),
};
const TOKEN =
  "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VybmFtZSI6ImFsaWNlLW5vZGUub3MiLCJzdWJkb21haW4iOm51bGwsImV4cGlyYXRpb24iOjE3NTE1MDA4MDB9.WC3HkCeJR9zKhRoXLXnhsOhGm3unnv3phGd6fRYSLSM";

/** Salt 00 01 … 1f, then nonces 01×12, 02×12, 03×12. */
function vectorRandom() {
  let calls = 0;
  return {
    bytes(length: number) {
      const call = calls++;
      return call === 0
        ? Uint8Array.from({ length }, (_, i) => i)
        : new Uint8Array(length).fill(call);
    },
  };
}

describe("keyfile", () => {
  test("the password hash is Argon2id over the node's name", async () => {
    expect(await hashPassword(PASSWORD, NAME)).toBe(HASH);
  });

  test("a name shorter than eight bytes still gives a hash", async () => {
    expect(await hashPassword(PASSWORD, "a.b")).toMatch(/^0x[0-9a-f]{64}$/);
  });

  test("[N81] the JSON file is reproduced byte for byte and opened again", async () => {
    const bytes = await encodeKeyfile(KEYFILE, HASH, vectorRandom());
    expect(bytes).toHaveLength(899);
    expect(formatHex(primitives.sha256(bytes))).toBe(
      "9e6c94fbe7108aecc3f07b8771613d8fdbc4232197db519359aec3a46c61e2df",
    );
    expect(await decodeKeyfile(bytes, HASH)).toEqual(KEYFILE);
    expect(readKeyfileName(bytes)).toEqual({ name: NAME, routers: KEYFILE.routers });
    await expect(decodeKeyfile(bytes, HASH.toUpperCase())).rejects.toThrow(
      "does not open this keyfile",
    );
  });

  test("[N79] the file of the vector opens with its password, a wrong one fails on the first field", async () => {
    const bytes = await encodeKeyfile(KEYFILE, HASH, vectorRandom());
    const hash = await hashPassword(PASSWORD, NAME);
    expect((await decodeKeyfile(bytes, hash)).networkingSeed).toEqual(KEYFILE.networkingSeed);
    // The other two fields are sealed with the wrong password, so that only the first can refuse it.
    const wrong = await hashPassword("wrong horse", NAME);
    const sealedWrong = await encodeKeyfile(KEYFILE, wrong, vectorRandom());
    const fields = (file: Uint8Array) => JSON.parse(new TextDecoder().decode(file)) as unknown[];
    const mixed = [...fields(bytes).slice(0, 4), ...fields(sealedWrong).slice(4)];
    const file = new TextEncoder().encode(JSON.stringify(mixed));
    await expect(decodeKeyfile(file, wrong)).rejects.toMatchObject({
      code: "crypto.wrong-password",
    });
    expect(await decodeKeyfile(sealedWrong, wrong)).toEqual(KEYFILE);
  });

  test("[N80] a bincode keyfile is read; the writer emits JSON", async () => {
    const json = await encodeKeyfile(KEYFILE, HASH, vectorRandom());
    const [name, routers, ...fields] = JSON.parse(new TextDecoder().decode(json)) as [
      string,
      string[],
      ...number[][],
    ];
    const u64 = (n: number) => [n & 255, n >> 8, 0, 0, 0, 0, 0, 0];
    const raw = (bytes: ArrayLike<number>) => [...u64(bytes.length), ...Array.from(bytes)];
    const text = (value: string) => raw(new TextEncoder().encode(value));
    const bincode = Uint8Array.from([
      ...text(name),
      ...u64(routers.length),
      ...routers.flatMap(text),
      ...fields.flatMap(raw),
      0, // trailing bytes are tolerated
    ]);
    expect(await decodeKeyfile(bincode, HASH)).toEqual(KEYFILE);
  });

  test("any bytes either open or fail with a CryptoError", () => {
    const parts = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
    );
    fc.assert(
      fc.property(parts, (bytes) => {
        try {
          readKeyfileName(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CryptoError);
        }
      }),
      { numRuns: 2_000, seed: 1 },
    );
  });

  test("[N82] PKCS#8 has the 83-byte form, reads the legacy one and refuses halves that do not match", () => {
    const encoded = encodePkcs8(KEYFILE.networkingSeed);
    expect(formatHex(encoded)).toBe(
      `3051020101300506032b657004220420${"01".repeat(32)}8121008a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c`,
    );
    expect(decodePkcs8(encoded)).toEqual(KEYFILE.networkingSeed);
    const legacy = Uint8Array.from([
      ...encoded.slice(0, 48),
      ...[0xa1, 0x23, 0x03, 0x21, 0x00],
      ...encoded.slice(51),
    ]);
    expect(decodePkcs8(legacy)).toEqual(KEYFILE.networkingSeed);
    encoded[82]! ^= 1;
    expect(() => decodePkcs8(encoded)).toThrow("do not belong together");
    expect(() => decodePkcs8(encoded.slice(0, 48))).toThrow("has 48 bytes instead of 83");
  });

  test("a signer signs with its key and verifies only its own signatures", () => {
    const signer = createNodeSigner(KEYFILE.networkingSeed);
    const message = Uint8Array.of(1, 2, 3);
    expect(signer.verify(message, signer.sign(message))).toBe(true);
    const other = createNodeSigner(new Uint8Array(32).fill(2));
    expect(signer.verify(message, other.sign(message))).toBe(false);
  });
});

describe("login token", () => {
  const claims = { username: NAME, subdomain: null, expiration: 1_751_500_800 };

  test("reproduces the vector and gives the claims back", () => {
    expect(signLoginToken(claims, KEYFILE.jwtSecret)).toBe(TOKEN);
    expect(verifyLoginToken(TOKEN, KEYFILE.jwtSecret)).toEqual(claims);
  });

  test("refuses another secret, a changed text and another algorithm", () => {
    expect(verifyLoginToken(TOKEN, KEYFILE.fileKey)).toBeUndefined();
    expect(verifyLoginToken(`${TOKEN.slice(0, -2)}AA`, KEYFILE.jwtSecret)).toBeUndefined();
    const none = `${btoa('{"alg":"none"}').replaceAll("=", "")}.${TOKEN.split(".")[1]}.`;
    expect(verifyLoginToken(none, KEYFILE.jwtSecret)).toBeUndefined();
    expect(verifyLoginToken("a.b", KEYFILE.jwtSecret)).toBeUndefined();
  });
});

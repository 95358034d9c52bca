import { expect, test } from "bun:test";

test("public names of @kinode-ts/crypto", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "CryptoError",
    "createNodeSigner",
    "createReplaceableSigner",
    "decodeKeyfile",
    "decodePkcs8",
    "encodeKeyfile",
    "encodePkcs8",
    "equalBytes",
    "formatHex",
    "hashPassword",
    "parseHex",
    "primitives",
    "readKeyfileName",
    "signLoginToken",
    "verifyLoginToken",
  ]);
  const { createSystemRandom } = await import("./random-bun.ts");
  const random = createSystemRandom();
  const drawn = new Set(Array.from({ length: 2_000 }, () => random.u64()));
  expect(drawn.size).toBe(2_000);
  expect(random.bytes(32)).not.toEqual(random.bytes(32));
});

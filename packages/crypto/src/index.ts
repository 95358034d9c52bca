/**
 * Keys, signatures, authenticated encryption, hashes and key derivation.
 * @module
 */
export { primitives } from "#primitives";
export { CryptoError, type CryptoFault } from "./errors.ts";
export { equalBytes, formatHex, parseHex } from "./hex.ts";
export { type LoginClaims, signLoginToken, verifyLoginToken } from "./jwt.ts";
export {
  decodeKeyfile,
  encodeKeyfile,
  hashPassword,
  type Keyfile,
  readKeyfileName,
} from "./keyfile.ts";
export {
  createNodeSigner,
  createReplaceableSigner,
  decodePkcs8,
  encodePkcs8,
  type ReplaceableSigner,
} from "./node-signer.ts";
export type { LargeCipher, Primitives } from "./primitives.ts";

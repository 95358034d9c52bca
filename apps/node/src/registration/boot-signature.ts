/**
 * The wallet's signature over what a node is booted with: who signed it.
 * Source: spec/network-identity.md §4.5 (EIP-712).
 * @module
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  type ChainAddress,
  hashBytes,
  type Hex,
  keccak256,
  readHex,
  type RegistryConfig,
  toHex,
} from "@kinode-ts/kimap";

/** What the signature covers. */
export interface BootStatement {
  readonly username: string;
  /** 32 bytes. */
  readonly passwordHash: Uint8Array;
  readonly timestamp: bigint;
  readonly direct: boolean;
  readonly reset: boolean;
}

const ENCODER = new TextEncoder();
const SIGNATURE_BYTES = 65;

const hashText = (text: string): Uint8Array => keccak256(ENCODER.encode(text));

/** Hash of the type. */
export const BOOT_TYPE_HASH: Hex = toHex(
  hashText(
    "Boot(string username,bytes32 password_hash,uint256 timestamp,bool direct,bool reset,uint256 chain_id)",
  ),
);
const DOMAIN_TYPE_HASH = hashText(
  "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
);

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function word(value: bigint | number | boolean | ChainAddress): Uint8Array {
  const digits = BigInt(value).toString(16).padStart(64, "0");
  return Uint8Array.fromHex(digits);
}

/** Which application and chain the statement is for. */
export function domainSeparator(config: RegistryConfig): Uint8Array {
  return keccak256(
    join(
      DOMAIN_TYPE_HASH,
      hashText(config.domainName),
      hashText("1"),
      word(config.chainId),
      word(config.registry),
    ),
  );
}

/** The 32 bytes a wallet signs. The chain is ours: what the request says of it does not count. */
export function bootDigest(statement: BootStatement, config: RegistryConfig): Uint8Array {
  const struct = keccak256(
    join(
      hashBytes(BOOT_TYPE_HASH),
      hashText(statement.username),
      statement.passwordHash,
      word(statement.timestamp),
      word(statement.direct),
      word(statement.reset),
      word(config.chainId),
    ),
  );
  return keccak256(join(Uint8Array.of(0x19, 0x01), domainSeparator(config), struct));
}

/**
 * The address of the wallet that signed.
 * @returns `undefined` when the text is no signature: 65 bytes as hex, the last one 27, 28, 0 or 1
 */
export function recoverSigner(digest: Uint8Array, signature: string): ChainAddress | undefined {
  const bytes = readHex(signature);
  if (bytes?.length !== SIGNATURE_BYTES) return undefined;
  const recovery = bytes[64]! >= 27 ? bytes[64]! - 27 : bytes[64]!;
  if (recovery > 1) return undefined;
  try {
    const key = secp256k1.Signature.fromBytes(bytes.subarray(0, 64), "compact")
      .addRecoveryBit(recovery)
      .recoverPublicKey(digest)
      .toBytes(false);
    return toHex(keccak256(key.subarray(1)).subarray(12));
  } catch {
    // Numbers outside the curve: no signature of anybody.
    return undefined;
  }
}

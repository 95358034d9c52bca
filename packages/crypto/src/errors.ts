/**
 * Faults of this package and the guards that throw them.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type CryptoFault =
  | { code: "crypto.bad-length"; what: string; length: number; expected: number }
  | { code: "crypto.bad-key"; what: string }
  | { code: "crypto.bad-keyfile"; why: string }
  | { code: "crypto.wrong-password" };

/** No message of this class contains a secret. */
export class CryptoError extends KinodeError<CryptoFault> {
  override name = "CryptoError";
  constructor(fault: CryptoFault, hint?: string) {
    super(fault, text(fault), hint === undefined ? {} : { hint });
  }
}

function text(fault: CryptoFault): string {
  switch (fault.code) {
    case "crypto.bad-length":
      return `"${fault.what}" expected ${fault.expected} bytes, got ${fault.length}`;
    case "crypto.bad-key":
      return `Cannot use ${fault.what}: it is not a valid key`;
    case "crypto.bad-keyfile":
      return `Cannot read the keyfile: ${fault.why}`;
    case "crypto.wrong-password":
      return "The password does not open this keyfile";
  }
}

/** Returns `bytes` when it has exactly `expected` bytes. @throws {CryptoError} `crypto.bad-length` */
export function exactly(bytes: Uint8Array, expected: number, what: string): Uint8Array {
  if (bytes.length !== expected) {
    throw new CryptoError({ code: "crypto.bad-length", what, length: bytes.length, expected });
  }
  return bytes;
}

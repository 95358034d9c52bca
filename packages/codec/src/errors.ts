/**
 * Faults of decoding and encoding.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type CodecFault =
  /** The bytes end inside a value, or a count announces more than there is. */
  | { code: "codec.truncated"; offsetBytes: number }
  /** The value at this place is not of the kind that belongs there. */
  | { code: "codec.unexpected"; offsetBytes: number; expected: string; found: string }
  /** A text is not UTF-8. */
  | { code: "codec.bad-utf8"; offsetBytes: number }
  | { code: "codec.too-deep"; offsetBytes: number; maxDepth: number }
  | { code: "codec.too-large"; sizeBytes: number; maxBytes: number }
  /** Structs with a field missing or one too many, unknown variants, bad addresses. */
  | { code: "codec.bad-shape"; what: string; problem: string }
  /** A value that has no form on the wire. */
  | { code: "codec.unencodable"; problem: string };

function factOf(fault: CodecFault): string {
  switch (fault.code) {
    case "codec.truncated":
      return `Cannot decode: the bytes end too early, at byte ${fault.offsetBytes}`;
    case "codec.unexpected":
      return `Cannot decode byte ${fault.offsetBytes}: expected ${fault.expected}, found ${fault.found}`;
    case "codec.bad-utf8":
      return `Cannot decode the text at byte ${fault.offsetBytes}: it is not UTF-8`;
    case "codec.too-deep":
      return `Cannot decode byte ${fault.offsetBytes}: values are nested deeper than ${fault.maxDepth}`;
    case "codec.too-large":
      return `A message of ${fault.sizeBytes} bytes exceeds the limit of ${fault.maxBytes} bytes`;
    case "codec.bad-shape":
      return `Cannot decode ${fault.what}: ${fault.problem}`;
    case "codec.unencodable":
      return `Cannot encode: ${fault.problem}`;
  }
}

/** Bytes that are not what they should be, or a value that cannot become bytes. */
export class CodecError extends KinodeError<CodecFault> {
  override name = "CodecError";
  constructor(fault: CodecFault) {
    super(fault, factOf(fault));
  }
}

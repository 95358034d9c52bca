/**
 * What reading the name registry ends with when it does not succeed.
 * Source: spec/packages-and-tools.md §25.9.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

/** Why the registry could not be read. */
export type KimapErrorCode =
  /** A log of another event. */
  | "UnexpectedTopic"
  /** A label that the registry of today would not take, or that does not fit its hash. */
  | "InvalidName"
  /** Not what the registry writes. */
  | "DecodeError"
  /** The indexer does not know the parent's name. */
  | "UnresolvedParent"
  /** The indexer did not answer in time, or may not be messaged. */
  | "NoAnswer";

type KimapFault = { readonly code: KimapErrorCode; readonly detail: string };

/** The registry, a log of it, or the name index could not be read. */
export class KimapError extends KinodeError<KimapFault> {
  override name = "KimapError";
  constructor(code: KimapErrorCode, detail: string, cause?: unknown) {
    super({ code, detail }, `${code}: ${detail}`, { cause });
  }
}

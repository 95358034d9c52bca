/**
 * A provider did not answer a call as it should. An error that it answers with is an answer.
 * @module
 */

export type RpcFailureKind =
  /** No connection, or one that broke. */
  | "unreachable"
  | "timeout"
  /** What came is no answer to what was asked. */
  | "malformed"
  /** It says that it was asked too often (HTTP 429). */
  | "rate-limited"
  | "wrong-chain";

export class RpcFailure extends Error {
  override name = "RpcFailure";
  readonly kind: RpcFailureKind;
  constructor(kind: RpcFailureKind) {
    super(`The provider failed: ${kind}`);
    this.kind = kind;
  }
}

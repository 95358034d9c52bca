/**
 * What a request ends with when it does not succeed, and the documented JSON of it.
 * Source: spec/network-identity.md §5.1 (EthError).
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type EthFault =
  /** `error` is the text of a JSON-RPC error object. */
  | { readonly code: "eth.rpc-error"; readonly error: string }
  | { readonly code: "eth.malformed-request" }
  | { readonly code: "eth.no-rpc-for-chain" }
  | { readonly code: "eth.subscription-closed"; readonly id: number | bigint }
  | { readonly code: "eth.invalid-method"; readonly method: string }
  | { readonly code: "eth.invalid-params" }
  | { readonly code: "eth.permission-denied" }
  | { readonly code: "eth.rpc-timeout" }
  | { readonly code: "eth.rpc-malformed-response" };

export class EthError extends KinodeError<EthFault> {
  override name = "EthError";
  constructor(fault: EthFault) {
    super(fault, `The request ended with ${errorJson(fault)}`);
  }
}

/** Code that JSON-RPC servers use for "limit exceeded" (EIP-1474). */
export const LIMIT_EXCEEDED = -32_005;

/** The refusal of a request that is one too many. An error that every client knows, also on nodes of the reference kind. */
export function tooMany(what: string): EthError {
  const error = JSON.stringify({ code: LIMIT_EXCEEDED, message: `too many ${what}` });
  return new EthError({ code: "eth.rpc-error", error });
}

/** The text of an EthError as it is on the wire. */
export function errorJson(fault: EthFault): string {
  switch (fault.code) {
    case "eth.rpc-error":
      return `{"RpcError":${fault.error}}`;
    case "eth.subscription-closed":
      return `{"SubscriptionClosed":${fault.id}}`;
    case "eth.invalid-method":
      return JSON.stringify({ InvalidMethod: fault.method });
    case "eth.malformed-request":
      return '"MalformedRequest"';
    case "eth.no-rpc-for-chain":
      return '"NoRpcForChain"';
    case "eth.invalid-params":
      return '"InvalidParams"';
    case "eth.permission-denied":
      return '"PermissionDenied"';
    case "eth.rpc-timeout":
      return '"RpcTimeout"';
    case "eth.rpc-malformed-response":
      return '"RpcMalformedResponse"';
  }
}

/**
 * What a request to a chain ends with when it does not succeed.
 * Source: spec/network-identity.md §5.1 (EthError).
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type EthErrorCode =
  | "RpcError"
  | "MalformedRequest"
  | "NoRpcForChain"
  | "SubscriptionClosed"
  | "InvalidMethod"
  | "InvalidParams"
  | "PermissionDenied"
  | "RpcTimeout"
  | "RpcMalformedResponse"
  | "RateLimited"
  | "SendError"
  | "UnexpectedAnswer";

/** An error object of JSON-RPC, as the provider gave it. */
export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

type EthFault = { readonly code: EthErrorCode; readonly what: string; readonly detail: string };

const HINTS: Partial<Readonly<Record<EthErrorCode, string>>> = {
  NoRpcForChain: "Add a provider of that chain to the node, or start the one that is configured",
  RpcTimeout: "Its providers are slow or gone; try again later",
  PermissionDenied: "The manifest must request the right, and a person must have agreed",
};

/** The node's eth module refused, or could not be reached. `code` is the name of the case on the wire. */
export class EthError extends KinodeError<EthFault> {
  override name = "EthError";
  /** Of the code `RpcError`. */
  readonly rpc: RpcErrorObject | undefined;
  constructor(
    code: EthErrorCode,
    what: string,
    detail: string,
    more: { readonly rpc?: RpcErrorObject | undefined; readonly cause?: unknown } = {},
  ) {
    const text = `${code} for ${what}`;
    const hint = HINTS[code];
    super({ code, what, detail }, detail === "" ? text : `${text}: ${detail}`, {
      ...(hint === undefined ? {} : { hint }),
      cause: more.cause,
    });
    this.rpc = more.rpc;
  }
}

/** Makes the error of an `{"Err": …}`. @param what - was asked for, for a person to read */
export function toEthError(error: unknown, what: string): EthError {
  if (typeof error === "string") return new EthError(error as EthErrorCode, what, "");
  const [code = "UnexpectedAnswer", detail] = Object.entries((error ?? {}) as object)[0] ?? [];
  if (code === "RpcError") {
    const rpc = toRpcError(detail);
    return new EthError("RpcError", what, rpc.message, { rpc });
  }
  const text = typeof detail === "string" ? detail : (JSON.stringify(detail) ?? "");
  return new EthError(code as EthErrorCode, what, text);
}

function toRpcError(detail: unknown): RpcErrorObject {
  const { code, message, data } = (
    typeof detail === "object" && detail !== null ? detail : {}
  ) as Partial<RpcErrorObject>;
  return {
    code: typeof code === "number" ? code : -32_603,
    message: typeof message === "string" ? message : "the provider gave no reason",
    ...(data === undefined ? {} : { data }),
  };
}

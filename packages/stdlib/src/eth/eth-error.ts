/**
 * What a request to a chain ends with when it does not succeed.
 * Source: spec/network-identity.md §5.1 (EthError).
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import { errorCase, isRecord, shownAnswer } from "../module-answer.ts";

const WIRE_CODES = [
  "RpcError",
  "MalformedRequest",
  "NoRpcForChain",
  "SubscriptionClosed",
  "InvalidMethod",
  "InvalidParams",
  "PermissionDenied",
  "RpcTimeout",
  "RpcMalformedResponse",
  "RateLimited",
] as const;

/** Names of the wire; `SendError`: no answer came in time; `UnexpectedAnswer`: what came is none of the module's answers. */
export type EthErrorCode = (typeof WIRE_CODES)[number] | "SendError" | "UnexpectedAnswer";

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
  const { code, detail } = errorCase(error);
  const known = WIRE_CODES.find((each) => each === code);
  if (known === undefined) return new EthError("UnexpectedAnswer", what, shownAnswer(error));
  if (known !== "RpcError") return new EthError(known, what, detail);
  const rpc = toRpcError(isRecord(error) ? error["RpcError"] : undefined);
  return new EthError(known, what, rpc.message, { rpc });
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

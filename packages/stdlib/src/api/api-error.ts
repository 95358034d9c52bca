/**
 * What can go wrong between a caller and the process it calls, besides that the message does not arrive.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

/** Refused with a value, or answered with what the API does not know. */
export type ApiFault =
  | { readonly code: "Refused"; readonly call: string; readonly value: unknown }
  | { readonly code: "UnexpectedAnswer"; readonly call: string; readonly body: string };

/** The other side refused, or its answer is none of those the API knows. */
export class ApiError extends KinodeError<ApiFault> {
  override name = "ApiError";

  /** What it refused with: the payload of `err`, or the whole answer where that is a case of its own. */
  get value(): unknown {
    return this.fault.code === "Refused" ? this.fault.value : undefined;
  }
}

export function refused(call: string, value: unknown): ApiError {
  const text = value === undefined ? "" : `: ${shorten(describe(value))}`;
  return new ApiError({ code: "Refused", call, value }, `"${call}" was refused${text}`);
}

export function unexpectedAnswer(call: string, body: string, cause?: unknown): ApiError {
  return new ApiError(
    { code: "UnexpectedAnswer", call, body },
    `The answer to "${call}" is not what its API says: ${shorten(body)}`,
    { cause, hint: "The other side may have another version of the API" },
  );
}

/** Thrown by a handler or an exported function: the caller gets `value` as its error, typed as the API says. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly value: unknown;
  /** Case of the response that says so. */
  readonly tag: string;
  /** The same as `value`: the error of a `result`, as the component tools for JavaScript call it. */
  readonly payload: unknown;

  constructor(value: unknown, tag = "err") {
    super("The request was refused");
    this.value = value;
    this.payload = value;
    this.tag = tag;
  }
}

function describe(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? `${item}` : item));
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/**
 * What the HTTP client says went wrong.
 * Source: spec/runtime-modules.md §7.1.
 * @module
 */
import { HTTP_CLIENT_PROCESS, KinodeError } from "@kinode-ts/types";
import type { IncomingResponse } from "../message.ts";
import type { Fail, Is } from "../module-answer.ts";
import { askModule, jsonOf, payloadOf, unlessError } from "../module-answer.ts";
import type { RequestOptions } from "../send.ts";

/** Address of the HTTP client of this node. */
export const HTTP_CLIENT = `our@${HTTP_CLIENT_PROCESS}`;

const WIRE_CODES = [
  "MalformedRequest",
  "BadMethod",
  "BadUrl",
  "BadVersion",
  "BuildRequestFailed",
  "ExecuteRequestFailed",
  "WsOpenFailed",
  "WsPushUnknownChannel",
  "WsPushNoBlob",
  "WsPushBadText",
  "WsCloseFailed",
] as const;

/** Names of the wire, and what can happen besides. */
export type HttpClientErrorCode =
  | (typeof WIRE_CODES)[number]
  /** The client did not answer: it is slow, or this process may not message it. */
  | "SendError"
  /** More came than the loop over a web socket took. */
  | "Overflow"
  /** What came is none of the client's answers. */
  | "UnexpectedAnswer";

type HttpClientFault = { readonly code: HttpClientErrorCode; readonly detail: string };

/** The HTTP client refused, or could not be reached. */
export class HttpClientError extends KinodeError<HttpClientFault> {
  override name = "HttpClientError";
  constructor(code: HttpClientErrorCode, what: string, detail = "", cause?: unknown) {
    super({ code, detail }, `Cannot ${what}: ${detail === "" ? code : `${code} (${detail})`}`, {
      cause,
      ...(code === "SendError"
        ? { hint: 'Grant messaging to and from "http-client:distro:sys" in the manifest' }
        : {}),
    });
  }
}

function failAt(what: string): Fail<HttpClientErrorCode> {
  return (code, detail, cause) => new HttpClientError(code, what, detail, cause);
}

/** What stands behind `Ok` in an answer. @throws {HttpClientError} it is an error, or no answer at all */
export function okOf<T>(answer: unknown, isOk: Is<T>, what: string): T {
  const fail = failAt(what);
  return payloadOf(unlessError(answer, WIRE_CODES, fail), "Ok", isOk, fail);
}

/** Sends one action, to which the answer is `{"Ok": …}`. Rejects with an `HttpClientError`. */
export async function clientRequest(
  what: string,
  action: object,
  options: RequestOptions,
): Promise<void> {
  const fail = failAt(what);
  const { value } = await askModule(HTTP_CLIENT, action, options, WIRE_CODES, fail);
  payloadOf(value, "Ok", (_value): _value is unknown => true, fail);
}

/** The body of an answer as JSON. @throws {HttpClientError} it is none */
export function answerJson(message: IncomingResponse, what: string): unknown {
  return jsonOf(message, failAt(what));
}

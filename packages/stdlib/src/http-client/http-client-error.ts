/**
 * What the HTTP client says went wrong.
 * Source: spec/runtime-modules.md §7.1.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type HttpClientErrorCode =
  | "MalformedRequest"
  | "BadMethod"
  | "BadUrl"
  | "BadVersion"
  | "BuildRequestFailed"
  | "ExecuteRequestFailed"
  | "WsOpenFailed"
  | "WsPushUnknownChannel"
  | "WsPushNoBlob"
  | "WsPushBadText"
  | "WsCloseFailed"
  /** The client did not answer: it is slow, or this process may not message it. */
  | "SendError"
  /** More came than the loop over a web socket took. */
  | "Overflow"
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

/** What stands behind `Ok` in an answer. @throws {HttpClientError} it is an error, or no answer at all */
export function okOf(answer: unknown, what: string): unknown {
  const fields = typeof answer === "object" && answer !== null ? answer : {};
  if ("Ok" in fields) return fields.Ok;
  if (!("Err" in fields)) throw new HttpClientError("UnexpectedAnswer", what);
  const error: unknown = fields.Err;
  if (typeof error === "string") throw new HttpClientError(error as HttpClientErrorCode, what);
  const [code = "UnexpectedAnswer", detail] = Object.entries(error ?? {})[0] ?? [];
  const text = typeof detail === "string" ? detail : JSON.stringify(detail ?? "");
  throw new HttpClientError(code as HttpClientErrorCode, what, text);
}

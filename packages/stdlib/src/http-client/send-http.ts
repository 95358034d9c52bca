/**
 * HTTP requests whose answers come to the inbox, and what is in such an answer.
 * Source: spec/packages-and-tools.md §25.8, spec/runtime-modules.md §7.1.
 * @module
 */
import type { BlobLike } from "../blob.ts";
import { toBlob } from "../blob.ts";
import type { Duration } from "../duration.ts";
import type { IncomingResponse } from "../message.ts";
import { hasForm, isRecord } from "../module-answer.ts";
import { send } from "../send.ts";
import { encodeUtf8 } from "../utf8.ts";
import { answerJson, HTTP_CLIENT, okOf } from "./http-client-error.ts";

/** What is sent, and how long its answer may take. */
export interface SendHttpOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: BlobLike | Uint8Array | string | undefined;
  /** The answer or a `SendError` comes within this time. Default 60 s. */
  readonly timeout?: Duration | undefined;
  /** Given back with the answer. */
  readonly context?: Uint8Array | string | undefined;
}

/** An HTTP response, whole. */
export interface HttpAnswer {
  readonly status: number;
  /** Names are capitalised; the last of several values. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

const DEFAULT_TIMEOUT: Duration = "60s";

function blobOf(body: SendHttpOptions["body"]): BlobLike | undefined {
  if (body === undefined) return undefined;
  if (typeof body === "string") return { bytes: encodeUtf8(body) };
  return body instanceof Uint8Array ? { bytes: body } : toBlob(body);
}

async function sendHttp(method: string, url: string, options: SendHttpOptions = {}): Promise<void> {
  const { headers = {}, timeout = DEFAULT_TIMEOUT, context } = options;
  const body = { Http: { method, version: null, url, headers } };
  const blob = blobOf(options.body);
  await send(HTTP_CLIENT, body, { blob, context, expectsResponse: timeout });
}

const isHttp = hasForm<{ Http: Omit<HttpAnswer, "bytes"> }>({
  Http: hasForm<Omit<HttpAnswer, "bytes">>({
    status: (value): value is number => typeof value === "number",
    headers: (value): value is HttpAnswer["headers"] => isRecord(value),
  }),
});

function answerOf(message: IncomingResponse): HttpAnswer {
  const what = "read the answer to an HTTP request";
  const { Http } = okOf(answerJson(message, what), isHttp, what);
  return { ...Http, bytes: message.blob()?.bytes ?? new Uint8Array(0) };
}

/** Requests whose answers come to the inbox: `send` one, and read its answer with `answerOf`. */
export const http = {
  /** Sends; the answer arrives in the inbox, or at `serve`'s `onResponse`. Rejects with what `send` rejects with. */
  send: sendHttp,
  /** Reads such an answer. @throws {HttpClientError} there was no response */
  answerOf,
} as const;

/**
 * Requests to `http-server:distro:sys` and their answers.
 * Source: spec/runtime-modules.md §6.1.
 * @module
 */
import { HTTP_SERVER_PROCESS, KinodeError } from "@kinode-ts/types";
import type { BlobLike } from "../blob.ts";
import type { Duration } from "../duration.ts";
import type { Fail } from "../module-answer.ts";
import { askModule, isRecord, shownAnswer } from "../module-answer.ts";
import type { AbortSignalLike } from "../send.ts";
import { send } from "../send.ts";

export const HTTP_SERVER = `our@${HTTP_SERVER_PROCESS}`;

/** Kinds of web-socket frames. */
export type WsMessageType = "Text" | "Binary" | "Ping" | "Pong" | "Close";

/** Fields of a binding beyond the specification (docs/modules/http-server.md). */
export interface BindOptions {
  readonly stream_request?: boolean;
  readonly head?: boolean;
  readonly file?: { readonly path: string; readonly mime?: string };
  readonly max_body_bytes?: number;
  readonly rate_limit?: {
    readonly per_address?: { readonly requests: number; readonly seconds: number };
    readonly total?: { readonly requests: number; readonly seconds: number };
  };
}

/** Actions of the HTTP server, as they are on the wire. Source: spec/runtime-modules.md §6.1. */
export type HttpServerAction =
  | {
      readonly Bind: {
        readonly path: string;
        readonly authenticated: boolean;
        readonly local_only: boolean;
        readonly cache: boolean;
      } & BindOptions;
    }
  | { readonly SecureBind: { readonly path: string; readonly cache: boolean } & BindOptions }
  | { readonly Unbind: { readonly path: string } }
  | {
      readonly WebSocketBind: {
        readonly path: string;
        readonly authenticated: boolean;
        readonly extension: boolean;
      };
    }
  | { readonly WebSocketSecureBind: { readonly path: string; readonly extension: boolean } }
  | { readonly WebSocketUnbind: { readonly path: string } }
  | {
      readonly WebSocketPush: {
        readonly channel_id: number;
        readonly message_type: WsMessageType;
      };
    }
  | { readonly WebSocketClose: number };

const WIRE_CODES = [
  "MalformedRequest",
  "NoBlob",
  "InvalidSourceProcess",
  "WsPingPongTooLong",
  "WsChannelNotFound",
  "NoReadCap",
  "Timeout",
  "UnexpectedResponse",
] as const;

/**
 * Names of the wire. `Timeout` also stands for no answer at all, `UnexpectedResponse` for one that is none; `UnknownPath` is
 * ours: the path was not bound here.
 */
export type HttpServerErrorCode = (typeof WIRE_CODES)[number] | "UnknownPath";

type HttpServerFault = { readonly code: HttpServerErrorCode; readonly what: string };

/** The HTTP server refused, or could not be reached. */
export class HttpServerError extends KinodeError<HttpServerFault> {
  override name = "HttpServerError";
  constructor(code: HttpServerErrorCode, what: string, detail = "", cause?: unknown) {
    super(
      { code, what },
      `The HTTP server could not ${what}: ${code}${detail === "" ? "" : ` (${detail})`}`,
      code === "Timeout"
        ? {
            cause,
            hint: `Request and grant messaging for "${HTTP_SERVER_PROCESS}" in the manifest`,
          }
        : { cause },
    );
  }
}

/**
 * Sends one action and waits for its answer. Rejects with an `HttpServerError`, or with the reason of a signal that aborts;
 * `what` is for the error's text.
 */
export async function serverRequest(
  action: HttpServerAction,
  what: string,
  options: {
    readonly timeout: Duration;
    readonly blob?: BlobLike | undefined;
    readonly signal?: AbortSignalLike | undefined;
  },
): Promise<void> {
  const fail: Fail<HttpServerErrorCode> = (code, detail, cause) =>
    new HttpServerError(OWN_NAMES[code] ?? (code as HttpServerErrorCode), what, detail, cause);
  const { value } = await askModule(HTTP_SERVER, action, options, WIRE_CODES, fail);
  if (!isRecord(value) || !Object.hasOwn(value, "Ok")) {
    throw fail("UnexpectedAnswer", shownAnswer(value));
  }
}

const OWN_NAMES: Readonly<Record<string, HttpServerErrorCode>> = {
  SendError: "Timeout",
  UnexpectedAnswer: "UnexpectedResponse",
};

/** Sends a web socket frame; what becomes of it is not reported. */
export async function sendWsPush(
  channelId: number,
  type: WsMessageType,
  data: BlobLike,
): Promise<void> {
  const push = { channel_id: channelId, message_type: type };
  await send(HTTP_SERVER, { WebSocketPush: push }, { blob: data });
}

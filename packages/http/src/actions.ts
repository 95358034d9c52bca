/**
 * What processes ask of the HTTP server, as a closed union read from JSON.
 * Source: spec/runtime-modules.md §6.1.
 * @module
 */
import { decodeIntegerJson } from "@kinode-ts/codec/integer-json";
import { readUnit } from "@kinode-ts/codec/module-json";
import { type BindOptions, readBindOptions } from "./bind-options.ts";
import { type BodyAction, isBodyActionName, readBodyAction } from "./body-streams/index.ts";

export type FrameType = "Text" | "Binary" | "Ping" | "Pong" | "Close";
export type ReplyType = "Request" | "Response";

export type HttpAction =
  | {
      readonly kind: "Bind";
      readonly path: string;
      readonly authenticated: boolean;
      readonly localOnly: boolean;
      readonly cache: boolean;
      readonly options: BindOptions;
    }
  | {
      readonly kind: "SecureBind";
      readonly path: string;
      readonly cache: boolean;
      readonly options: BindOptions;
    }
  | { readonly kind: "Unbind" | "WebSocketUnbind"; readonly path: string }
  | {
      readonly kind: "WebSocketBind";
      readonly path: string;
      readonly authenticated: boolean;
      readonly extension: boolean;
    }
  | { readonly kind: "WebSocketSecureBind"; readonly path: string; readonly extension: boolean }
  | { readonly kind: "WebSocketPush"; readonly channelId: number; readonly type: FrameType }
  | {
      readonly kind: "WebSocketExtPushOutgoing";
      readonly channelId: number;
      readonly type: FrameType;
      readonly replyType: ReplyType;
    }
  | { readonly kind: "WebSocketClose"; readonly channelId: number }
  | BodyAction;

export type HttpErrorName =
  | "MalformedRequest"
  | "NoBlob"
  | "InvalidSourceProcess"
  | "WsPingPongTooLong"
  | "WsChannelNotFound"
  /** A file to serve that the process may not read; an extension. */
  | "NoReadCap";

type Fields = Readonly<Record<string, unknown>>;

/** @returns `undefined` for what is malformed, also for the actions only the server itself sends */
export function decodeHttpAction(body: Uint8Array): HttpAction | undefined {
  try {
    return readHttpAction(decodeIntegerJson(body));
  } catch {
    return undefined;
  }
}

/** Whether this is an action of the protocol, one that the server sends to apps included; extensions of ours are none. */
export function isServerAction(json: unknown): boolean {
  const open = isFields(json) ? json["WebSocketOpen"] : undefined;
  if (isFields(open)) return typeof open["path"] === "string" && isChannelId(open["channel_id"]);
  const action = readHttpAction(json);
  return action !== undefined && !("stream" in action);
}

function readHttpAction(json: unknown): HttpAction | undefined {
  if (!isFields(json)) return undefined;
  const entries = Object.entries(json);
  const [name, value] = entries[0] ?? [];
  if (entries.length !== 1) return undefined;
  if (name === "WebSocketClose") {
    return isChannelId(value) ? { kind: name, channelId: value } : undefined;
  }
  if (isBodyActionName(name)) return readBodyAction(name, value);
  return isFields(value) ? readFields(name, value) : undefined;
}

function readFields(name: string | undefined, fields: Fields): HttpAction | undefined {
  switch (name) {
    case "Bind":
    case "SecureBind":
    case "Unbind":
    case "WebSocketUnbind":
    case "WebSocketBind":
    case "WebSocketSecureBind":
      return readPathAction(name, fields);
    case "WebSocketPush":
    case "WebSocketExtPushOutgoing":
      return readPush(name, fields);
    default:
      return undefined;
  }
}

type PathActionName = Extract<HttpAction, { path: string }>["kind"];

function readPathAction(kind: PathActionName, fields: Fields): HttpAction | undefined {
  const { path, authenticated, local_only: localOnly, cache, extension } = fields;
  if (typeof path !== "string" || !path.isWellFormed()) return undefined;
  switch (kind) {
    case "Unbind":
    case "WebSocketUnbind":
      return { kind, path };
    case "Bind": {
      const options = readBindOptions(fields);
      return isFlag(authenticated) && isFlag(localOnly) && isFlag(cache) && options !== undefined
        ? { kind, path, authenticated, localOnly, cache, options }
        : undefined;
    }
    case "SecureBind": {
      const options = readBindOptions(fields);
      return isFlag(cache) && options !== undefined ? { kind, path, cache, options } : undefined;
    }
    case "WebSocketBind":
      return isFlag(authenticated) && isFlag(extension)
        ? { kind, path, authenticated, extension }
        : undefined;
    case "WebSocketSecureBind":
      return isFlag(extension) ? { kind, path, extension } : undefined;
  }
}

function readPush(
  kind: "WebSocketPush" | "WebSocketExtPushOutgoing",
  fields: Fields,
): HttpAction | undefined {
  const channelId = fields["channel_id"];
  const type = readUnit(fields["message_type"]);
  if (!isChannelId(channelId) || !isFrameType(type)) return undefined;
  if (kind === "WebSocketPush") return { kind, channelId, type };
  const replyType = readUnit(fields["desired_reply_type"]);
  if (replyType !== "Request" && replyType !== "Response") return undefined;
  return { kind, channelId, type, replyType };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFlag(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isChannelId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
}

function isFrameType(value: unknown): value is FrameType {
  return (
    value === "Text" ||
    value === "Binary" ||
    value === "Ping" ||
    value === "Pong" ||
    value === "Close"
  );
}

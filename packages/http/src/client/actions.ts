/**
 * What processes ask of the HTTP client, as a closed union read from JSON, and what it answers.
 * Source: spec/runtime-modules.md §7.1.
 * @module
 */
import { decodeVariant, readUnit } from "@kinode-ts/codec/module-json";
import { isBodyActionName, isStreamId, readBodyAction } from "../body-streams/index.ts";
import type { BodyAction } from "../body-streams/index.ts";

export type FrameType = "Text" | "Binary" | "Ping" | "Pong" | "Close";

/** Names and values as the app gave them, in its order. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** What only requests of our own library say (docs/modules/http-client.md). */
export interface HttpExtras {
  /** A number to give the request up by. */
  readonly requestId: number | undefined;
  /** Number of the stream that is the body. */
  readonly streamRequest: number | undefined;
  /** Number of the stream that the body of the response becomes. */
  readonly streamResponse: number | undefined;
  /** A body of at most so many bytes that comes soon is given with the answer instead. */
  readonly wholeUpTo: number | undefined;
  /** `manual`: a redirect is a response like any other. */
  readonly redirect: "follow" | "manual";
  /** Whether the answer says the last URL, and every header. */
  readonly details: boolean;
}

export type ClientAction =
  | {
      readonly kind: "Http";
      readonly method: string;
      readonly version: string | undefined;
      readonly url: string;
      readonly headers: HeaderList;
      readonly extras: HttpExtras;
    }
  | { readonly kind: "HttpAbort"; readonly requestId: number }
  | { readonly kind: "Body"; readonly action: BodyAction }
  | {
      readonly kind: "WebSocketOpen";
      readonly url: string;
      readonly headers: HeaderList;
      readonly channelId: number;
    }
  | { readonly kind: "WebSocketPush"; readonly channelId: number; readonly type: FrameType }
  | { readonly kind: "WebSocketClose"; readonly channelId: number };

/** The errors of §7.1; each has one form as JSON. */
export type ClientFault =
  | "MalformedRequest"
  | "UnknownRequest"
  | "WsPushNoBlob"
  | "WsPushBadText"
  | { readonly BadMethod: { readonly method: string } }
  | { readonly BadUrl: { readonly url: string } }
  | { readonly BadVersion: { readonly version: string } }
  | { readonly BuildRequestFailed: string }
  | { readonly ExecuteRequestFailed: string }
  | { readonly WsOpenFailed: { readonly url: string } }
  | { readonly WsPushUnknownChannel: { readonly channel_id: number } }
  | { readonly WsCloseFailed: { readonly channel_id: number } };

/** A request that cannot be carried out, with what its sender is told. */
export class ClientError extends Error {
  override name = "ClientError";
  readonly fault: ClientFault;
  constructor(fault: ClientFault) {
    super(JSON.stringify(fault));
    this.fault = fault;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const FRAME_TYPES: readonly string[] = ["Text", "Binary", "Ping", "Pong", "Close"];

/** @returns `undefined` for what is malformed */
export function decodeClientAction(body: Uint8Array): ClientAction | undefined {
  const [name, fields] = decodeVariant(body) ?? [];
  if (!isFields(fields)) return undefined;
  if (isBodyActionName(name)) {
    const action = readBodyAction(name, fields);
    return action && { kind: "Body", action };
  }
  switch (name) {
    case "Http":
      return readHttp(fields);
    case "HttpAbort":
      return isStreamId(fields["request_id"])
        ? { kind: "HttpAbort", requestId: fields["request_id"] }
        : undefined;
    case "WebSocketOpen":
      return readOpen(fields);
    case "WebSocketPush":
      return readPush(fields);
    case "WebSocketClose":
      return isStreamId(fields["channel_id"])
        ? { kind: "WebSocketClose", channelId: fields["channel_id"] }
        : undefined;
    default:
      return undefined;
  }
}

function readHttp(fields: Fields): ClientAction | undefined {
  const { method, url } = fields;
  const version = fields["version"] ?? undefined;
  const headers = readHeaders(fields["headers"]);
  if (typeof method !== "string" || typeof url !== "string" || headers === undefined)
    return undefined;
  if (version !== undefined && typeof version !== "string") return undefined;
  const extras = readExtras(fields);
  return extras && { kind: "Http", method, version, url, headers, extras };
}

function readExtras(fields: Fields): HttpExtras | undefined {
  const [requestId, streamRequest, streamResponse, wholeUpTo] = [
    "request_id",
    "stream_request",
    "stream_response",
    "whole_up_to",
  ].map((name) => fields[name] ?? undefined);
  const { redirect: given, details: wants } = fields;
  const redirect = given ?? "follow";
  const details = wants ?? false;
  if (!isNumberOrNone(requestId) || !isNumberOrNone(streamRequest)) return undefined;
  if (!isNumberOrNone(wholeUpTo)) return undefined;
  if (!isNumberOrNone(streamResponse) || typeof details !== "boolean") return undefined;
  if (redirect !== "follow" && redirect !== "manual") return undefined;
  return { requestId, streamRequest, streamResponse, wholeUpTo, redirect, details };
}

const isNumberOrNone = (value: unknown): value is number | undefined =>
  value === undefined || isStreamId(value);

function readOpen(fields: Fields): ClientAction | undefined {
  const { url, channel_id: channelId } = fields;
  const headers = readHeaders(fields["headers"]);
  if (typeof url !== "string" || headers === undefined || !isStreamId(channelId)) return undefined;
  return { kind: "WebSocketOpen", url, headers, channelId };
}

function readPush(fields: Fields): ClientAction | undefined {
  const { message_type: unit, channel_id: channelId } = fields;
  const type = readUnit(unit);
  if (!isStreamId(channelId) || type === undefined || !FRAME_TYPES.includes(type)) return undefined;
  return { kind: "WebSocketPush", channelId, type: type as FrameType };
}

function readHeaders(value: unknown): HeaderList | undefined {
  if (!isFields(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === "string")
    ? entries
    : undefined;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

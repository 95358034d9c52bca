/**
 * The message-injection endpoint, pure part: who may use it, what is asked, how the answer reads.
 * Source: spec/runtime-modules.md §6.5, spec/packages-and-tools.md §21.
 * @module
 */
import { parseIntegerJson } from "@kinode-ts/codec/integer-json";
import {
  isProcessId,
  type KernelMessage,
  type LazyLoadBlob,
  type NodeId,
  type ProcessId,
  type U64,
} from "@kinode-ts/types";
import type { Client } from "./request-client.ts";
import { errorResponse } from "./responses.ts";
import { isLoopbackName } from "./trust.ts";

export const RPC_PATH = "/rpc:distro:sys/message";

export interface RpcAccess {
  /** Open to programs on this machine without a token. */
  readonly dev: boolean;
  readonly localToken: string;
}

/** @returns the refusal, or `undefined` when the request may go on */
export function refuseRpc(access: RpcAccess, client: Client): Response | undefined {
  const { headers } = client.request;
  if (!client.isLocal) {
    return errorResponse(403, "http.not-local", "Messages are taken from this machine only");
  }
  if (!client.isSameOrigin) {
    return errorResponse(403, "http.cross-origin", "Pages of other sites may not send messages");
  }
  if (isBearer(headers, access.localToken)) return undefined;
  if (access.dev && isLoopbackName(headers.get("host"))) return undefined;
  return errorResponse(
    401,
    "http.no-token",
    "Send the local token as `authorization: Bearer <token>`, or start the node with --dev",
  );
}

export function isBearer(headers: Headers, token: string): boolean {
  const given = headers.get("authorization");
  if (given === null || token === "") return false;
  return equalTexts(given, `Bearer ${token}`);
}

/** Takes the same time wherever they differ. */
function equalTexts(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) {
    difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  }
  return difference === 0;
}

export interface RpcRequest {
  readonly node: NodeId | undefined;
  readonly process: ProcessId;
  readonly expectsResponse: U64 | undefined;
  readonly body: string;
  readonly metadata: string | undefined;
  readonly blob: LazyLoadBlob | undefined;
}

/** @returns `undefined` when the JSON or the process id cannot be read */
export function readRpcRequest(text: string): RpcRequest | undefined {
  let json: unknown;
  try {
    json = parseIntegerJson(text);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const fields = json as Readonly<Record<string, unknown>>;
  const process = fields["process"];
  if (typeof process !== "string" || !isProcessId(process)) return undefined;
  const texts = ["node", "body", "metadata", "mime", "data"].map(
    (name) => fields[name] ?? undefined,
  );
  if (!texts.every((value) => value === undefined || typeof value === "string")) return undefined;
  const [node, body, metadata, mime, data] = texts as (string | undefined)[];
  const expectsResponse = fields["expects_response"] ?? undefined;
  if (expectsResponse !== undefined && !isU64(expectsResponse)) return undefined;
  const bytes = data === undefined ? undefined : decodeBase64(data);
  const blob = bytes && { mime, bytes };
  return { node, process, expectsResponse, body: body ?? "", metadata, blob };
}

/** @param old - the shape of existing nodes: `text/html`, blob as the codes of its base64 text */
export function rpcResponse(answer: KernelMessage, old: boolean): Response {
  const text = answer.blob && toBase64(answer.blob.bytes);
  const bytes = old && text !== undefined ? [...text].map((letter) => letter.charCodeAt(0)) : text;
  const blob = answer.blob === undefined ? null : { mime: answer.blob.mime ?? null, bytes };
  const json = JSON.stringify({ body: [...answer.message.body], lazy_load_blob: blob });
  const type = old ? "text/html" : "application/json";
  return new Response(json, { headers: { "content-type": type } });
}

function isU64(value: unknown): value is U64 {
  return typeof value === "bigint"
    ? value >= 0n && value < 1n << 64n
    : Number.isInteger(value) && (value as number) >= 0;
}

/** Invalid base64 reads as no blob (§6.5). */
function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}

export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

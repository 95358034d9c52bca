/**
 * Calls and answers of JSON-RPC 2.0 as texts. Providers are not trusted: what is no answer is a failure of theirs.
 * @module
 */
import { checkedJson, type JsonBounds, membersOf, stringOf } from "../json/raw-json.ts";

/** `result` and `error` are JSON texts. */
export type RpcAnswer =
  | { readonly kind: "result"; readonly result: string }
  | {
      readonly kind: "error";
      readonly error: string;
      readonly code: number;
      readonly message: string;
    };

/** What a server sends over a web socket. */
export type RpcMessage =
  | { readonly kind: "answer"; readonly id: number; readonly answer: RpcAnswer }
  | { readonly kind: "push"; readonly subscription: string; readonly result: string };

export interface ReplyBounds extends JsonBounds {
  readonly maxAnswerBytes: number;
}

/** Longest error that is passed on, in characters. */
const MAX_ERROR_LENGTH = 64 * 1024;
const WHOLE = /^-?\d{1,15}$/;

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** The body of a call. @param params - JSON text; `null` counts as none */
export function encodeCall(id: number, method: string, params: string): Uint8Array {
  const list = params === "null" ? "[]" : params;
  return encoder.encode(
    `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${list}}`,
  );
}

/** @returns `undefined` for what is neither an answer nor an update of a subscription */
export function readMessage(bytes: Uint8Array, bounds: ReplyBounds): RpcMessage | undefined {
  if (bytes.length > bounds.maxAnswerBytes) return undefined;
  let decoded: string;
  try {
    decoded = decoder.decode(bytes);
  } catch {
    return undefined;
  }
  const text = checkedJson(decoded, bounds);
  const members = text === undefined ? undefined : membersOf(text);
  if (members === undefined) return undefined;
  if (stringOf(members.get("method")) === "eth_subscription") return readPush(members);
  const id = members.get("id") ?? "";
  const answer = readAnswer(members);
  if (!WHOLE.test(id) || answer === undefined) return undefined;
  return { kind: "answer", id: Number(id), answer };
}

function readPush(members: ReadonlyMap<string, string>): RpcMessage | undefined {
  const params = membersOf(members.get("params") ?? "");
  const subscription = params?.get("subscription");
  const result = params?.get("result");
  if (subscription === undefined || result === undefined) return undefined;
  return { kind: "push", subscription, result };
}

function readAnswer(members: ReadonlyMap<string, string>): RpcAnswer | undefined {
  const error = members.get("error") ?? "null";
  if (error !== "null") return readError(error);
  const result = members.get("result");
  return result === undefined ? undefined : { kind: "result", result };
}

function readError(error: string): RpcAnswer | undefined {
  const fields = error.length > MAX_ERROR_LENGTH ? undefined : membersOf(error);
  const code = fields?.get("code");
  if (code === undefined || !WHOLE.test(code)) return undefined;
  const message = stringOf(fields?.get("message")) ?? "";
  return { kind: "error", error, code: Number(code), message };
}

const LIMIT_CODES: ReadonlySet<number> = new Set([-32_005, 429]);
/** The same code is used for a query that finds too much: the caller must ask for less of it. */
const ASKS_FOR_LESS = /more than|range|result|block|size/i;

/** Whether a provider says by an error that it is asked too often. */
export function isRateLimit(answer: RpcAnswer): boolean {
  return (
    answer.kind === "error" && LIMIT_CODES.has(answer.code) && !ASKS_FOR_LESS.test(answer.message)
  );
}

const NO_METHOD_CODES: ReadonlySet<number> = new Set([-32_601, -32_004]);

/** Whether a provider says that it does not have the method. */
export function isMissingMethod(answer: RpcAnswer): boolean {
  return answer.kind === "error" && NO_METHOD_CODES.has(answer.code);
}

/**
 * Answers of modules, read without trust in their shape: whatever comes, the author of a process gets a value of the
 * promised type or an error of the client's own class.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import type { Target } from "./address.ts";
import type { Body } from "./body.ts";
import { SendError } from "./errors.ts";
import { parseJsonBytes, stringifyJson } from "./json.ts";
import type { IncomingRequest, IncomingResponse } from "./message.ts";
import type { RequestOptions } from "./send.ts";
import { request } from "./send.ts";

/** Makes the error of a client; `code` is one of those the client knows. */
export type Fail<C extends string> = (
  code: C | "SendError" | "UnexpectedAnswer",
  detail: string,
  cause?: unknown,
) => Error;

/** A decoded answer that is no error, and the message for its blob. */
export interface ModuleAnswer {
  readonly value: unknown;
  readonly message: IncomingResponse;
}

/** A guard for the payload of an answer. */
export type Is<T> = (value: unknown) => value is T;

const MAX_SHOWN = 200;

/** The beginning of any JSON value as text, for errors. */
export function shownAnswer(value: unknown): string {
  const text = value === undefined ? "nothing" : stringifyJson(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/**
 * Sends one action and reads the answer. Rejects with what `fail` makes: the code on the wire where it is among `codes`,
 * `SendError` when no answer came in time, `UnexpectedAnswer` for everything that is no answer. A `signal` that aborts
 * rejects with its reason.
 */
export async function askModule<C extends string>(
  target: Target,
  body: Body,
  options: RequestOptions,
  codes: readonly C[],
  fail: Fail<C>,
): Promise<ModuleAnswer> {
  let message: IncomingResponse;
  try {
    message = await request(target, body, options);
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    throw fail("SendError", thrown.message, thrown);
  }
  return { value: unlessError(jsonOf(message, fail), codes, fail), message };
}

/** The body as JSON. Throws what `fail` makes when it is none. */
export function jsonOf(message: IncomingResponse, fail: Fail<never>): unknown {
  try {
    return parseJsonBytes(message.body);
  } catch (thrown) {
    throw fail("UnexpectedAnswer", "the answer is not JSON", thrown);
  }
}

/** The answer, unless it is `{"Err": …}`: then it throws what `fail` makes of that. */
export function unlessError<C extends string>(
  answer: unknown,
  codes: readonly C[],
  fail: Fail<C>,
): unknown {
  if (!isRecord(answer) || !Object.hasOwn(answer, "Err")) return answer;
  const { code, detail } = errorCase(answer["Err"]);
  const known = codes.find((each) => each === code);
  if (known === undefined) throw fail("UnexpectedAnswer", shownAnswer(answer));
  throw fail(known, detail);
}

/** Name and payload of an error as the wire has it: `"Name"` or `{"Name": payload}`. */
export function errorCase(error: unknown): {
  readonly code: string | undefined;
  readonly detail: string;
} {
  if (typeof error === "string") return { code: error, detail: "" };
  if (!isRecord(error)) return { code: undefined, detail: "" };
  const [code, payload] = Object.entries(error)[0] ?? [];
  if (typeof payload === "string") return { code, detail: payload };
  const inner = isRecord(payload) ? payload["error"] : undefined;
  return { code, detail: typeof inner === "string" ? inner : shownAnswer(payload) };
}

/** The payload of an answer `{"Name": payload}` of the given form. Throws what `fail` makes of any other answer. */
export function payloadOf<T>(
  answer: unknown,
  name: string,
  isPayload: Is<T>,
  fail: Fail<never>,
): T {
  if (isRecord(answer) && Object.hasOwn(answer, name)) {
    const payload = answer[name];
    if (isPayload(payload)) return payload;
  }
  throw fail("UnexpectedAnswer", shownAnswer(answer));
}

/** The bytes that came with an answer. Throws what `fail` makes when there are none. */
export function blobOf({ message, value }: ModuleAnswer, fail: Fail<never>): Uint8Array {
  const bytes = message.blob()?.bytes;
  if (bytes === undefined) throw fail("UnexpectedAnswer", `${shownAnswer(value)} without a blob`);
  return bytes;
}

/** The payload of a request `{"Name": payload}` of the given form; `undefined` for any other request. */
export function readNamed<T>(
  message: IncomingRequest,
  name: string,
  isPayload: Is<T>,
): T | undefined {
  let value: unknown;
  try {
    value = parseJsonBytes(message.body);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined;
  const payload = value[name];
  return isPayload(payload) ? payload : undefined;
}

// --- forms of payloads --------------------------------------------------------------------------

/** An object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** A whole number from 0 upwards, as JSON of this library has it. */
export function isU64(value: unknown): value is U64 {
  return typeof value === "bigint"
    ? value >= 0n
    : Number.isSafeInteger(value) && Number(value) >= 0;
}

/** A list of which every element passes. */
export function isListOf<T>(isElement: Is<T>): Is<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(isElement);
}

/** An object in which these members pass; it may have others. */
export function hasForm<T extends object>(members: { readonly [K in keyof T]: Is<T[K]> }): Is<T> {
  const entries = Object.entries(members) as [string, Is<unknown>][];
  return (value): value is T =>
    isRecord(value) && entries.every(([name, isMember]) => isMember(value[name]));
}

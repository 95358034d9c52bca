/**
 * `fetch` as requests to `http-client:distro:sys`: one implementation for the global of scripts and for the library.
 * Source: Fetch Standard §5.6; spec/packages-and-tools.md §25.8; spec/runtime-modules.md §7; docs/modules/http-client.md.
 * @module
 */
import type { GuestBlob, GuestCarriedEnd, GuestCarrier } from "@kinode-ts/types";

/** The parts of the web's `Request` and `Response` that are used: the engine's own, or the realm's. */
interface RequestLike {
  readonly url: string;
  readonly method: string;
  readonly headers: Iterable<[string, string]> & { has(name: string): boolean };
  readonly redirect: string;
  readonly signal: SignalLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}
interface SignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
}

/** A body that comes in parts. */
export type BodyParts = AsyncIterable<Uint8Array>;

export interface FetchPowers<Response> {
  readonly carry: GuestCarrier;
  readonly Request: new (input: never, init?: never) => RequestLike;
  readonly Response: new (
    body: never,
    init: { status: number; headers: [string, string][] },
  ) => Response;
  /** What `Response` takes for a body in parts. */
  readonly streamOf: (parts: BodyParts) => unknown;
  /** Where the numbers of this fetch's requests start; different ones for two of a process. */
  readonly firstNumber: number;
}

/** What is ours besides the web's `RequestInit`. */
export interface FetchExtras {
  /** Milliseconds for the head of the response, and for each wait for a part of its body. Default 60,000. */
  readonly timeout?: number | undefined;
}

export type FetchErrorCode =
  | "BadMethod"
  | "BadUrl"
  | "BadVersion"
  | "BuildRequestFailed"
  | "ExecuteRequestFailed"
  | "MalformedRequest"
  /** Nothing came in time, or this process may not ask. */
  | "Timeout"
  | "Offline"
  /** A redirect, where `redirect` is `"error"`. */
  | "Redirected"
  /** The body of the response broke off. */
  | "BodyClosed"
  | "UnexpectedAnswer";

/** A `TypeError`, as the web has it, with the case as `code`. */
export class FetchError extends TypeError {
  readonly code: FetchErrorCode;
  readonly url: string;
  constructor(code: FetchErrorCode, url: string, why: string) {
    super(`fetch of "${url}" failed: ${why}`);
    this.code = code;
    this.url = url;
  }
}

const CLIENT = "http-client:distro:sys";
const TARGET = `our@${CLIENT}`;
const PATIENCE_MS = 60_000;
/** Bodies up to this size come with the answer, if they are there. */
const WHOLE_UP_TO = 256 * 1024;
/** The module takes 4 MiB at a time. */
const MAX_PART_BYTES = 1024 * 1024;
const NUMBERS = 2 ** 32;
const WITHOUT_BODY = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly header_list?: readonly (readonly [string, string])[];
  readonly body_stream?: number;
}

/** One request under way. */
interface Exchange {
  readonly url: string;
  readonly number: number;
  readonly seconds: number;
  readonly signal: SignalLike;
}

export function createFetch<Response extends object>(
  powers: FetchPowers<Response>,
): (input: unknown, init?: object) => Promise<Response> {
  const { carry } = powers;
  let next = powers.firstNumber;

  const ask = (action: object, seconds: number, blob?: GuestBlob): Promise<GuestCarriedEnd> =>
    new Promise((resolve) => {
      const body = JSON.stringify(action);
      carry({ target: TARGET, body, expectsResponse: seconds, blob }, resolve);
    });

  function responseOf(exchange: Exchange, answer: HttpAnswer, end: GuestCarriedEnd): Response {
    const { status, headers, header_list: list, url = exchange.url } = answer;
    // Names and values that are not allowed in JavaScript's type are left out, as the module itself does.
    const pairs = [...(list ?? Object.entries(headers ?? {}))].filter(
      ([name, value]) => HEADER_NAME.test(name) && !/[\0\r\n]/.test(value),
    );
    const stream = answer.body_stream;
    const whole = (end.kind === "response" ? end.blob?.bytes : undefined) ?? new Uint8Array(0);
    const body =
      stream === undefined ? whole : powers.streamOf(partsOf(ask, { ...exchange, url }, stream));
    const init = { status, headers: pairs.map(([name, value]): [string, string] => [name, value]) };
    const response = new powers.Response((WITHOUT_BODY.has(status) ? null : body) as never, init);
    return Object.defineProperties(response, {
      url: { value: url, enumerable: true },
      redirected: { value: url !== exchange.url, enumerable: true },
    });
  }

  return async function fetch(input, init) {
    const { body, timeout, ...rest } = (init ?? {}) as Record<string, unknown>;
    const parts = isParts(body) ? body : undefined;
    const given = parts === undefined ? (init ?? {}) : rest;
    const request = new powers.Request(input as never, given as never);
    const { signal } = request;
    const exchange: Exchange = {
      url: request.url.replace(/#.*$/s, ""),
      number: (next = (next + 1) % NUMBERS),
      seconds: secondsOf(timeout),
      signal,
    };
    const { url, number, seconds } = exchange;
    if (signal.aborted) throw signal.reason;
    if (parts !== undefined && /^(GET|HEAD)$/.test(request.method)) {
      throw new TypeError(`A request with the method ${request.method} cannot have a body`);
    }
    const headers = headersOf(request, body); // before the body is read: Bun forgets its type then
    const hasBody = body !== undefined && body !== null && parts === undefined;
    const blob = parts === undefined ? await blobOf(request, hasBody) : undefined;
    if (signal.aborted) throw signal.reason;
    const http = {
      method: request.method,
      version: null,
      url,
      headers,
      request_id: number,
      stream_response: number,
      whole_up_to: WHOLE_UP_TO,
      details: true,
      ...(request.redirect === "follow" ? {} : { redirect: "manual" }),
      ...(parts === undefined ? {} : { stream_request: number }),
    };
    let sendFault: { readonly thrown: unknown } | undefined;
    const answered = ask({ Http: http }, seconds, blob);
    if (parts !== undefined) {
      void sendParts(ask, exchange, parts).catch((thrown: unknown) => (sendFault = { thrown }));
    }
    const end = await untilAborted(answered, signal, () => {
      void ask({ HttpAbort: { request_id: number } }, seconds);
    });
    if (sendFault !== undefined) throw sendFault.thrown;
    const answer = answerOf(url, end, seconds);
    const isRedirect = REDIRECTS.has(answer.status);
    if (request.redirect === "error" && isRedirect) {
      if (answer.body_stream !== undefined) giveUpReading(ask, exchange, answer.body_stream);
      throw new FetchError("Redirected", url, `the server redirects (status ${answer.status})`);
    }
    try {
      return responseOf(exchange, answer, end);
    } catch (thrown) {
      throw new FetchError("UnexpectedAnswer", url, String(thrown));
    }
  };
}

type Ask = (action: object, seconds: number, blob?: GuestBlob) => Promise<GuestCarriedEnd>;

function secondsOf(timeout: unknown): number {
  const ms = timeout === undefined ? PATIENCE_MS : Number(timeout);
  if (!(ms >= 0 && ms < Infinity)) {
    throw new RangeError(`fetch: the timeout ${String(timeout)} is no number of milliseconds`);
  }
  return Math.max(1, Math.ceil(ms / 1_000));
}

function isParts(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** The headers of a request as the module wants them: one value each. */
function headersOf(request: RequestLike, body: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers) headers[name] = value;
  // NOTE: Bun's own Request does not say so where other headers are given.
  if (typeof body === "string" && !request.headers.has("content-type")) {
    headers["content-type"] = "text/plain;charset=UTF-8";
  }
  if (!request.headers.has("accept")) headers["accept"] = "*/*";
  return headers;
}

async function blobOf(request: RequestLike, hasBody: boolean): Promise<GuestBlob | undefined> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  return hasBody || bytes.length > 0 ? { bytes } : undefined;
}

/** What the module says went wrong, e.g. `{"BadUrl":{"url":"nope"}}`. */
function faultOf(url: string, error: unknown): FetchError {
  if (typeof error === "string") return new FetchError(error as FetchErrorCode, url, error);
  const [name, detail] = Object.entries(error ?? {})[0] ?? ["UnexpectedAnswer", ""];
  const text = typeof detail === "string" ? detail : JSON.stringify(detail);
  return new FetchError(name as FetchErrorCode, url, `${name}: ${text}`);
}

function sendFaultOf(url: string, error: "offline" | "timeout", seconds: number): FetchError {
  const hint = `grant messaging to "${CLIENT}" in the manifest`;
  const why = `${error} (no answer in ${seconds} s, or no right to ask: ${hint})`;
  return new FetchError(error === "timeout" ? "Timeout" : "Offline", url, why);
}

function parsed(url: string, body: Uint8Array): { readonly Ok?: unknown; readonly Err?: unknown } {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as object;
  } catch {
    const why = `"${CLIENT}" answered something that is not JSON`;
    throw new FetchError("UnexpectedAnswer", url, why);
  }
}

function answerOf(url: string, end: GuestCarriedEnd, seconds: number): HttpAnswer {
  if (end.kind === "send-error") throw sendFaultOf(url, end.error, seconds);
  const { Ok: ok, Err: error } = parsed(url, end.body);
  const http = (ok as { Http?: HttpAnswer } | undefined)?.Http;
  if (http !== undefined) return http;
  if (error !== undefined) throw faultOf(url, error);
  throw new FetchError("UnexpectedAnswer", url, "an answer of another kind");
}

function untilAborted<T>(promise: Promise<T>, signal: SignalLike, onAbort: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    signal.addEventListener("abort", () => {
      if (isOver) return;
      isOver = true;
      onAbort();
      reject(signal.reason as Error);
    });
    promise.then((value) => {
      isOver = true;
      resolve(value);
    }, reject);
  });
}

function bytesOf(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part;
  if (typeof part === "string") return new TextEncoder().encode(part);
  if (part instanceof ArrayBuffer) return new Uint8Array(part);
  throw new TypeError("A part of a body must be a Uint8Array or a text");
}

/** Sends a body as it comes, each part when there is room for it. Settles when there is no more to send. */
async function sendParts(
  ask: Ask,
  { number: stream, seconds, url }: Exchange,
  parts: AsyncIterable<unknown>,
): Promise<void> {
  try {
    for await (const part of parts) {
      const bytes = bytesOf(part);
      for (let at = 0; at < bytes.length; at += MAX_PART_BYTES) {
        const piece = bytes.subarray(at, at + MAX_PART_BYTES);
        const end = await ask({ BodyWrite: { stream } }, seconds, { bytes: piece });
        // The server wants no more, or the request has failed: its answer says which.
        if (end.kind === "send-error" || parsed(url, end.body).Err !== undefined) return;
      }
    }
  } catch (thrown) {
    await ask({ BodyAbort: { stream } }, seconds);
    throw thrown;
  }
  await ask({ BodyEnd: { stream } }, seconds);
}

function giveUpReading(ask: Ask, { seconds }: Exchange, stream: number): void {
  void ask({ BodyAbort: { stream, reading: true } }, seconds);
}

/** The body of a response, asked for part by part. Whoever stops early gives it up. */
function partsOf(ask: Ask, exchange: Exchange, stream: number): BodyParts {
  const { url, seconds, signal } = exchange;
  let isOver = false;
  const giveUp = (): void => {
    if (!isOver) giveUpReading(ask, exchange, stream);
    isOver = true;
  };
  const done = { done: true, value: undefined } as const;

  async function next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (signal.aborted) throw signal.reason;
    if (isOver) return done;
    const end = await untilAborted(ask({ BodyRead: { stream } }, seconds), signal, giveUp);
    if (end.kind === "send-error") {
      giveUp();
      throw sendFaultOf(url, end.error, seconds);
    }
    const answer = parsed(url, end.body);
    const chunk = (answer.Ok as { BodyChunk?: { done: boolean } } | undefined)?.BodyChunk;
    if (chunk?.done === false) return { done: false, value: end.blob?.bytes ?? new Uint8Array(0) };
    isOver = true;
    if (chunk !== undefined) return done;
    throw new FetchError("BodyClosed", url, "the body of the response broke off");
  }

  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next,
    return: () => {
      giveUp();
      return Promise.resolve(done);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/**
 * `fetch` for processes: the same as the global one of scripts, with types and with durations.
 * Source: spec/packages-and-tools.md §25.8.
 * @module
 */
import { createFetch } from "@kinode-ts/codec/web-fetch";
import type { FetchErrorCode, FetchPowers } from "@kinode-ts/codec/web-fetch";
import type { GuestCarriedEnd, GuestCarrier } from "@kinode-ts/types";
import { randomName } from "../address.ts";
import { dispatcher } from "../current.ts";
import type { Duration } from "../duration.ts";
import { toMilliseconds } from "../duration.ts";
import { parseJsonBytes } from "../json.ts";
import { errorCase, hasForm, isRecord, shownAnswer } from "../module-answer.ts";
import type { AbortSignalLike } from "../send.ts";
import { encodeUtf8 } from "../utf8.ts";

export { FetchError } from "@kinode-ts/codec/web-fetch";
export type { FetchErrorCode } from "@kinode-ts/codec/web-fetch";

/** Header fields as `fetch` takes them. */
export type FetchHeaders =
  Iterable<readonly [string, string]> | Readonly<Record<string, string>> | undefined;

/** What is asked, as on the web. */
export interface FetchInit {
  readonly method?: string | undefined;
  readonly headers?: FetchHeaders;
  /**
   * Text, bytes, `FormData`, `URLSearchParams`, `Blob`; or anything with an async iterator over bytes and texts: that is
   * sent part by part, no faster than the server takes it, and once: a redirect that wants it again fails.
   */
  readonly body?: unknown;
  /** `"follow"` (the default, 10 at most), `"manual"`: the redirect is the response, or `"error"`. */
  readonly redirect?: "follow" | "manual" | "error" | undefined;
  /** Gives the request up, its body and that of the response too. */
  readonly signal?: AbortSignalLike | undefined;
  /** For the head of the response, and for each wait for a part of its body; whole seconds on the wire. Default 60 s. */
  readonly timeout?: Duration | undefined;
}

/** What is used of the web's `ReadableStream`: a loop over it, a reader, or giving it up. */
export interface FetchBody extends AsyncIterable<Uint8Array> {
  readonly locked: boolean;
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
    releaseLock(): void;
  };
  cancel(): Promise<void>;
}

/** The web's `Response`, as far as it is there in the sandbox and natively. */
export interface FetchResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly statusText: string;
  readonly headers: {
    get(name: string): string | null;
    has(name: string): boolean;
    getSetCookie(): string[];
    [Symbol.iterator](): Iterator<[string, string]>;
  };
  /** Where it came from in the end. */
  readonly url: string;
  readonly redirected: boolean;
  /**
   * Short bodies are here already; a long one comes as it is read. One that is neither read nor given up with
   * `body.cancel()` holds its connection for a minute.
   */
  readonly body: FetchBody | null;
  readonly bodyUsed: boolean;
  text(): Promise<string>;
  json(): Promise<unknown>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

type WebFetch = (input: unknown, init?: object) => Promise<FetchResponse>;
type Powers = FetchPowers<FetchResponse>;

interface Realm {
  readonly Request: Powers["Request"];
  readonly Response: Powers["Response"];
  readonly ReadableStream?: new (source: object, strategy: object) => unknown;
}

let created: { readonly of: object; readonly fetch: WebFetch } | undefined;

function webFetch(): WebFetch {
  const here = dispatcher();
  if (created?.of !== here) {
    // oxlint-disable-next-line no-restricted-globals -- the web's types of where this runs: the engine's or the realm's
    const { Request, Response, ReadableStream } = globalThis as unknown as Realm;
    const streamOf: Powers["streamOf"] = (parts) =>
      ReadableStream === undefined ? parts : streamFrom(ReadableStream, parts);
    const firstNumber = Number(BigInt(randomName()) & 0xffff_ffffn);
    const carry: GuestCarrier = (asked, done) => here.carry(asked, (end) => done(readable(end)));
    created = { of: here, fetch: createFetch({ carry, Request, Response, streamOf, firstNumber }) };
  }
  return created.fetch;
}

/** An answer that is none becomes one that says so: what makes responses of answers trusts their form. */
function readable(end: GuestCarriedEnd): GuestCarriedEnd {
  if (end.kind === "send-error") return end;
  const fault = faultIn(end.body);
  if (fault === undefined) return end;
  return { ...end, body: encodeUtf8(JSON.stringify({ Err: { UnexpectedAnswer: fault } })) };
}

/** Errors of the client, as they are on the wire. */
const CODES: readonly string[] = [
  "BadMethod",
  "BadUrl",
  "BadVersion",
  "BuildRequestFailed",
  "ExecuteRequestFailed",
  "MalformedRequest",
] satisfies FetchErrorCode[];
const isNumber = (value: unknown): value is number => typeof value === "number";
const isHead = hasForm<{ status: number; headers: unknown }>({
  status: isNumber,
  headers: isRecord,
});
const isChunk = hasForm<{ done: boolean }>({ done: (value) => typeof value === "boolean" });

/** What is wrong with an answer of the HTTP client. */
function faultIn(body: Uint8Array): string | undefined {
  let answer: unknown;
  try {
    answer = parseJsonBytes(body);
  } catch {
    return "it is not JSON";
  }
  if (!isRecord(answer)) return shownAnswer(answer);
  const { Ok: ok, Err: error } = answer;
  if (error !== undefined) {
    const { code } = errorCase(error);
    return code !== undefined && CODES.includes(code) ? undefined : shownAnswer(answer);
  }
  if (!isRecord(ok)) return undefined; // as for parts that were written
  const { Http: head, BodyChunk: chunk } = ok;
  const isSound = (head === undefined || isHead(head)) && (chunk === undefined || isChunk(chunk));
  return isSound ? undefined : shownAnswer(answer);
}

/** A stream that asks when it is read: nothing is read ahead. */
function streamFrom(
  ReadableStream: NonNullable<Realm["ReadableStream"]>,
  parts: AsyncIterable<Uint8Array>,
): unknown {
  const iterator = parts[Symbol.asyncIterator]();
  interface Controller {
    enqueue(part: Uint8Array): void;
    close(): void;
  }
  const pull = async (controller: Controller): Promise<void> => {
    const { done, value } = await iterator.next();
    if (done === true) controller.close();
    else controller.enqueue(value);
  };
  const cancel = async (): Promise<void> => void (await iterator.return?.());
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}

/**
 * Asks a server and settles with the head of its response. `input` is a URL, or a `Request` of the web. Every process has
 * its own connections of requests: no cookies are kept. Needs messaging with `http-client:distro:sys`.
 *
 * Rejects with a `FetchError` (a `TypeError` with a `code`) when there is no response, with the signal's reason when that
 * aborts, and with a `TypeError` for what cannot be sent. Status 404 or 500 is a response like any other.
 */
export async function fetch(
  input: string | { readonly href: string } | { readonly url: string },
  init: FetchInit = {},
): Promise<FetchResponse> {
  const { timeout, ...rest } = init;
  const given = timeout === undefined ? rest : { ...rest, timeout: toMilliseconds(timeout) };
  return await webFetch()("href" in Object(input) ? String(input) : input, given);
}

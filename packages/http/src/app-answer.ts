/**
 * What an app answered, as status and headers. Apps answer the same few texts over and over, so they are remembered.
 * Source: spec/runtime-modules.md §6.4 ("Answer").
 * @module
 */
import { isModestJson } from "@kinode-ts/codec/integer-json";
import { isStreamId } from "./body-streams/index.ts";

export interface AppAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Whether the status allows a body. */
  readonly hasBody: boolean;
  /** The stream that the app writes the body to; `undefined`: the blob is the body. */
  readonly bodyStream: number | undefined;
}

/** Status and headers are read in one step. Far more than any browser takes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Longer texts are rare and would fill the memory. */
const MAX_REMEMBERED_LENGTH = 1_024;
const MAX_REMEMBERED_COUNT = 512;

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Said by the server itself, from the body it has. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

const decoder = new TextDecoder("utf-8", { fatal: true });

export class AppAnswers {
  readonly #known = new Map<string, AppAnswer>();
  readonly #reservedCookie: string;
  /** The last remembered body and its answer: apps answer the same one in a row. */
  #lastBody: Uint8Array | undefined;
  #lastAnswer: AppAnswer | undefined;

  /** @param reservedCookie - prefix of cookie names that only the server itself may set */
  constructor(reservedCookie: string) {
    this.#reservedCookie = reservedCookie;
  }

  /** @returns `undefined` when the body is not an object with `status` and `headers`, or the status cannot be sent */
  read(body: Uint8Array): AppAnswer | undefined {
    const last = this.#lastBody;
    if (last !== undefined && equal(last, body)) return this.#lastAnswer;
    if (body.length > MAX_ANSWER_BYTES || !isModestJson(body)) return undefined;
    let text: string;
    try {
      text = decoder.decode(body);
    } catch {
      return undefined;
    }
    const answer = this.#known.get(text) ?? this.#parse(text);
    if (answer !== undefined && text.length <= MAX_REMEMBERED_LENGTH) {
      this.#remember(text, answer);
      // A copy: the body may be part of something large, and is not ours.
      this.#lastBody = body.slice();
      this.#lastAnswer = answer;
    }
    return answer;
  }

  #remember(text: string, answer: AppAnswer): void {
    if (this.#known.has(text)) return;
    if (this.#known.size >= MAX_REMEMBERED_COUNT) this.#known.clear();
    this.#known.set(text, answer);
  }

  #parse(text: string): AppAnswer | undefined {
    let json: unknown;
    try {
      json = JSON.parse(text) as unknown;
    } catch {
      return undefined;
    }
    if (typeof json !== "object" || json === null) return undefined;
    const { status, headers, body_stream } = json as Readonly<Record<string, unknown>>;
    if (!Number.isInteger(status) || (status as number) < 200 || (status as number) > 599) {
      return undefined;
    }
    if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return undefined;
    const entries = Object.entries(headers);
    if (!entries.every(([, value]) => typeof value === "string")) return undefined;
    const bodyStream = body_stream ?? undefined;
    if (bodyStream !== undefined && !isStreamId(bodyStream)) return undefined;
    return {
      status: status as number,
      headers: this.#toHeaders(entries as [string, string][]),
      hasBody: !NO_BODY.has(status as number),
      bodyStream,
    };
  }

  #toHeaders(entries: readonly [string, string][]): Headers {
    const headers = new Headers();
    for (const [name, value] of entries) {
      if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) continue;
      if (OWN_HEADERS.has(name.toLowerCase())) continue;
      if (name.toLowerCase() === "set-cookie" && this.#isReserved(value)) continue;
      headers.set(name, value);
    }
    // An empty one is none.
    if (!headers.get("content-type")) headers.set("content-type", "application/octet-stream");
    return headers;
  }

  /** Browsers trim the name. */
  #isReserved(cookie: string): boolean {
    return cookie.trimStart().startsWith(this.#reservedCookie);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

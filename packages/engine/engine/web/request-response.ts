/**
 * `Request` and `Response`.
 * Source: Fetch Standard §5.4, §5.5 (WHATWG).
 * @module
 */
import { Body, extractBody, isInParts } from "./body.ts";
import { Headers } from "./headers.ts";

type HeadersInit = ConstructorParameters<typeof Headers>[0];

interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
}

export interface RequestInit {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: unknown;
  readonly signal?: Signal | null;
  readonly redirect?: "follow" | "error" | "manual";
}

const UPPER_CASE = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

function methodOf(value: string): string {
  const upper = value.toUpperCase();
  if (!TOKEN.test(value) || ["CONNECT", "TRACE", "TRACK"].includes(upper)) {
    throw new TypeError(`"${value}" is not a method that can be fetched`);
  }
  return UPPER_CASE.has(upper) ? upper : value;
}

interface UrlLike {
  readonly href: string;
  readonly username: string;
  readonly password: string;
}
type UrlConstructor = new (url: unknown) => UrlLike;

function absoluteUrl(input: unknown): string {
  const { URL } = globalThis as unknown as { URL: UrlConstructor };
  const url = new URL(input);
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`"${url.href}" has a user name or password; use a header`);
  }
  return url.href;
}

export class Request extends Body {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly redirect: "follow" | "error" | "manual";
  #signal: Signal | undefined;

  /** @throws TypeError not a URL, a bad method or header, a body with GET or HEAD, or a body that has been read */
  constructor(input: unknown, init: RequestInit = {}) {
    super();
    const from = input instanceof Request ? input : undefined;
    this.url = from?.url ?? absoluteUrl(input);
    this.method = init.method === undefined ? (from?.method ?? "GET") : methodOf(`${init.method}`);
    this.headers = new Headers(init.headers ?? from?.headers);
    this.redirect = init.redirect ?? from?.redirect ?? "follow";
    const signal = from === undefined ? undefined : from.#signal;
    this.#signal = init.signal === undefined ? signal : (init.signal ?? undefined);
    const given = init.body ?? undefined;
    const bytes = given === undefined ? from?.copyBytes() : undefined;
    if ((given !== undefined || bytes !== undefined) && /^(GET|HEAD)$/.test(this.method)) {
      throw new TypeError(`A request with the method ${this.method} cannot have a body`);
    }
    const body = given === undefined ? bytes && { bytes, type: undefined } : extractBody(given);
    this.fill(body);
    if (body?.type !== undefined && !this.headers.has("content-type")) {
      this.headers.set("content-type", body.type);
    }
  }

  get signal(): Signal {
    if (this.#signal === undefined) {
      const globals = globalThis as unknown as { AbortController: new () => { signal: Signal } };
      this.#signal = new globals.AbortController().signal;
    }
    return this.#signal;
  }

  clone(): Request {
    this.copyBytes();
    return new Request(this);
  }

  get [Symbol.toStringTag](): string {
    return "Request";
  }
}

export interface ResponseInit {
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: HeadersInit;
}

const WITHOUT_BODY = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class Response extends Body {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string = "";
  readonly redirected: boolean = false;
  readonly type: string = "default";

  /** @throws RangeError | TypeError a bad status or header, or a body where there can be none */
  constructor(body: unknown = null, init: ResponseInit = {}) {
    super();
    const status = Math.trunc(Number(init.status ?? 200));
    if (!(status >= 200 && status <= 599)) {
      throw new RangeError(`Response: the status ${init.status} is not between 200 and 599`);
    }
    this.status = status;
    this.statusText = `${init.statusText ?? ""}`;
    this.headers = new Headers(init.headers);
    if (body === null || body === undefined) return;
    if (WITHOUT_BODY.has(status)) throw new TypeError(`Response: no body with status ${status}`);
    if (isInParts(body)) {
      this.fillInParts(body);
      return;
    }
    const extracted = extractBody(body);
    this.fill(extracted);
    if (extracted.type !== undefined && !this.headers.has("content-type")) {
      this.headers.set("content-type", extracted.type);
    }
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  static json(data: unknown, init: ResponseInit = {}): Response {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("Response.json: the value cannot be JSON");
    const response = new Response(text, init);
    if (!new Headers(init.headers).has("content-type")) {
      response.headers.set("content-type", "application/json");
    }
    return response;
  }

  static redirect(url: unknown, status = 302): Response {
    if (!REDIRECTS.has(status)) throw new RangeError(`Response: ${status} is no redirect`);
    return new Response(null, { status, headers: { location: absoluteUrl(url) } });
  }

  static error(): Response {
    const response = new Response(null);
    Object.defineProperties(response, { status: { value: 0 }, type: { value: "error" } });
    return response;
  }

  clone(): Response {
    const bytes = this.copyBytes();
    const { status, statusText, headers, url } = this;
    const copy = new Response(bytes ?? null, { status, statusText, headers });
    Object.defineProperty(copy, "url", { value: url, enumerable: true });
    return copy;
  }

  get [Symbol.toStringTag](): string {
    return "Response";
  }
}

/**
 * `Request` and `Response` in the shape of the web's, for HTTP handlers: the engine processes run in has none.
 * Bodies are whole, as a message carries them, or come in parts where that was asked for.
 * @module
 */
import { parseJsonBytes, stringifyJson } from "../json.ts";
import type { IncomingRequest } from "../message.ts";
import type { Schema } from "../schema.ts";
import { applySchema } from "../schema.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import { readParts } from "./body-parts.ts";
import { parseCookies } from "./cookies.ts";
import { parseForm } from "./form-data.ts";
import type { HeadersInit } from "./headers.ts";
import { Headers } from "./headers.ts";

/** The `Http` message of the server (spec/runtime-modules.md §6.4). */
export interface HttpMessage {
  readonly source_socket_addr: string | null;
  readonly method: string;
  readonly url: string;
  readonly bound_path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly url_params: Readonly<Record<string, string>>;
  readonly query_params: Readonly<Record<string, string>>;
  /** The stream that the body is read from, where the binding asked for that (docs/modules/http-server.md). */
  readonly body_stream?: number | null | undefined;
}

/** What a web request does not say. */
export interface KinodeExtras {
  /** `ip:port` of the peer. */
  readonly sourceSocketAddress: string | null;
  /** The pattern it matched, below this process: `/games/:id`. */
  readonly boundPath: string;
  /** Values of the pattern's parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The message itself. */
  readonly message: IncomingRequest;
}

/** An HTTP request to this process. Its parts are made when they are asked for: most handlers look at one or two. */
export class Request {
  readonly #http: HttpMessage;
  readonly #message: IncomingRequest;
  readonly #prefix: string;
  #headers: Headers | undefined = undefined;
  #kinode: KinodeExtras | undefined = undefined;
  #cookies: ReadonlyMap<string, string> | undefined = undefined;
  /** The body, once it was collected from its parts. */
  #collected: Promise<Uint8Array> | undefined = undefined;
  #isTaken = false;

  constructor(http: HttpMessage, message: IncomingRequest, prefix: string) {
    this.#http = http;
    this.#message = message;
    this.#prefix = prefix;
  }

  /** In capitals. */
  get method(): string {
    return this.#http.method;
  }

  /** Without query, as the server gives it. */
  get url(): string {
    return this.#http.url;
  }

  /** Path below this process, with real values: `/games/7`. */
  get path(): string {
    const { url } = this.#http;
    const afterScheme = url.indexOf("/", url.indexOf("://") + 3);
    return stripPrefix(afterScheme < 0 ? "/" : url.slice(afterScheme), this.#prefix);
  }

  /** Names in lower case. */
  get headers(): Headers {
    return (this.#headers ??= new Headers(this.#http.headers));
  }

  /** What a web request does not say. */
  get kinode(): KinodeExtras {
    const http = this.#http;
    return (this.#kinode ??= {
      sourceSocketAddress: http.source_socket_addr,
      boundPath: stripPrefix(http.bound_path, this.#prefix),
      params: http.url_params,
      query: http.query_params,
      message: this.#message,
    });
  }

  /** The cookies that the browser sent, without those of the node itself. */
  get cookies(): ReadonlyMap<string, string> {
    return (this.#cookies ??= parseCookies(this.headers.get("cookie")));
  }

  /**
   * The body part by part, for one loop: as it arrives where the binding has `streamBody`, else in one part. Leaving the
   * loop gives up the rest. The parts end with a `BodyError` when the client goes away.
   */
  get body(): AsyncIterable<Uint8Array> {
    const { body_stream: stream } = this.#http;
    if (stream === undefined || stream === null) return onePart(this.#whole());
    if (this.#isTaken) throw new TypeError("The body has been read already");
    this.#isTaken = true;
    return readParts(stream);
  }

  #whole(): Uint8Array {
    return this.#message.blob()?.bytes ?? new Uint8Array(0);
  }

  /** All of it: bind with `maxBodyBytes` when it may not be of any size. Rejects with a `BodyError` when it breaks off. */
  bytes(): Promise<Uint8Array> {
    const { body_stream: stream } = this.#http;
    if (stream === undefined || stream === null) return Promise.resolve(this.#whole());
    return (this.#collected ??= collect(this.body));
  }

  /** The body as UTF-8. */
  async text(): Promise<string> {
    return decodeUtf8(await this.bytes());
  }

  /**
   * Fields and files of a form. Rejects with a `FormError` when the body is none, which is answered with status 400
   * unless caught.
   */
  async formData(): Promise<FormData> {
    return parseForm(await this.bytes(), this.headers.get("content-type") ?? "");
  }

  /** Rejects with a `JsonError` or `SchemaError`; both are answered with status 400 unless caught. */
  async json(): Promise<unknown>;
  async json<T>(schema: Schema<T>): Promise<T>;
  async json<T>(schema?: Schema<T>): Promise<unknown> {
    const value = parseJsonBytes(await this.bytes());
    return schema === undefined ? value : applySchema(schema, value);
  }
}

/** `/a:b:c/x` below `/a:b:c` is `/x`; always with a leading slash. */
export function stripPrefix(path: string, prefix: string): string {
  const rest = path.startsWith(prefix) ? path.slice(prefix.length) : path;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Status and headers of a response. */
export interface ResponseInit {
  /** Default 200. */
  readonly status?: number | undefined;
  readonly headers?: HeadersInit;
}

/** Text, bytes, or parts of either: an async generator, or anything with an async iterator. */
export type ResponseBody = Uint8Array | string | AsyncIterable<Uint8Array | string> | null;

/** The answer of an HTTP handler. */
export class Response {
  readonly status: number;
  readonly headers: Headers;
  /** The whole body; empty when it comes in parts. */
  readonly bytes: Uint8Array;
  /**
   * The body in parts, each asked for when the client has room for it. When the client goes away the iterator's `return`
   * is called; a generator hears of it when what it waits for has come.
   */
  readonly parts: AsyncIterable<Uint8Array | string> | undefined;

  constructor(body: ResponseBody = null, init: ResponseInit = {}) {
    this.status = init.status ?? 200;
    this.headers = new Headers(init.headers);
    this.parts = isInParts(body) ? body : undefined;
    this.bytes =
      body instanceof Uint8Array ? body : encodeUtf8(typeof body === "string" ? body : "");
    if (typeof body === "string" && !this.headers.has("content-type")) {
      this.headers.set("content-type", "text/plain; charset=utf-8");
    }
  }

  /** Data as JSON. */
  static json(value: unknown, init: ResponseInit = {}): Response {
    return Response.#typed(stringifyJson(value), "application/json", init);
  }

  /** A page. */
  static html(text: string, init: ResponseInit = {}): Response {
    return Response.#typed(text, "text/html; charset=utf-8", init);
  }

  /** Sends the visitor on. */
  static redirect(location: string, status = 307): Response {
    return new Response(null, { status, headers: { location } });
  }

  static #typed(text: string, type: string, init: ResponseInit): Response {
    const response = new Response(encodeUtf8(text), init);
    if (!response.headers.has("content-type")) response.headers.set("content-type", type);
    return response;
  }
}

function isInParts(body: ResponseBody): body is AsyncIterable<Uint8Array | string> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

async function* onePart(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes.length > 0) yield bytes;
}

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const part of parts) {
    all.push(part);
    length += part.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * `Request` and `Response` in the shape of the web's, for HTTP handlers: the engine processes run in has none.
 * Bodies are whole: a message carries all of it.
 * @module
 */
import { parseJsonBytes, stringifyJson } from "../json.ts";
import type { IncomingRequest } from "../message.ts";
import type { Schema } from "../schema.ts";
import { applySchema } from "../schema.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
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

  constructor(http: HttpMessage, message: IncomingRequest, prefix: string) {
    this.#http = http;
    this.#message = message;
    this.#prefix = prefix;
  }

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

  get headers(): Headers {
    return (this.#headers ??= new Headers(this.#http.headers));
  }

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

  #bytes(): Uint8Array {
    return this.#message.blob()?.bytes ?? new Uint8Array(0);
  }

  // Promises, as on the web, though the body is here already.
  bytes(): Promise<Uint8Array> {
    return Promise.resolve(this.#bytes());
  }

  text(): Promise<string> {
    return Promise.resolve(decodeUtf8(this.#bytes()));
  }

  /** Rejects with a `JsonError` or `SchemaError`; both are answered with status 400 unless caught. */
  async json(): Promise<unknown>;
  async json<T>(schema: Schema<T>): Promise<T>;
  async json<T>(schema?: Schema<T>): Promise<unknown> {
    const value = parseJsonBytes(this.#bytes());
    return schema === undefined ? value : applySchema(schema, value);
  }
}

/** `/a:b:c/x` below `/a:b:c` is `/x`; always with a leading slash. */
export function stripPrefix(path: string, prefix: string): string {
  const rest = path.startsWith(prefix) ? path.slice(prefix.length) : path;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

export interface ResponseInit {
  /** Default 200. */
  readonly status?: number | undefined;
  readonly headers?: HeadersInit;
}

/** The answer of an HTTP handler. */
export class Response {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;

  constructor(body: Uint8Array | string | null = null, init: ResponseInit = {}) {
    this.status = init.status ?? 200;
    this.headers = new Headers(init.headers);
    this.bytes = body instanceof Uint8Array ? body : encodeUtf8(body ?? "");
    if (typeof body === "string" && !this.headers.has("content-type")) {
      this.headers.set("content-type", "text/plain; charset=utf-8");
    }
  }

  static json(value: unknown, init: ResponseInit = {}): Response {
    return Response.#typed(stringifyJson(value), "application/json", init);
  }

  static html(text: string, init: ResponseInit = {}): Response {
    return Response.#typed(text, "text/html; charset=utf-8", init);
  }

  static redirect(location: string, status = 307): Response {
    return new Response(null, { status, headers: { location } });
  }

  static #typed(text: string, type: string, init: ResponseInit): Response {
    const response = new Response(encodeUtf8(text), init);
    if (!response.headers.has("content-type")) response.headers.set("content-type", type);
    return response;
  }
}

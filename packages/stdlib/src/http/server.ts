/**
 * Serving HTTP and web sockets.
 * Source: spec/packages-and-tools.md §25.8, spec/runtime-modules.md §6.
 * @module
 */
import { HTTP_SERVER_PROCESS } from "@kinode-ts/types";
import type { Answer } from "../answer.ts";
import type { BlobLike } from "../blob.ts";
import { fromWebBlob, isWebBlob, toBlob } from "../blob.ts";
import { dispatcher } from "../current.ts";
import type { Duration } from "../duration.ts";
import { toSeconds } from "../duration.ts";
import type { IncomingRequest } from "../message.ts";
import { hasForm, isRecord } from "../module-answer.ts";
import { our } from "../send.ts";
import { file as vfsFile } from "../vfs.ts";
import { failureResponse, httpReply, respondInParts } from "./answer-http.ts";
import { bodyAborted } from "./body-parts.ts";
import { Channel } from "./channel.ts";
import { mimeType } from "./mime.ts";
import { uiFiles } from "./ui-files.ts";
import type { HttpMessage } from "./web.ts";
import { Request, Response, stripPrefix } from "./web.ts";
import type { BindOptions, WsMessageType } from "./wire.ts";
import { HttpServerError, serverRequest } from "./wire.ts";

/** Who may come to a path, and how often. */
export interface HttpBinding {
  /** Only for the logged-in user of the node. Default: yes. */
  readonly authenticated?: boolean | undefined;
  /** Only from this machine. Default: no. */
  readonly localOnly?: boolean | undefined;
  /** On the package's own subdomain, always authenticated. */
  readonly secure?: boolean | undefined;
  /** The handler gets bodies of requests as they arrive: `for await (const part of request.body)`. Default: no. */
  readonly streamBody?: boolean | undefined;
  /** Bodies of requests may have this many bytes; the server answers others with 413. Default: the node's limit. */
  readonly maxBodyBytes?: number | undefined;
  /** The server answers what comes more often with 429, without asking this process. Default: no limit. */
  readonly rateLimit?: HttpRateLimit | undefined;
}

/** At least one of the two. */
export interface HttpRateLimit {
  /** What one address may do. Behind a proxy all visitors have one address unless the node trusts that proxy. */
  readonly perAddress?: RateLimit | undefined;
  readonly total?: RateLimit | undefined;
}

/** So many requests at once, and as many again within the time; whole seconds on the wire. */
export interface RateLimit {
  readonly requests: number;
  readonly per: Duration;
}

/** Who may open a web socket at a path. */
export interface WsBinding {
  readonly authenticated?: boolean | undefined;
  readonly secure?: boolean | undefined;
  /** For side-car programs (spec/runtime-modules.md §6.9). */
  readonly extension?: boolean | undefined;
}

/** Answers a request. What it throws is answered with 400 (data that does not fit) or 500. */
export type HttpHandler = (request: Request) => Response | Promise<Response>;

/** What a visitor has sent over a web socket. */
export interface WsFrame {
  readonly type: WsMessageType;
  readonly bytes: Uint8Array;
  text(): string;
}

/** What happens at a web socket; what one throws is shown and ends nothing. */
export interface WsHandlers {
  readonly open?: ((channel: Channel) => void | Promise<void>) | undefined;
  readonly message?: ((channel: Channel, frame: WsFrame) => void | Promise<void>) | undefined;
  readonly close?: ((channel: Channel) => void | Promise<void>) | undefined;
}

type HttpEvent =
  | { readonly Http: HttpMessage }
  | { readonly WebSocketOpen: { readonly path: string; readonly channel_id: number } }
  | {
      readonly WebSocketPush: {
        readonly channel_id: number;
        readonly message_type: WsMessageType;
      };
    }
  | { readonly WebSocketClose: number }
  | { readonly BodyAbort: { readonly stream: number } };

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";

/** By hand, as it is asked for every page. */
function isHttp(payload: unknown): boolean {
  if (typeof payload !== "object" || payload === null) return false;
  const { url, bound_path: path } = payload as Partial<HttpMessage>;
  return typeof url === "string" && typeof path === "string";
}

/** Whether an event of a name has what is looked at here. */
const IS_EVENT: Readonly<Record<string, (payload: unknown) => boolean>> = {
  Http: isHttp,
  WebSocketOpen: hasForm({ path: isText, channel_id: isNumber }),
  WebSocketPush: hasForm({ channel_id: isNumber, message_type: isText }),
  WebSocketClose: isNumber,
  BodyAbort: hasForm({ stream: isNumber }),
};

/** Messages that a program injects come from the HTTP server too, with any body (spec/packages-and-tools.md §21). */
function readEvent(message: IncomingRequest): HttpEvent | undefined {
  try {
    const value = message.json();
    if (!isRecord(value)) return undefined;
    for (const name in value)
      return IS_EVENT[name]?.(value[name]) ? (value as HttpEvent) : undefined;
    return undefined;
  } catch {
    return undefined;
  }
}

const SERVER_SUFFIX = `@${HTTP_SERVER_PROCESS}`;

/** Serves HTTP and web sockets below the path of this process. Made by `createHttpServer`; its functions reject with an `HttpServerError`. */
export class HttpServer {
  readonly #timeout: Duration;
  readonly #handlers = new Map<string, HttpHandler>();
  readonly #bindings = new Map<string, HttpBinding>();
  /** Paths of the files of each folder. */
  readonly #folders = new Map<string, string[]>();
  readonly #sockets = new Map<string, WsHandlers>();
  readonly #socketBindings = new Map<string, WsBinding>();
  readonly #channels = new Map<number, Channel>();
  /** `/<our process id>`, in front of every path. */
  #prefix: string | undefined = undefined;

  constructor(timeout: Duration) {
    this.#timeout = timeout;
  }

  // --- HTTP ------------------------------------------------------------------------------------

  /** Gives requests for a path (with `:name` and `*name` parts) to the handler. */
  async bind(path: string, binding: HttpBinding, handler: HttpHandler): Promise<void> {
    this.#handlers.set(normal(path), handler);
    await this.#bind(path, binding, undefined);
  }

  /** Binds all or, when one fails, none. */
  async bindAll(
    paths: readonly string[],
    binding: HttpBinding,
    handler: HttpHandler,
  ): Promise<void> {
    const done: string[] = [];
    try {
      for (const path of paths) {
        await this.bind(path, binding, handler);
        done.push(path);
      }
    } catch (thrown) {
      for (const path of done) await this.unbindHttpPath(path);
      throw thrown;
    }
  }

  /** Answers GET with these bytes, without asking this process again. */
  async static(
    path: string,
    content: BlobLike,
    binding: HttpBinding & { readonly mime?: string | undefined } = {},
  ): Promise<void> {
    const blob = isWebBlob(content) ? await fromWebBlob(content) : toBlob(content);
    await this.#bind(path, binding, { bytes: blob.bytes, mime: binding.mime ?? blob.mime });
  }

  /**
   * Serves one file, `entry` of our `pkg` drive or a whole VFS path, at each of the paths. The server reads it when it is
   * asked for: it may be large, and change. Rejects with `NoReadCap` when we may not read it.
   */
  async file(entry: string, paths: readonly string[], binding: HttpBinding = {}): Promise<void> {
    const inside = entry.replace(/^\//, "");
    const isWhole = inside.split("/", 1)[0]!.includes(":");
    const path = isWhole ? `/${inside}` : `/${our().packageId().toString()}/pkg/${inside}`;
    const mime = mimeType(path);
    for (const at of paths) {
      // For servers that do not read files themselves, such as the one of test nodes.
      this.#handlers.set(normal(at), async (request) => {
        if (!isLook(request.method)) return notAllowed();
        const bytes = await vfsFile(path, { timeout: this.#timeout }).bytes();
        return new Response(bytes, { headers: { "content-type": mime } });
      });
      await this.#bind(at, binding, undefined, { path, mime });
    }
  }

  /** Serves every file of a folder of our `pkg` drive by its path, and `index.html` at each of `paths` as well. */
  async ui(folder: string, paths: readonly string[], binding: HttpBinding = {}): Promise<void> {
    const served: string[] = [];
    this.#folders.set(normal(folder), served);
    for (const { name, bytes } of await uiFiles(folder, this.#timeout)) {
      const at = name === "index.html" ? [...paths, `/${name}`] : [`/${name}`];
      for (const path of at) {
        await this.static(path, { bytes, mime: mimeType(name) }, binding);
        served.push(path);
      }
    }
  }

  /** Serves the files of a folder no more. Rejects with `UnknownPath` when `ui` has not served it. */
  async unserveUi(folder: string): Promise<void> {
    const served = this.#folders.get(normal(folder));
    if (served === undefined) throw new HttpServerError("UnknownPath", `stop serving "${folder}"`);
    this.#folders.delete(normal(folder));
    for (const path of served) {
      if (this.#bindings.has(normal(path))) await this.unbindHttpPath(path);
    }
  }

  /** Changes the options of a bound path. */
  async modifyHttpPath(path: string, binding: HttpBinding): Promise<void> {
    const handler = this.#handlers.get(normal(path));
    if (handler === undefined) throw new HttpServerError("UnknownPath", `change "${path}"`);
    await this.bind(path, { ...this.#bindings.get(normal(path)), ...binding }, handler);
  }

  /** Serves a path no more. Rejects with `UnknownPath` when it was not bound here. */
  async unbindHttpPath(path: string): Promise<void> {
    if (!this.#bindings.delete(normal(path))) {
      throw new HttpServerError("UnknownPath", `unbind "${path}"`);
    }
    this.#handlers.delete(normal(path));
    await this.#ask({ Unbind: { path } }, `unbind "${path}"`);
  }

  async #bind(
    path: string,
    binding: HttpBinding,
    blob: BlobLike | undefined,
    file?: BindOptions["file"],
  ): Promise<void> {
    this.#bindings.set(normal(path), binding);
    const { authenticated = true, localOnly = false, secure = false } = binding;
    const cache = blob !== undefined;
    const more = { ...bindOptions(binding, cache), ...(file === undefined ? {} : { file }) };
    const action = secure
      ? { SecureBind: { path, cache, ...more } }
      : { Bind: { path, authenticated, local_only: localOnly, cache, ...more } };
    await this.#ask(action, `bind "${path}"`, blob);
  }

  #ask(action: Parameters<typeof serverRequest>[0], what: string, blob?: BlobLike): Promise<void> {
    return serverRequest(action, what, { timeout: this.#timeout, blob });
  }

  // --- web sockets -----------------------------------------------------------------------------

  /** Accepts web sockets at a path. */
  async ws(path: string, binding: WsBinding, handlers: WsHandlers): Promise<void> {
    this.#sockets.set(normal(path), handlers);
    this.#socketBindings.set(normal(path), binding);
    const { authenticated = true, secure = false, extension = false } = binding;
    const action = secure
      ? { WebSocketSecureBind: { path, extension } }
      : { WebSocketBind: { path, authenticated, extension } };
    await this.#ask(action, `bind web socket "${path}"`);
  }

  /** Changes the options of a bound path; open channels stay as they are. */
  async modifyWsPath(path: string, binding: WsBinding): Promise<void> {
    const handlers = this.#sockets.get(normal(path));
    if (handlers === undefined) {
      throw new HttpServerError("UnknownPath", `change web socket "${path}"`);
    }
    await this.ws(path, { ...this.#socketBindings.get(normal(path)), ...binding }, handlers);
  }

  /** Accepts no more; open channels stay. */
  async unbindWsPath(path: string): Promise<void> {
    if (!this.#sockets.delete(normal(path))) {
      throw new HttpServerError("UnknownPath", `unbind web socket "${path}"`);
    }
    await this.#ask({ WebSocketUnbind: { path } }, `unbind web socket "${path}"`);
  }

  /** The open channels of a path. */
  channels(path: string): Channel[] {
    return [...this.#channels.values()].filter((channel) => channel.path === normal(path));
  }

  /** Sends to every open channel of a path: text as text, anything else as JSON text, bytes as binary. */
  async broadcast(path: string, data: Uint8Array | string | object): Promise<void> {
    for (const channel of this.channels(path)) await channel.send(data);
  }

  // --- dispatch --------------------------------------------------------------------------------

  /** Handles a message of the HTTP server; false when it is none. `serve` does this by itself. */
  handle(message: IncomingRequest): Answer | Promise<Answer | undefined> | undefined | false {
    if (!message.sender.endsWith(SERVER_SUFFIX) || !message.isLocal) return false;
    const event = readEvent(message);
    if (event === undefined) return false;
    if ("Http" in event) return this.#http(event.Http, message);
    if ("WebSocketOpen" in event) {
      const { path, channel_id: id } = event.WebSocketOpen;
      const channel = new Channel(id, normal(path));
      this.#channels.set(id, channel);
      return settled(this.#sockets.get(channel.path)?.open?.(channel));
    }
    if ("WebSocketPush" in event) return this.#pushed(event.WebSocketPush, message);
    if ("WebSocketClose" in event) return this.#closed(event.WebSocketClose);
    if ("BodyAbort" in event) {
      bodyAborted(event.BodyAbort.stream);
      return undefined;
    }
    return false;
  }

  // Not async: a page that is there at once costs no promise.
  #http(
    http: HttpMessage,
    message: IncomingRequest,
  ): Answer | undefined | Promise<Answer | undefined> {
    this.#prefix ??= `/${our().processId.toString()}`;
    try {
      const path = normal(stripPrefix(http.bound_path, this.#prefix));
      const handler = this.#handlers.get(path);
      // Static content: the server has answered what may be asked of it.
      if (handler === undefined && this.#bindings.has(path) && !isLook(http.method)) {
        return httpReply(notAllowed());
      }
      const response = handler?.(new Request(http, message, this.#prefix));
      if (isPromise(response)) {
        return response.then((there) => answerWith(there, message)).catch(failureReply);
      }
      return answerWith(response, message);
    } catch (thrown) {
      return failureReply(thrown);
    }
  }

  #pushed(
    push: { readonly channel_id: number; readonly message_type: WsMessageType },
    message: IncomingRequest,
  ): Promise<undefined> | undefined {
    const channel = this.#channels.get(push.channel_id);
    if (channel === undefined) return undefined;
    const bytes = message.blob()?.bytes ?? new Uint8Array(0);
    const frame: WsFrame = {
      type: push.message_type,
      bytes,
      text: () => new TextDecoder().decode(bytes),
    };
    return settled(this.#sockets.get(channel.path)?.message?.(channel, frame));
  }

  #closed(id: number): Promise<undefined> | undefined {
    const channel = this.#channels.get(id);
    if (channel === undefined) return undefined;
    this.#channels.delete(id);
    channel.isOpen = false;
    return settled(this.#sockets.get(channel.path)?.close?.(channel));
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value;
}

const isLook = (method: string): boolean => method === "GET" || method === "HEAD";

function notAllowed(): Response {
  return new Response("method not allowed", { status: 405, headers: { allow: "GET, HEAD" } });
}

function answerWith(response: Response | undefined, message: IncomingRequest): Answer | undefined {
  if (response?.parts !== undefined) {
    respondInParts(message, response, response.parts);
    return undefined;
  }
  return httpReply(response ?? new Response("not found", { status: 404 }));
}

/** Only what is said: a server that does not know the fields is not shown any. */
function bindOptions(binding: HttpBinding, cache: boolean): BindOptions {
  const { streamBody, maxBodyBytes, rateLimit } = binding;
  return {
    ...(cache ? { head: true } : {}),
    ...(streamBody === true ? { stream_request: true } : {}),
    ...(maxBodyBytes === undefined ? {} : { max_body_bytes: maxBodyBytes }),
    ...(rateLimit === undefined
      ? {}
      : {
          rate_limit: {
            ...(rateLimit.perAddress && { per_address: toWire(rateLimit.perAddress) }),
            ...(rateLimit.total && { total: toWire(rateLimit.total) }),
          },
        }),
  };
}

function toWire({ requests, per }: RateLimit): { requests: number; seconds: number } {
  return { requests, seconds: toSeconds(per) };
}

function failureReply(thrown: unknown): Answer {
  return httpReply(failureResponse(thrown));
}

/** With a leading slash and without a trailing one, as the server stores it (spec/runtime-modules.md §6.2). */
function normal(path: string): string {
  const rooted = path.startsWith("/") ? path : `/${path}`;
  return rooted.length > 1 && rooted.endsWith("/") ? rooted.slice(0, -1) : rooted;
}

function settled(outcome: void | Promise<void>): Promise<undefined> | undefined {
  return outcome === undefined ? undefined : outcome.then(() => undefined);
}

/** A server whose messages `serve` handles. */
export function createHttpServer(
  options: { readonly timeout?: Duration | undefined } = {},
): HttpServer {
  const server = new HttpServer(options.timeout ?? "5s");
  dispatcher().intercept((message) => server.handle(message));
  return server;
}

/**
 * The runtime module `http-client:distro:sys`: requests and web sockets to other servers, for local processes.
 * Source: spec/runtime-modules.md §7.
 * @module
 */
import { encodeJson } from "@kinode-ts/codec/module-json";
import { HTTP_CLIENT_PROCESS } from "@kinode-ts/types";
import type {
  Clock,
  KernelMessage,
  LazyLoadBlob,
  ModuleContext,
  ProcessId,
  RuntimeModule,
} from "@kinode-ts/types";
import { BodyStreams } from "../body-streams/index.ts";
import type { BodyStreamLimits } from "../body-streams/index.ts";
import { SharedRoom } from "../shared-room.ts";
import { ClientError, decodeClientAction } from "./actions.ts";
import type { ClientAction, ClientFault, HeaderList } from "./actions.ts";
import { Channels } from "./channels.ts";
import { headStart } from "./head-start.ts";
import { isToken, receivedHeaders, sendableHeaders } from "./header-fields.ts";
import { DEFAULT_HTTP_CLIENT_LIMITS } from "./limits.ts";
import type { HttpClientLimits } from "./limits.ts";
import { isWebUrl, redirected } from "./redirects.ts";
import type { HttpRequest } from "./redirects.ts";
import { RequestSlots } from "./request-slots.ts";
import type { RequestSlot } from "./request-slots.ts";
import type { HttpHead, HttpReply, HttpTransport } from "./transport.ts";

export interface HttpClientModuleOptions {
  readonly clock: Clock;
  readonly transport: HttpTransport;
  readonly limits?: Partial<HttpClientLimits>;
  /** Of bodies in parts. */
  readonly bodyStreamLimits?: Partial<BodyStreamLimits> | undefined;
}

type HttpAction = Extract<ClientAction, { kind: "Http" }>;
type OpenAction = Extract<ClientAction, { kind: "WebSocketOpen" }>;

const VERSIONS: ReadonlySet<string> = new Set([
  "HTTP/0.9",
  "HTTP/1.0",
  "HTTP/1.1",
  "HTTP/2.0",
  "HTTP/3.0",
]);
const ACKNOWLEDGED = encodeJson({ Ok: "WebSocketAck" });

/** For local processes only; they need the right to message it. */
export function createHttpClientModule(options: HttpClientModuleOptions): RuntimeModule {
  return new HttpClientModule(options);
}

class HttpClientModule implements RuntimeModule {
  readonly id = HTTP_CLIENT_PROCESS;
  readonly #clock: Clock;
  readonly #transport: HttpTransport;
  readonly #limits: HttpClientLimits;
  readonly #slots: RequestSlots;
  readonly #arriving: SharedRoom<ProcessId>;
  readonly #streams: BodyStreams;
  #context!: ModuleContext;
  #channels!: Channels;

  constructor(options: HttpClientModuleOptions) {
    this.#clock = options.clock;
    this.#transport = options.transport;
    this.#limits = { ...DEFAULT_HTTP_CLIENT_LIMITS, ...options.limits };
    this.#slots = new RequestSlots(this.#limits);
    this.#arriving = new SharedRoom(this.#limits.maxArrivingBytes);
    this.#streams = new BodyStreams({
      clock: options.clock,
      limits: options.bodyStreamLimits,
      answer: (request, answer, blob) =>
        this.#context.respond(request, { body: encodeJson(answer), blob }),
    });
  }

  start(context: ModuleContext): void {
    this.#context = context;
    this.#channels = new Channels(this.#clock, (request) => context.send(request), this.#limits);
  }

  handle(message: KernelMessage): void {
    if (message.source.node !== this.#context.our || message.message.kind !== "request") return;
    const action = decodeClientAction(message.message.body);
    if (action === undefined) this.#failAwaited(message, "MalformedRequest");
    else if (action.kind === "Http") void this.#request(message, action);
    else if (action.kind === "Body") this.#streams.handle(message, action.action);
    else if (action.kind === "HttpAbort") this.#giveUp(message, action.requestId);
    else if (action.kind === "WebSocketOpen") void this.#open(message, action);
    else this.#useChannel(message, action);
  }

  /** All that is sent here are events of web sockets. */
  sendError(message: KernelMessage): void {
    this.#channels.undelivered(message);
  }

  processEnded(process: ProcessId): void {
    this.#channels.dropProcess(process);
    this.#slots.dropProcess(process);
    this.#streams.processEnded(process);
  }

  stop(): void {
    this.#channels.dropAll();
    this.#slots.dropAll();
    this.#streams.closeAll();
    this.#transport.close();
  }

  #giveUp(message: KernelMessage, requestId: number): void {
    if (this.#slots.giveUp(message.source.process, requestId, "given up by the process")) {
      this.#context.respond(message, { body: encodeJson({ Ok: null }) });
    } else this.#fail(message, "UnknownRequest");
  }

  /** Errors of requests go to those who wait for an answer, answers to all (§1.2). */
  async #request(message: KernelMessage, action: HttpAction): Promise<void> {
    let slot: RequestSlot | undefined;
    let request: HttpRequest | undefined;
    try {
      const { process } = message.source;
      slot = this.#slots.admit(process, action.extras.requestId);
      request = this.#requestOf(message, action);
      if (action.extras.streamResponse === undefined) {
        await this.#exchangeWhole(message, action, request, slot);
      } else {
        await this.#exchangeInParts(message, action, request, slot);
      }
    } catch (thrown) {
      slot?.release();
      if (request?.body instanceof ReadableStream && !request.body.locked)
        void request.body.cancel();
      this.#failAwaited(message, thrown instanceof ClientError ? thrown.fault : failed(thrown));
    }
  }

  async #exchangeWhole(
    message: KernelMessage,
    action: HttpAction,
    request: HttpRequest,
    slot: RequestSlot,
  ): Promise<void> {
    const { maxResponseBytes } = this.#limits;
    const room = this.#arriving.open(message.source.process);
    const [reply, url] = await this.#inTime(message, slot, () =>
      this.#follow(request, action, (next) =>
        this.#transport.exchange(next, maxResponseBytes, slot.signal, room),
      ),
    ).finally(() => room.release());
    slot.release();
    const blob: LazyLoadBlob = { mime: undefined, bytes: reply.body };
    this.#context.respond(message, { body: answerOf(reply, url, action), blob });
  }

  /** The answer is the head; the place is kept until the body has been read or given up. */
  async #exchangeInParts(
    message: KernelMessage,
    action: HttpAction,
    request: HttpRequest,
    slot: RequestSlot,
  ): Promise<void> {
    const [head, url, start] = await this.#inTime(message, slot, async () => {
      const [reply, from] = await this.#follow(request, action, (next) =>
        this.#transport.open(next, slot.signal),
      );
      return [reply, from, await this.#startOf(reply, action)] as const;
    });
    if (start instanceof Uint8Array) {
      slot.release();
      const blob: LazyLoadBlob = { mime: undefined, bytes: start };
      this.#context.respond(message, { body: answerOf(head, url, action), blob });
      return;
    }
    void head.ended.finally(() => slot.release());
    slot.signal.addEventListener("abort", () => slot.release());
    const { process } = message.source;
    const stream = action.extras.streamResponse!;
    if (!this.#streams.openRead(process, stream, start)) {
      slot.giveUp("no stream");
      throw failure(`the stream ${stream} is in use, or ${process} has too many`);
    }
    this.#context.respond(message, { body: answerOf(head, url, action, stream) });
  }

  /** The whole body where it is short and comes soon, if the process likes that. */
  async #startOf(
    { body }: HttpHead,
    { extras }: HttpAction,
  ): Promise<Uint8Array | ReadableStream<Uint8Array>> {
    const { wholeUpTo } = extras;
    if (wholeUpTo === undefined) return body;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(this.#limits.headStartMs, resolve);
    try {
      return await headStart(body, Math.min(wholeUpTo, this.#limits.maxResponseBytes), late);
    } finally {
      timer.cancel();
    }
  }

  async #inTime<T>(message: KernelMessage, slot: RequestSlot, work: () => Promise<T>): Promise<T> {
    const timeoutMs = this.#timeoutMs(message);
    const timer = this.#clock.after(timeoutMs, () =>
      slot.giveUp(`no whole response within ${timeoutMs / 1_000} s`),
    );
    try {
      return await work();
    } finally {
      timer.cancel();
    }
  }

  /** @returns the first response that is no redirect, and where it came from */
  async #follow<R extends HttpReply | HttpHead>(
    first: HttpRequest,
    { extras }: HttpAction,
    send: (request: HttpRequest) => Promise<R>,
  ): Promise<readonly [reply: R, url: URL]> {
    let request = first;
    for (let redirects = 0; redirects <= this.#limits.maxRedirectCount; redirects++) {
      const reply = await send(request);
      const next =
        extras.redirect === "manual"
          ? undefined
          : redirected(request, reply.status, lastOf(reply.headers, "location"));
      if (next === undefined) return [reply, request.url];
      if (reply.body instanceof ReadableStream) void reply.body.cancel();
      if (next.body instanceof ReadableStream)
        throw failure("the server redirects, and a body in parts cannot be sent again");
      request = next;
    }
    throw failure(`more than ${this.#limits.maxRedirectCount} redirects`);
  }

  /** @throws {ClientError} method, version, URL or body are wrong */
  #requestOf(message: KernelMessage, action: HttpAction): HttpRequest {
    const { streamRequest } = action.extras;
    const request = requestOf(message, action);
    if (streamRequest === undefined) return request;
    if (message.blob !== undefined)
      throw new ClientError({ BuildRequestFailed: "a body in parts and a blob as well" });
    const { process } = message.source;
    const body = this.#streams.openWrite(process, streamRequest);
    if (body === undefined)
      throw new ClientError({
        BuildRequestFailed: `the stream ${streamRequest} is in use, or ${process} has too many`,
      });
    return { ...request, body };
  }

  /** As long as the sender waits (§7.4); after that nobody reads the answer. */
  #timeoutMs({ message }: KernelMessage): number {
    const expects = message.kind === "request" ? message.expectsResponse : undefined;
    if (expects === undefined) return this.#limits.defaultTimeoutMs;
    return Math.min(Number(expects) * 1_000, this.#limits.maxTimeoutMs);
  }

  async #open(message: KernelMessage, { url, headers, channelId }: OpenAction): Promise<void> {
    const parsed = URL.parse(url);
    if (parsed === null) {
      this.#fail(message, { BadUrl: { url } });
      return;
    }
    const owner = message.rsvp ?? message.source;
    const channel = this.#channels.admit(owner, channelId, message.id);
    const refused: ClientFault = { WsOpenFailed: { url: parsed.href } };
    if (channel === undefined || !/^wss?:$/.test(parsed.protocol)) {
      if (channel !== undefined) this.#channels.forget(channel);
      this.#fail(message, refused);
      return;
    }
    let isAnswered = false;
    const answer = (isOpen: boolean): void => {
      if (isAnswered) return;
      isAnswered = true;
      timer.cancel();
      if (isOpen) {
        this.#context.respond(message, { body: ACKNOWLEDGED });
        return;
      }
      this.#channels.forget(channel);
      channel.socket?.terminate();
      this.#fail(message, refused);
    };
    const timer = this.#clock.after(this.#timeoutMs(message), () => answer(false));
    try {
      const events = this.#channels.eventsOf(channel, answer);
      const room = this.#arriving.open(owner.process);
      channel.socket = await this.#transport.openSocket(
        parsed,
        sendableHeaders(headers),
        events,
        room,
      );
      if (channel.state === "closed") channel.socket.terminate();
    } catch {
      answer(false);
    }
  }

  #useChannel(
    message: KernelMessage,
    action: Extract<ClientAction, { kind: "WebSocketPush" | "WebSocketClose" }>,
  ): void {
    const owner = (message.rsvp ?? message.source).process;
    try {
      if (action.kind === "WebSocketClose") this.#channels.close(owner, action.channelId);
      else this.#channels.push(owner, action.channelId, action.type, message.blob);
      this.#context.respond(message, { body: ACKNOWLEDGED });
    } catch (thrown) {
      if (!(thrown instanceof ClientError)) throw thrown;
      this.#fail(message, thrown.fault);
    }
  }

  #failAwaited(message: KernelMessage, fault: ClientFault): void {
    if (message.message.kind !== "request" || message.message.expectsResponse === undefined) return;
    this.#fail(message, fault);
  }

  #fail(message: KernelMessage, fault: ClientFault): void {
    this.#context.respond(message, { body: encodeJson({ Err: fault }) });
  }
}

function answerOf(
  { status, headers }: HttpReply | HttpHead,
  url: URL,
  { extras }: HttpAction,
  stream?: number,
): Uint8Array {
  const head = { status, headers: receivedHeaders(headers) };
  const details = extras.details ? { url: url.href, header_list: headers } : {};
  const parts = stream === undefined ? {} : { body_stream: stream };
  return encodeJson({ Ok: { Http: { ...head, ...details, ...parts } } });
}

/** @throws {ClientError} method, version or URL are wrong */
function requestOf({ blob }: KernelMessage, action: HttpAction): HttpRequest {
  const { method, version } = action;
  if (!isToken(method)) throw new ClientError({ BadMethod: { method } });
  if (version !== undefined && !VERSIONS.has(version))
    throw new ClientError({ BadVersion: { version } });
  const url = URL.parse(action.url);
  if (url === null) throw new ClientError({ BadUrl: { url: action.url } });
  if (!isWebUrl(url))
    throw new ClientError({ BuildRequestFailed: `"${url.protocol}" is neither http: nor https:` });
  if (method.toUpperCase() === "CONNECT")
    throw new ClientError({ BuildRequestFailed: "the method CONNECT is for proxies" });
  return { method, url, headers: sendableHeaders(action.headers), body: blob?.bytes };
}

function lastOf(headers: HeaderList, name: string): string | undefined {
  return headers.findLast(([other]) => other.toLowerCase() === name)?.[1];
}

const failure = (text: string): ClientError => new ClientError({ ExecuteRequestFailed: text });

const failed = (thrown: unknown): ClientFault => ({
  ExecuteRequestFailed: thrown instanceof Error ? thrown.message : String(thrown),
});

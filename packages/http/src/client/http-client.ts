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
import { ClientError, decodeClientAction } from "./actions.ts";
import type { ClientAction, ClientFault, HeaderList } from "./actions.ts";
import { Channels } from "./channels.ts";
import { isToken, receivedHeaders, sendableHeaders } from "./header-fields.ts";
import { DEFAULT_HTTP_CLIENT_LIMITS } from "./limits.ts";
import type { HttpClientLimits } from "./limits.ts";
import { isWebUrl, redirected } from "./redirects.ts";
import type { HttpRequest } from "./redirects.ts";
import type { HttpReply, HttpTransport } from "./transport.ts";

export interface HttpClientModuleOptions {
  readonly clock: Clock;
  readonly transport: HttpTransport;
  readonly limits?: Partial<HttpClientLimits>;
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
  /** Requests on their way, by process. */
  readonly #requests = new Map<ProcessId, Set<AbortController>>();
  #context!: ModuleContext;
  #channels!: Channels;

  constructor(options: HttpClientModuleOptions) {
    this.#clock = options.clock;
    this.#transport = options.transport;
    this.#limits = { ...DEFAULT_HTTP_CLIENT_LIMITS, ...options.limits };
  }

  start(context: ModuleContext): void {
    this.#context = context;
    const { maxChannelsPerProcess } = this.#limits;
    this.#channels = new Channels(
      this.#clock,
      (request) => context.send(request),
      maxChannelsPerProcess,
    );
  }

  handle(message: KernelMessage): void {
    if (message.source.node !== this.#context.our || message.message.kind !== "request") return;
    const action = decodeClientAction(message.message.body);
    if (action === undefined) this.#failAwaited(message, "MalformedRequest");
    else if (action.kind === "Http") void this.#request(message, action);
    else if (action.kind === "WebSocketOpen") void this.#open(message, action);
    else this.#useChannel(message, action);
  }

  processEnded(process: ProcessId): void {
    this.#channels.dropProcess(process);
    for (const request of this.#requests.get(process) ?? []) request.abort();
  }

  stop(): void {
    this.#channels.dropAll();
    for (const requests of this.#requests.values()) {
      for (const request of requests) request.abort();
    }
    this.#transport.close();
  }

  /** Errors of requests go to those who wait for an answer, answers to all (§1.2). */
  async #request(message: KernelMessage, action: HttpAction): Promise<void> {
    try {
      const { status, headers, body } = await this.#exchange(message, requestOf(message, action));
      const answer = { Ok: { Http: { status, headers: receivedHeaders(headers) } } };
      const blob: LazyLoadBlob = { mime: undefined, bytes: body };
      this.#context.respond(message, { body: encodeJson(answer), blob });
    } catch (thrown) {
      this.#failAwaited(message, thrown instanceof ClientError ? thrown.fault : failed(thrown));
    }
  }

  async #exchange(message: KernelMessage, first: HttpRequest): Promise<HttpReply> {
    const { source } = message;
    const requests = this.#requests.get(source.process) ?? new Set();
    const { maxRequestsPerProcess: bound } = this.#limits;
    if (requests.size >= bound)
      throw failure(`${source.process} has ${bound} requests on their way, its limit`);
    this.#requests.set(source.process, requests);
    const controller = new AbortController();
    requests.add(controller);
    const timeoutMs = this.#timeoutMs(message);
    const timer = this.#clock.after(timeoutMs, () =>
      controller.abort(new Error(`no whole response within ${timeoutMs / 1_000} s`)),
    );
    try {
      return await this.#follow(first, controller.signal);
    } finally {
      timer.cancel();
      requests.delete(controller);
      if (requests.size === 0) this.#requests.delete(source.process);
    }
  }

  async #follow(first: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    let request = first;
    for (let redirects = 0; redirects <= this.#limits.maxRedirectCount; redirects++) {
      const reply = await this.#transport.exchange(request, this.#limits.maxResponseBytes, signal);
      const next = redirected(request, reply.status, lastOf(reply.headers, "location"));
      if (next === undefined) return reply;
      request = next;
    }
    throw failure(`more than ${this.#limits.maxRedirectCount} redirects`);
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
      channel.socket = await this.#transport.openSocket(parsed, sendableHeaders(headers), events);
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

/**
 * The runtime module `http-server:distro:sys` without its sockets: messages of processes in, answers of apps back to
 * browsers. `http-server-bun.ts` puts it on a port.
 * Source: spec/runtime-modules.md §6.
 * @module
 */
import {
  HTTP_SERVER_PROCESS,
  isNameSafeProcessId,
  type Address,
  type BodyStreamAnswer,
  type BodyStreamError,
  type Clock,
  type KernelMessage,
  type LazyLoadBlob,
  type ModuleContext,
  type NodeId,
  type ProcessId,
  type Random,
  type RuntimeModule,
  type SendErrorKind,
} from "@kinode-ts/types";
import { decodeHttpAction, type HttpAction, type HttpErrorName } from "./actions.ts";
import { type AppAnswer, AppAnswers } from "./app-answer.ts";
import { AttemptLimiter } from "./attempt-limiter.ts";
import { Bindings, type BindRefusal } from "./bindings.ts";
import { type BodyAction, BodyStreams } from "./body-streams/index.ts";
import { Channels } from "./channels.ts";
import type { HostRoute } from "./host-route.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import type { LoginContext } from "./login-handler.ts";
import { LoginLinks } from "./login-links.ts";
import { LoginTokens } from "./login-tokens.ts";
import { type PendingAnswer, PendingAnswers } from "./pending-answers.ts";
import { handleRequest, type Host, type RequestContext } from "./request-handler.ts";
import { RequestPlans } from "./request-plans.ts";
import { emptyResponse } from "./responses.ts";
import type { ServedFiles } from "./served-file.ts";
import { SharedRoom } from "./shared-room.ts";
import { StreamPlaces } from "./stream-places.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

/** Powers and settings of the server; where it listens is `http-server-bun.ts`'s business. */
export interface HttpModuleOptions {
  readonly our: NodeId;
  /** Signs login tokens; at least 32 bytes. */
  readonly secret: Uint8Array;
  /** Bytes of the encrypted keyfile when the password hash opens it, else `undefined`. */
  readonly verifyPassword: (hash: string) => Promise<Uint8Array | undefined>;
  /** Secret of programs on this machine: `authorization: Bearer <token>`. */
  readonly localToken: string;
  /** Opens message injection to all programs on this machine. */
  readonly dev: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly hostRoutes: readonly HostRoute[];
  readonly limits?: Partial<HttpLimits>;
  /** Addresses and ranges of proxies whose `X-Forwarded-…` and `Forwarded` headers count. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Drives whose files paths may serve. Default: none. */
  readonly files?: ServedFiles;
}

/** How much the server has to do. */
export interface HttpLoad {
  /** Requests that wait for apps. */
  readonly waitingCount: number;
  /** Requests whose clients went away before the app had answered, since the start. */
  readonly abandonedCount: number;
}

const encoder = new TextEncoder();
/** Nobody sees it. */
const CLIENT_GONE = 499;
const OK_BODY = encoder.encode('{"Ok":null}');

export class HttpModule implements RuntimeModule {
  readonly id = HTTP_SERVER_PROCESS;
  readonly limits: HttpLimits;
  readonly #options: HttpModuleOptions;
  readonly #bindings: Bindings;
  readonly #pending: PendingAnswers;
  readonly #bodies: SharedRoom<string>;
  readonly #readPlaces: StreamPlaces;
  readonly #writePlaces: StreamPlaces;
  readonly #answers: AppAnswers;
  readonly #login: LoginContext;
  readonly #channels: Channels;
  readonly #streams: BodyStreams;
  readonly #proxies: TrustedProxies;
  /** Ids count up from a random start: below 2^53, and unlike those of another run. */
  #lastId: number;
  #context: ModuleContext | undefined;
  #requests: RequestContext | undefined;

  constructor(options: HttpModuleOptions) {
    const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
    const { our, clock, random } = options;
    this.#options = options;
    this.limits = limits;
    this.#lastId = randomStart(random);
    this.#proxies = new TrustedProxies(options.trustedProxies ?? []);
    this.#bindings = new Bindings(limits, clock, random.bytes(8).toHex());
    this.#streams = new BodyStreams({
      clock,
      limits: limits.bodyStreams,
      endsSilentSenders: true,
      // The client's connection breaks; a reason would be printed by the host as its own fault.
      abortReason: () => undefined,
      answer: (message, answer, blob) => this.#answerStream(message, answer, blob),
    });
    this.#bodies = new SharedRoom(limits.maxArrivingBytes);
    this.#pending = new PendingAnswers({
      clock,
      timeoutMs: limits.answerTimeoutMs,
      maxCount: limits.maxPendingCount,
      maxPerNetwork: limits.maxPendingPerNetwork,
      timedOut: () => emptyResponse(408),
      clientGone: () => emptyResponse(CLIENT_GONE),
    });
    const tokens = new LoginTokens({
      our,
      secret: options.secret,
      clock,
      lifeMs: limits.tokenLifeMs,
    });
    const { maxStreamsPerProcess } = this.#streams.limits;
    this.#readPlaces = new StreamPlaces(tokens, maxStreamsPerProcess);
    this.#writePlaces = new StreamPlaces(tokens, maxStreamsPerProcess);
    this.#answers = new AppAnswers(tokens.cookiePrefix);
    this.#login = {
      our,
      tokens,
      links: new LoginLinks({ clock, random, lifeMs: limits.loginLinkLifeMs }),
      attempts: new AttemptLimiter({
        clock,
        burstCount: limits.loginBurstCount,
        refillMs: limits.loginRefillMs,
      }),
      maxBodyBytes: limits.maxLoginBodyBytes,
      verifyPassword: options.verifyPassword,
    };
    this.#channels = new Channels({
      clock,
      random,
      maxCount: limits.maxSocketCount,
      maxWaitingBytes: limits.maxSocketsBufferedBytes,
      send: (request) => this.#started().send(request),
      respondAs: (target, id, body, blob) => this.#started().respondTo(target, id, { body, blob }),
    });
  }

  /** Path and query of a link that logs one browser in, once. */
  issueLoginPath(): string {
    return `/~/login?token=${this.#login.links.issue()}`;
  }

  start(context: ModuleContext): void {
    this.#context = context;
    this.#requests = {
      module: context,
      bindings: this.#bindings,
      plans: new RequestPlans(this.#bindings),
      channels: this.#channels,
      pending: this.#pending,
      streams: this.#streams,
      readPlaces: this.#readPlaces,
      proxies: this.#proxies,
      files: this.#options.files,
      maxBodyBytes: this.limits.maxBodyBytes,
      bodies: this.#bodies,
      maxStreamedBodyBytes: this.limits.maxStreamedBodyBytes,
      login: this.#login,
      hostRoutes: this.#options.hostRoutes,
      localToken: this.#options.localToken,
      dev: this.#options.dev,
      nextId: () => ++this.#lastId,
    };
  }

  /** Answers one request of a client; `undefined` when it became a web socket. */
  serve(request: Request, host: Host): Response | Promise<Response> | undefined {
    if (this.#requests === undefined) return emptyResponse(503);
    return handleRequest(this.#requests, request, host);
  }

  /** Requests that wait for apps, and how many were given up by their clients since the start. */
  get load(): HttpLoad {
    const { count, abandonedCount } = this.#pending;
    return { waitingCount: count, abandonedCount };
  }

  /** What the sockets report to. */
  get channels(): Channels {
    return this.#channels;
  }

  handle(message: KernelMessage): void {
    const request = message.message;
    if (request.kind === "response") return this.#answered(message);
    const { source } = message;
    if (source.node !== this.#started().our) {
      this.#started().print(1, `http-server: dropped a message from another node, ${source.node}`);
      return;
    }
    const action = decodeHttpAction(request.body);
    if (action === undefined) return this.#fail(message, "MalformedRequest");
    if ("stream" in action) return this.#streams.handle(message, action);
    const error = this.#act(message, action);
    if (error !== undefined) return this.#fail(message, error);
    // What an extension answers is the reply to such a push (§6.9).
    if (action.kind !== "WebSocketExtPushOutgoing") this.#succeed(message, OK_BODY, undefined);
  }

  sendError(message: KernelMessage, kind: SendErrorKind): void {
    const request = message.message;
    if (request.kind === "request" && request.expectsResponse === undefined) {
      this.#channels.undelivered(message);
      return;
    }
    const gone = kind === "offline" || !this.#started().exists(message.target.process);
    this.#pending.settle(message.id, emptyResponse(gone ? 503 : 408));
  }

  /** Nobody waits for a process that has ended; its sockets are closed. */
  processEnded(process: ProcessId): void {
    this.#pending.settleAll(process, () => emptyResponse(503));
    this.#channels.closeAllOf(process);
    this.#streams.processEnded(process);
    this.#readPlaces.processEnded(process);
    this.#writePlaces.processEnded(process);
    if (!this.#started().exists(process)) this.#bindings.releaseContent(process);
  }

  stop(): void | Promise<void> {
    this.#pending.close(() => emptyResponse(503));
    this.#channels.closeAll();
    this.#streams.closeAll();
  }

  /** §6.11 rows 2 and 13: an app's request is answered by that app, an RPC by a process of the node that was asked. */
  #answered(message: KernelMessage): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return this.#answeredLate(message);
    const { source } = message;
    const { our } = this.#started();
    if (pending.responder !== undefined && pending.responder !== source.process) return;
    if (source.node !== our && source.node !== pending.node) return;
    const response = pending.read?.(message) ?? this.#appResponse(message, pending);
    this.#pending.settle(message.id, response);
  }

  /** Nobody waits any more. A body that was to come in parts is never asked for: who makes it may stop. */
  #answeredLate({ source, message, blob }: KernelMessage): void {
    if (source.node !== this.#started().our || blob !== undefined) return;
    const stream = this.#answers.read(message.body)?.bodyStream;
    if (stream === undefined || this.#streams.isWriting(source.process, stream)) return;
    this.#tellAborted(source, stream);
  }

  #appResponse(message: KernelMessage, pending: PendingAnswer): Response {
    const answer = this.#answers.read(message.message.body);
    if (answer === undefined) return emptyResponse(500);
    if (answer.bodyStream !== undefined && message.blob === undefined) {
      return this.#streamedResponse(message.source, answer.bodyStream, answer, pending);
    }
    const bytes = message.blob?.bytes ?? "";
    return new Response(answer.hasBody ? bytes : null, answer);
  }

  /** The app writes the body from now on; the client that goes away is told to it. */
  #streamedResponse(
    app: Address,
    stream: number,
    answer: AppAnswer,
    { client }: PendingAnswer,
  ): Response {
    const { process } = app;
    const abandoned = (): void => this.#tellAborted(app, stream);
    if (!answer.hasBody || client?.request.method === "HEAD") {
      abandoned();
      return new Response(null, answer);
    }
    const place = this.#writePlaces.open(process, client);
    const over = (): void => {
      place?.release();
      client?.letGo();
    };
    const body = place && this.#streams.openWrite(process, stream, { abandoned, over });
    if (body === undefined) {
      place?.release();
      this.#started().print(
        1,
        `http-server: refused stream ${stream} of ${process}: taken, or too many`,
      );
      abandoned();
      return emptyResponse(503);
    }
    client?.hold();
    const { signal } = client?.request ?? {};
    if (signal?.aborted === true) this.#streams.closeWrite(process, stream);
    else signal?.addEventListener("abort", () => this.#streams.closeWrite(process, stream));
    return new Response(body, answer);
  }

  #tellAborted(target: Address, stream: number): void {
    const body = encoder.encode(JSON.stringify({ BodyAbort: { stream } }));
    this.#started().send({ target, body });
  }

  /** As all answers of this module: errors always and to the source, success when somebody expects it. */
  #answerStream(
    message: KernelMessage,
    answer: BodyStreamAnswer,
    blob: LazyLoadBlob | undefined,
  ): void {
    if ("Err" in answer) return this.#fail(message, answer.Err);
    const body =
      "BodyChunk" in (answer.Ok ?? {}) ? encoder.encode(JSON.stringify(answer)) : OK_BODY;
    this.#succeed(message, body, blob);
  }

  #act(message: KernelMessage, action: Exclude<HttpAction, BodyAction>): HttpErrorName | undefined {
    const { source, blob } = message;
    const { process } = source;
    switch (action.kind) {
      case "Bind":
      case "SecureBind":
      case "WebSocketBind":
      case "WebSocketSecureBind":
        return this.#bind(message, action);
      case "Unbind":
        return this.#checkBound(process, this.#bindings.unbindHttp(process, action.path), true);
      case "WebSocketUnbind":
        return this.#checkBound(process, this.#bindings.unbindSocket(process, action.path), true);
      case "WebSocketPush":
        return this.#channels.push(process, action.channelId, action.type, blob);
      case "WebSocketExtPushOutgoing":
        return this.#channels.pushToExtension(
          process,
          action.channelId,
          { type: action.type, replyType: action.replyType, requestId: message.id },
          blob,
        );
      case "WebSocketClose":
        return this.#channels.close(process, action.channelId);
    }
  }

  #bind(
    message: KernelMessage,
    action: Extract<Exclude<HttpAction, BodyAction>, { kind: `${string}Bind` }>,
  ): HttpErrorName | undefined {
    const app = message.source;
    if (!isNameSafeProcessId(app.process)) return "InvalidSourceProcess";
    const secure = action.kind === "SecureBind" || action.kind === "WebSocketSecureBind";
    const authenticated = "authenticated" in action ? action.authenticated : true;
    if ("extension" in action) {
      const options = { authenticated, secure, extension: action.extension };
      return this.#checkBound(
        app.process,
        this.#bindings.bindSocket(app, action.path, options),
        false,
      );
    }
    if (action.cache && message.blob === undefined) return "NoBlob";
    const { file } = action.options;
    if (file !== undefined && action.cache) return "MalformedRequest";
    if (file !== undefined && this.#options.files?.mayRead(app.process, file.path) !== true) {
      return "NoReadCap";
    }
    const blob = action.cache ? message.blob : undefined;
    const localOnly = "localOnly" in action && action.localOnly;
    const options = { authenticated, localOnly, secure, blob, more: action.options };
    return this.#checkBound(app.process, this.#bindings.bindHttp(app, action.path, options), false);
  }

  /** The specification has no error for a used-up limit; the person gets the reason. */
  #checkBound(
    process: ProcessId,
    refusal: BindRefusal | undefined,
    isFine: boolean,
  ): HttpErrorName | undefined {
    if (refusal === undefined || isFine) return undefined;
    this.#started().print(0, `http-server: refused a path of ${process}: ${refusal}`);
    return "MalformedRequest";
  }

  #succeed(message: KernelMessage, body: Uint8Array, blob: LazyLoadBlob | undefined): void {
    const request = message.message;
    const isExpected = request.kind === "request" && request.expectsResponse !== undefined;
    if (message.rsvp === undefined && !isExpected) return;
    this.#started().respond(message, { body, blob });
  }

  /** Errors are answered in any case, and to the source whatever rsvp says (§1.2). */
  #fail(message: KernelMessage, error: HttpErrorName | BodyStreamError): void {
    const body = encoder.encode(JSON.stringify({ Err: error }));
    this.#started().respondTo(message.source, message.id, { body });
  }

  #started(): ModuleContext {
    if (this.#context === undefined) throw new TypeError("The http-server module was not started");
    return this.#context;
  }
}

function randomStart(random: Random): number {
  return Number(BigInt(random.u64()) & 0xf_ffff_ffff_ffffn);
}

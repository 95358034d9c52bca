/**
 * The runtime module `http-server:distro:sys` without its sockets: messages of processes in, answers of apps back to
 * browsers. `http-server-bun.ts` puts it on a port.
 * Source: spec/runtime-modules.md §6.
 * @module
 */
import {
  HTTP_SERVER_PROCESS,
  isNameSafeProcessId,
  type Clock,
  type KernelMessage,
  type ModuleContext,
  type NodeId,
  type ProcessId,
  type Random,
  type RuntimeModule,
  type SendErrorKind,
  type SignedRequest,
} from "@kinode-ts/types";
import { decodeHttpAction, type HttpAction, type HttpErrorName } from "./actions.ts";
import { AppAnswers } from "./app-answer.ts";
import { AttemptLimiter } from "./attempt-limiter.ts";
import { Bindings, type BindRefusal } from "./bindings.ts";
import { Channels } from "./channels.ts";
import type { HostRoute } from "./host-route.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import type { LoginContext } from "./login-handler.ts";
import { LoginLinks } from "./login-links.ts";
import { LoginTokens } from "./login-tokens.ts";
import { PendingAnswers } from "./pending-answers.ts";
import { handleRequest, type Host, type RequestContext } from "./request-handler.ts";
import { RequestPlans } from "./request-plans.ts";
import { emptyResponse } from "./responses.ts";

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
}

const encoder = new TextEncoder();
const OK_BODY = encoder.encode('{"Ok":null}');

export class HttpModule implements RuntimeModule {
  readonly id = HTTP_SERVER_PROCESS;
  readonly limits: HttpLimits;
  readonly #options: HttpModuleOptions;
  readonly #bindings: Bindings;
  readonly #pending: PendingAnswers;
  readonly #answers: AppAnswers;
  readonly #login: LoginContext;
  readonly #channels: Channels;
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
    this.#bindings = new Bindings(limits);
    this.#pending = new PendingAnswers({
      clock,
      timeoutMs: limits.answerTimeoutMs,
      maxCount: limits.maxPendingCount,
      timedOut: () => emptyResponse(408),
    });
    const tokens = new LoginTokens({
      our,
      secret: options.secret,
      clock,
      lifeMs: limits.tokenLifeMs,
    });
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
      random,
      maxCount: limits.maxSocketCount,
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
    const error = this.#act(message, action);
    if (error !== undefined) return this.#fail(message, error);
    // What an extension answers is the reply to such a push (§6.9).
    if (action.kind !== "WebSocketExtPushOutgoing") this.#succeed(message, request);
  }

  sendError(message: KernelMessage, kind: SendErrorKind): void {
    const gone = kind === "offline" || !this.#started().exists(message.target.process);
    this.#pending.settle(message.id, emptyResponse(gone ? 503 : 408));
  }

  /** Nobody waits for a process that has ended; its sockets are closed. */
  processEnded(process: ProcessId): void {
    this.#pending.settleAll(process, () => emptyResponse(503));
    this.#channels.closeAllOf(process);
    if (!this.#started().exists(process)) this.#bindings.releaseContent(process);
  }

  stop(): void | Promise<void> {
    this.#pending.close(() => emptyResponse(503));
    this.#channels.closeAll();
  }

  /** §6.11 rows 2 and 13: an app's request is answered by that app, an RPC by a process of the node that was asked. */
  #answered(message: KernelMessage): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    const { source } = message;
    const { our } = this.#started();
    if (pending.responder !== undefined && pending.responder !== source.process) return;
    if (source.node !== our && source.node !== pending.node) return;
    const response = pending.read?.(message) ?? this.#appResponse(message);
    this.#pending.settle(message.id, response);
  }

  #appResponse(message: KernelMessage): Response {
    const answer = this.#answers.read(message.message.body);
    if (answer === undefined) return emptyResponse(500);
    const bytes = message.blob?.bytes ?? "";
    return new Response(answer.hasBody ? bytes : null, answer);
  }

  #act(message: KernelMessage, action: HttpAction): HttpErrorName | undefined {
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
    action: Extract<HttpAction, { kind: `${string}Bind` }>,
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
    const blob = action.cache ? message.blob : undefined;
    const localOnly = "localOnly" in action && action.localOnly;
    const options = { authenticated, localOnly, secure, blob };
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

  #succeed(message: KernelMessage, request: SignedRequest): void {
    if (message.rsvp === undefined && request.expectsResponse === undefined) return;
    this.#started().respond(message, { body: OK_BODY });
  }

  /** Errors are answered in any case, and to the source whatever rsvp says (§1.2). */
  #fail(message: KernelMessage, error: HttpErrorName): void {
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

/**
 * One HTTP request: who answers it, and whether the asker may.
 * Source: spec/runtime-modules.md §6.3 (the order of the steps).
 * @module
 */
import type { Address, ModuleContext } from "@kinode-ts/types";
import { appMessageJson, headersJson, type Peer } from "./app-message.ts";
import type { Bindings, HttpRoute } from "./bindings.ts";
import type { BodyStreams } from "./body-streams/index.ts";
import type { Channel, Channels } from "./channels.ts";
import { Client } from "./request-client.ts";
import { encodeText } from "./encode-text.ts";
import type { HostRoute } from "./host-route.ts";
import { handleLogin, type LoginContext } from "./login-handler.ts";
import { loginPageResponse } from "./login-page.ts";
import type { PendingAnswers } from "./pending-answers.ts";
import { boundRequest, declaredLength, limitBody, readBody } from "./request-body.ts";
import type { RequestPlan, RequestPlans } from "./request-plans.ts";
import type { RequestTarget } from "./request-target.ts";
import { emptyResponse, errorResponse, redirectResponse, textResponse } from "./responses.ts";
import type { RouteMatch } from "./route-table.ts";
import { isBearer, readRpcRequest, refuseRpc, RPC_PATH, rpcResponse } from "./rpc.ts";
import { answerFile, type ServedFiles } from "./served-file.ts";
import type { SharedRoom } from "./shared-room.ts";
import type { StreamPlaces } from "./stream-places.ts";
import { admitSocket } from "./socket-admission.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";
import { networkOfClient } from "./waiting-shares.ts";

export interface RequestContext {
  readonly module: ModuleContext;
  readonly bindings: Bindings;
  readonly plans: RequestPlans;
  readonly channels: Channels;
  readonly pending: PendingAnswers;
  readonly streams: BodyStreams;
  /** For bodies that apps read in parts. */
  readonly readPlaces: StreamPlaces;
  readonly proxies: TrustedProxies;
  readonly files: ServedFiles | undefined;
  readonly maxBodyBytes: number;
  /** For bodies that are kept whole, by network. */
  readonly bodies: SharedRoom<string>;
  readonly maxStreamedBodyBytes: number;
  readonly login: LoginContext;
  readonly hostRoutes: readonly HostRoute[];
  readonly localToken: string;
  readonly dev: boolean;
  /** A fresh message id. */
  readonly nextId: () => number;
}

/** What the host's server can tell about and do with a request. */
export interface Host {
  /** Where it came from. */
  peerOf(request: Request): Peer | null;
  /** Its headers by lower-case name; values of one name joined, of `set-cookie` maybe a list. */
  headersOf(request: Request): Record<string, string | readonly string[] | undefined>;
  /** Makes it a web socket; false when it is no proper upgrade. */
  upgrade(request: Request, channel: Channel): boolean;
  /** Whether the connection of a request, from now on, ends when it is idle. It does at first. */
  limitIdle(request: Request, isLimited: boolean): void;
}

type Answer = Response | Promise<Response>;

const EMPTY = new Uint8Array(0);
const BODY_FAULTS = { "too-large": 413, "no-room": 503, broken: 400 } as const;
const ANSWER_SECONDS = 15;
/** For bodies in parts, which take as long as they take: the server itself sees whether the app is at work. */
const STREAM_ANSWER_SECONDS = 86_400;
const encoder = new TextEncoder();

/**
 * Never throws and never rejects for what a client sends.
 * @returns `undefined` when the request became a web socket
 */
export function handleRequest(
  ctx: RequestContext,
  request: Request,
  host: Host,
): Answer | undefined {
  const client = new Client(request, host, ctx.proxies);
  const plan = ctx.plans.find(client.url);
  // The node's own pages are of one origin: who names no host is none of theirs.
  if (plan === undefined || (plan.isOwn && client.isNameless)) {
    return textResponse(400, "Bad Host header or query");
  }
  if (plan.mayUpgrade && becomesSocket(ctx, client, plan, host)) return undefined;
  if (plan.isOwn) {
    const own = handleOwn(ctx, client, plan.target);
    if (own !== undefined) return own;
  }
  return plan.match === undefined
    ? emptyResponse(404)
    : handleRoute(ctx, client, plan, plan.match, host);
}

/** A socket that is refused goes on as a plain request (§6.8). */
function becomesSocket(
  ctx: RequestContext,
  client: Client,
  { target }: RequestPlan,
  host: Host,
): boolean {
  const { bindings, channels, login, module } = ctx;
  const parts = { bindings, channels, tokens: login.tokens, exists: module.exists };
  const channel = admitSocket(parts, client, target);
  if (channel === undefined) return false;
  if (host.upgrade(client.request, channel)) return true;
  channels.dismiss(channel);
  return false;
}

function handleOwn(ctx: RequestContext, client: Client, target: RequestTarget): Answer | undefined {
  const login = handleLogin(ctx.login, client, target);
  if (login !== undefined) return login;
  if (target.path === RPC_PATH) return handleRpc(ctx, client, target);
  const path = `${target.path}/`;
  const route = ctx.hostRoutes.find(({ prefix }) => path.startsWith(prefix));
  if (route === undefined) return path.startsWith("/~/") ? emptyResponse(404) : undefined;
  const { peer } = client;
  const request = boundRequest(client.request, ctx.maxBodyBytes);
  if (request === undefined) return emptyResponse(413);
  const answer = route.handle(request, {
    authenticated: isBearer(request.headers, ctx.localToken) || isLoggedIn(ctx, request),
    loopback: client.isLocal,
    peer,
    sameOrigin: client.isSameOrigin,
    protocol: client.protocol,
    host: target.host,
  });
  return keepStreamOpen(answer, () => client.hold());
}

/** Streams of events may be silent for long. */
async function keepStreamOpen(
  answer: Response | Promise<Response>,
  keepOpen: () => void,
): Promise<Response> {
  const response = await answer;
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) keepOpen();
  return response;
}

function isLoggedIn(ctx: RequestContext, request: Request): boolean {
  return ctx.login.tokens.isLoggedIn(request.headers.get("cookie"), null);
}

function handleRoute(
  ctx: RequestContext,
  client: Client,
  plan: RequestPlan,
  match: RouteMatch<HttpRoute>,
  host: Host,
): Answer {
  const route = match.value;
  const { request } = client;
  if (route.authenticated) {
    const refusal = refuseStranger(ctx, client, plan.target, route);
    if (refusal !== undefined) return refusal;
  }
  if (route.localOnly && !client.isLocal) return emptyResponse(403);
  if (!ctx.module.exists(route.app.process)) return emptyResponse(503);
  const tooOften = refuseRate(route, client);
  if (tooOften !== undefined) return tooOften;
  return answerKept(ctx, route, request) ?? askApp(ctx, client, plan, route, host);
}

/** What the server answers without the app. */
function answerKept(
  ctx: RequestContext,
  { app, content, options }: HttpRoute,
  request: Request,
): Answer | undefined {
  const { file, head } = options;
  if (content === undefined && file === undefined) return undefined;
  const { method } = request;
  if (method !== "GET" && method !== "HEAD") return undefined;
  if (content !== undefined && (method === "GET" || head)) return content.answer(request);
  return file && answerFile(ctx.files!, app.process, file, request);
}

/** Before the body is read: what comes too often costs no more than its head. */
function refuseRate({ rate }: HttpRoute, client: Client): Response | undefined {
  if (rate === undefined) return undefined;
  const address = rate.needsAddress ? (client.peer?.address ?? "") : "";
  const seconds = rate.take(address);
  if (seconds === 0) return undefined;
  const response = emptyResponse(429);
  response.headers.set("retry-after", String(seconds));
  return response;
}

/** Step 5: the right origin, then the right token. */
function refuseStranger(
  ctx: RequestContext,
  client: Client,
  target: RequestTarget,
  route: HttpRoute,
): Response | undefined {
  const { tokens } = ctx.login;
  const label = route.secureLabel;
  if (label !== undefined) {
    const found = target.host.split(".")[0]!;
    if (found === "") return textResponse(401, "This page needs a host with a subdomain");
    if (found !== label.toLowerCase()) {
      return redirectResponse(307, secureUrl(client, target, label));
    }
  }
  const scope = label === undefined ? null : route.app.process;
  if (tokens.isLoggedIn(client.request.headers.get("cookie"), scope)) return undefined;
  return loginPageResponse(ctx.login.our);
}

/** Addresses of this machine have no subdomains; its name has. */
function secureUrl(client: Client, target: RequestTarget, label: string): string {
  const isAddress = /^127\.|^\[/.test(target.host);
  const authority = isAddress
    ? `localhost${target.authority.slice(target.host.length)}`
    : target.authority;
  const query = target.query === "" ? "" : `?${target.query}`;
  return `${client.protocol}://${label}.${authority}${target.path || "/"}${query}`;
}

function askApp(
  ctx: RequestContext,
  client: Client,
  plan: RequestPlan,
  { app, options }: HttpRoute,
  host: Host,
): Answer {
  const { request } = client;
  const { method } = request;
  const headers = host.headersOf(request);
  const { cookie } = headers;
  if (typeof cookie === "string") headers["cookie"] = ctx.login.tokens.withoutLogin(cookie);
  // The wire has one value for each name: the last.
  const setCookie = headers["set-cookie"];
  if (typeof setCookie === "object") headers["set-cookie"] = setCookie.at(-1);
  const single = headers as Record<string, string | undefined>;
  const hasBody =
    (method !== "GET" && method !== "HEAD") ||
    headers["content-length"] !== undefined ||
    headers["transfer-encoding"] !== undefined;
  if (!hasBody && !options.streamRequest) {
    return sendToApp(ctx, client, app, plan.message.encode(client.peer, method, single), EMPTY);
  }
  const nodeMaxBytes = options.streamRequest ? ctx.maxStreamedBodyBytes : ctx.maxBodyBytes;
  const maxBytes = Math.min(options.maxBodyBytes ?? nodeMaxBytes, nodeMaxBytes);
  const length = declaredLength(request.headers);
  if (length !== undefined && length > maxBytes) return emptyResponse(413);
  if (options.streamRequest) {
    const json = headersJson(single);
    const message = (stream: number): Uint8Array =>
      encodeText(appMessageJson(client.peer, method, plan.routeJson, json, stream));
    return streamToApp(ctx, client, app, message, maxBytes);
  }
  const room = ctx.bodies.open(networkOfClient(client));
  return readBody(request, maxBytes, room).then((bytes) => {
    room.release();
    if (typeof bytes !== "string") {
      return sendToApp(ctx, client, app, plan.message.encode(client.peer, method, single), bytes);
    }
    return emptyResponse(BODY_FAULTS[bytes]);
  });
}

function sendToApp(
  ctx: RequestContext,
  client: Client,
  app: Address,
  body: Uint8Array,
  bytes: Uint8Array,
): Answer {
  if (ctx.pending.isFullFor(client)) return emptyResponse(503);
  const id = ctx.nextId();
  const pending = ctx.pending.add(id, app.process, ctx.module.our, { client });
  ctx.module.send({
    target: app,
    body,
    blob: { mime: undefined, bytes },
    expectsResponse: ANSWER_SECONDS,
    id,
  });
  return pending.response();
}

/** The app reads the body itself; its time to answer starts anew with each part. */
function streamToApp(
  ctx: RequestContext,
  client: Client,
  app: Address,
  message: (stream: number) => Uint8Array,
  maxBytes: number,
): Answer {
  const { pending, streams } = ctx;
  if (pending.isFullFor(client) || !streams.canRead(app.process)) return emptyResponse(503);
  const place = ctx.readPlaces.open(app.process, client);
  if (place === undefined) return emptyResponse(503);
  const id = ctx.nextId();
  const stream = streams.freshReadId(app.process);
  const exceeded = (): void => pending.settle(id, emptyResponse(413));
  const body = limitBody(client.request.body ?? emptyBody(), maxBytes, exceeded);
  // The host would end those that send little, and those that the app lets wait.
  client.hold();
  streams.openRead(app.process, stream, body, { active: () => pending.touch(id) });
  const isHeldUp = (): boolean => streams.isReading(app.process, stream);
  const answer = pending.add(id, app.process, ctx.module.our, { client, isHeldUp });
  ctx.module.send({
    target: app,
    body: message(stream),
    blob: undefined,
    expectsResponse: STREAM_ANSWER_SECONDS,
    id,
  });
  return Promise.resolve(answer.response()).finally(() => {
    place.release();
    client.letGo();
  });
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

async function handleRpc(
  ctx: RequestContext,
  client: Client,
  target: RequestTarget,
): Promise<Response> {
  const refusal = refuseRpc(ctx, client);
  if (refusal !== undefined) return refusal;
  const request = boundRequest(client.request, ctx.maxBodyBytes);
  if (request === undefined) return emptyResponse(413);
  const rpc = readRpcRequest(await request.text().catch(() => ""));
  if (rpc === undefined) return emptyResponse(400);
  const node = rpc.node === undefined || rpc.node === "our" ? ctx.module.our : rpc.node;
  const message = {
    target: { node, process: rpc.process },
    body: encoder.encode(rpc.body),
    blob: rpc.blob,
    metadata: rpc.metadata,
  };
  if (rpc.expectsResponse === undefined) {
    ctx.module.send(message);
    return emptyResponse(200);
  }
  if (ctx.pending.isFull) return errorResponse(503, "http.busy", "Too many requests are waiting");
  const id = ctx.nextId();
  const old = new URLSearchParams(target.query).get("v") === "0";
  const pending = ctx.pending.add(id, undefined, node, {
    client,
    read: (answer) => rpcResponse(answer, old),
  });
  ctx.module.send({
    ...message,
    id,
    expectsResponse: rpc.expectsResponse,
    rsvp: ctx.module.address,
  });
  return await pending.response();
}

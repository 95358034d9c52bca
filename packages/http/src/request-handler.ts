/**
 * One HTTP request: who answers it, and whether the asker may.
 * Source: spec/runtime-modules.md §6.3 (the order of the steps).
 * @module
 */
import type { Address, ModuleContext } from "@kinode-ts/types";
import { appMessageJson, headerJson, type Peer } from "./app-message.ts";
import type { Bindings, HttpRoute } from "./bindings.ts";
import type { Channel, Channels } from "./channels.ts";
import { encodeText } from "./encode-text.ts";
import type { HostRoute } from "./host-route.ts";
import { handleLogin, protocolOf, type LoginContext } from "./login-handler.ts";
import { loginPageResponse } from "./login-page.ts";
import type { PendingAnswers } from "./pending-answers.ts";
import type { RequestPlan, RequestPlans } from "./request-plans.ts";
import type { RequestTarget } from "./request-target.ts";
import { emptyResponse, errorResponse, redirectResponse, textResponse } from "./responses.ts";
import type { RouteMatch } from "./route-table.ts";
import { isBearer, readRpcRequest, refuseRpc, RPC_PATH, rpcResponse } from "./rpc.ts";
import { admitSocket } from "./socket-admission.ts";
import { isLocal, isSameOrigin } from "./trust.ts";

export interface RequestContext {
  readonly module: ModuleContext;
  readonly bindings: Bindings;
  readonly plans: RequestPlans;
  readonly channels: Channels;
  readonly pending: PendingAnswers;
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
  /** Makes it a web socket; false when it is no proper upgrade. */
  upgrade(request: Request, channel: Channel): boolean;
  /** Lets the connection of a request stay open without traffic. */
  keepOpen(request: Request): void;
}

type Answer = Response | Promise<Response>;

const EMPTY = new Uint8Array(0);
const ANSWER_SECONDS = 15;
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
  const plan = ctx.plans.find(request.url);
  if (plan === undefined) return textResponse(400, "Bad Host header or query");
  if (plan.mayUpgrade && becomesSocket(ctx, request, plan, host)) return undefined;
  if (plan.isOwn) {
    const own = handleOwn(ctx, request, plan.target, host);
    if (own !== undefined) return own;
  }
  return plan.match === undefined
    ? emptyResponse(404)
    : handleRoute(ctx, request, plan, plan.match, host);
}

/** A socket that is refused goes on as a plain request (§6.8). */
function becomesSocket(
  ctx: RequestContext,
  request: Request,
  { target }: RequestPlan,
  host: Host,
): boolean {
  const { bindings, channels, login, module } = ctx;
  const parts = { bindings, channels, tokens: login.tokens, exists: module.exists };
  const channel = admitSocket(parts, request, target, () => host.peerOf(request));
  if (channel === undefined) return false;
  if (host.upgrade(request, channel)) return true;
  channels.dismiss(channel);
  return false;
}

function handleOwn(
  ctx: RequestContext,
  request: Request,
  target: RequestTarget,
  host: Host,
): Answer | undefined {
  const login = handleLogin(ctx.login, request, target, () => host.peerOf(request));
  if (login !== undefined) return login;
  if (target.path === RPC_PATH) return handleRpc(ctx, request, target, host.peerOf(request));
  const path = `${target.path}/`;
  const route = ctx.hostRoutes.find(({ prefix }) => path.startsWith(prefix));
  if (route === undefined) return path.startsWith("/~/") ? emptyResponse(404) : undefined;
  const peer = host.peerOf(request);
  const { headers } = request;
  const answer = route.handle(request, {
    authenticated: isBearer(headers, ctx.localToken) || isLoggedIn(ctx, request),
    loopback: isLocal(peer, headers),
    peer,
    sameOrigin: isSameOrigin(headers),
  });
  return keepStreamOpen(answer, () => host.keepOpen(request));
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
  request: Request,
  plan: RequestPlan,
  match: RouteMatch<HttpRoute>,
  host: Host,
): Answer {
  const route = match.value;
  if (route.authenticated) {
    const refusal = refuseStranger(ctx, request, plan.target, route);
    if (refusal !== undefined) return refusal;
  }
  if (route.localOnly && !isLocal(host.peerOf(request), request.headers)) {
    return emptyResponse(403);
  }
  if (!ctx.module.exists(route.app.process)) return emptyResponse(503);
  if (route.content !== undefined && request.method === "GET") {
    return new Response(route.content.bytes, { headers: { "content-type": route.content.type } });
  }
  return askApp(ctx, request, plan, route.app, host);
}

/** Step 5: the right origin, then the right token. */
function refuseStranger(
  ctx: RequestContext,
  request: Request,
  target: RequestTarget,
  route: HttpRoute,
): Response | undefined {
  const { tokens } = ctx.login;
  const label = route.secureLabel;
  if (label !== undefined) {
    const found = target.host.split(".")[0]!;
    if (found === "") return textResponse(401, "This page needs a host with a subdomain");
    if (found !== label.toLowerCase())
      return redirectResponse(307, secureUrl(request, target, label));
  }
  const scope = label === undefined ? null : route.app.process;
  if (tokens.isLoggedIn(request.headers.get("cookie"), scope)) return undefined;
  return loginPageResponse(ctx.login.our);
}

/** Addresses of this machine have no subdomains; its name has. */
function secureUrl(request: Request, target: RequestTarget, label: string): string {
  const isAddress = /^127\.|^\[/.test(target.host);
  const authority = isAddress
    ? `localhost${target.authority.slice(target.host.length)}`
    : target.authority;
  const query = target.query === "" ? "" : `?${target.query}`;
  return `${protocolOf(request)}://${label}.${authority}${target.path || "/"}${query}`;
}

function askApp(
  ctx: RequestContext,
  request: Request,
  plan: RequestPlan,
  app: Address,
  host: Host,
): Answer {
  const { method } = request;
  let headers = "";
  let hasBody = method !== "GET" && method !== "HEAD";
  request.headers.forEach((value, name) => {
    let kept: string | undefined = value;
    if (name === "cookie") kept = ctx.login.tokens.withoutLogin(value);
    else if (name === "content-length" || name === "transfer-encoding") hasBody = true;
    if (kept === undefined) return;
    headers += headers === "" ? headerJson(name, kept) : `,${headerJson(name, kept)}`;
  });
  const json = appMessageJson(host.peerOf(request), method, plan.routeJson, headers);
  const body = encodeText(json);
  if (!hasBody) return sendToApp(ctx, app, body, EMPTY);
  return request.bytes().then(
    (bytes) => sendToApp(ctx, app, body, bytes),
    () => emptyResponse(400),
  );
}

function sendToApp(ctx: RequestContext, app: Address, body: Uint8Array, bytes: Uint8Array): Answer {
  if (ctx.pending.isFull) return emptyResponse(503);
  const id = ctx.nextId();
  const pending = ctx.pending.add(id, app.process, ctx.module.our);
  ctx.module.send({
    target: app,
    body,
    blob: { mime: undefined, bytes },
    expectsResponse: ANSWER_SECONDS,
    id,
  });
  return pending.response();
}

async function handleRpc(
  ctx: RequestContext,
  request: Request,
  target: RequestTarget,
  peer: Peer | null,
): Promise<Response> {
  const refusal = refuseRpc(ctx, request.headers, peer);
  if (refusal !== undefined) return refusal;
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
  const pending = ctx.pending.add(id, undefined, node, (answer) => rpcResponse(answer, old));
  ctx.module.send({
    ...message,
    id,
    expectsResponse: rpc.expectsResponse,
    rsvp: ctx.module.address,
  });
  return await pending.response();
}

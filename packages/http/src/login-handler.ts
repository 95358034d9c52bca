/**
 * Logging in and out: the password, one-time links, cookies.
 * Source: spec/runtime-modules.md §6.6.
 * @module
 */
import { isProcessId, type ProcessId } from "@kinode-ts/types";
import type { AttemptLimiter } from "./attempt-limiter.ts";
import type { Client } from "./request-client.ts";
import type { LoginLinks } from "./login-links.ts";
import { loginPageResponse, loginScriptResponse, LOGIN_SCRIPT_PATH } from "./login-page.ts";
import type { LoginTokens } from "./login-tokens.ts";
import type { RequestTarget } from "./request-target.ts";
import { errorResponse, jsonResponse, redirectResponse } from "./responses.ts";

export interface LoginContext {
  readonly our: string;
  readonly tokens: LoginTokens;
  readonly links: LoginLinks;
  readonly attempts: AttemptLimiter;
  readonly maxBodyBytes: number;
  /** Bytes of the encrypted keyfile when the password hash opens it. */
  readonly verifyPassword: (hash: string) => Promise<Uint8Array | undefined>;
}

/** @returns `undefined` when the request is not about logging in */
export function handleLogin(
  ctx: LoginContext,
  client: Client,
  target: RequestTarget,
): Response | Promise<Response> | undefined {
  const { request } = client;
  switch (target.path) {
    case "/login":
      if (request.method === "GET") return loginPageResponse(ctx.our);
      return isLoginPost(ctx, request) ? postLogin(ctx, client, target) : undefined;
    case LOGIN_SCRIPT_PATH:
      return loginScriptResponse();
    case "/~/login":
      return request.method === "GET" ? followLink(ctx, client, target) : undefined;
    case "/~/logout":
      return request.method === "POST" ? logOut(ctx, client) : undefined;
    default:
      return undefined;
  }
}

/** Bodies of unknown or large size are not taken here; they fall to the router (§6.6 table). */
function isLoginPost(ctx: LoginContext, request: Request): boolean {
  const length = request.headers.get("content-length");
  if (request.method !== "POST" || length === null) return false;
  return Number(length) <= ctx.maxBodyBytes;
}

async function postLogin(
  ctx: LoginContext,
  client: Client,
  target: RequestTarget,
): Promise<Response> {
  if (!client.isSameOrigin) {
    return errorResponse(403, "http.cross-origin", "Pages of other sites may not log in");
  }
  const login = readLogin(await client.request.text());
  if (login === undefined) return jsonResponse(400, "Failed to parse login info");
  const who = client.peer?.address ?? "unknown";
  const attempt = await ctx.attempts.attempt(who, async () => ({
    keyfile: await ctx.verifyPassword(login.hash),
  }));
  if (attempt === undefined) {
    return jsonResponse(429, "Too many attempts; try again later", [["retry-after", "60"]]);
  }
  if (attempt.keyfile === undefined) {
    return jsonResponse(401, "Failed to decode keyfile: failed to decrypt networking keys");
  }
  ctx.attempts.forgive(who);
  const cookie = ["set-cookie", ctx.tokens.issueCookie(login.process, isSecure(client))] as const;
  const redirect = safeRedirect(target.query);
  if (redirect === undefined) return jsonResponse(200, attempt.keyfile.toBase64(), [cookie]);
  const location = `${client.protocol}://${target.authority}${redirect}`;
  return redirectResponse(303, location, [cookie]);
}

function followLink(ctx: LoginContext, client: Client, target: RequestTarget): Response {
  const token = new URLSearchParams(target.query).get("token") ?? "";
  if (!ctx.links.redeem(token)) {
    // The page in its place lets the person in with the password.
    const page = loginPageResponse(ctx.our, "ended-link");
    return new Response(page.body, { status: 403, headers: page.headers });
  }
  const cookie = ctx.tokens.issueCookie(null, isSecure(client));
  return redirectResponse(303, "/", [
    ["set-cookie", cookie],
    ["cache-control", "no-store"],
    ["referrer-policy", "no-referrer"],
  ]);
}

function logOut(ctx: LoginContext, client: Client): Response {
  if (!client.isSameOrigin) {
    return errorResponse(403, "http.cross-origin", "Pages of other sites may not log out");
  }
  return redirectResponse(303, "/", [
    ["set-cookie", ctx.tokens.clearCookie(null, isSecure(client))],
  ]);
}

interface Login {
  readonly hash: string;
  readonly process: ProcessId | null;
}

function readLogin(text: string): Login | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { password_hash: hash, subdomain } = json as Record<string, unknown>;
  if (typeof hash !== "string") return undefined;
  const scope = subdomain === undefined || subdomain === "" ? null : subdomain;
  if (scope === null) return { hash, process: null };
  return typeof scope === "string" && isProcessId(scope) ? { hash, process: scope } : undefined;
}

/** A path of this site, or `undefined`: one `/`, then anything but another slash of either kind. */
function safeRedirect(query: string): string | undefined {
  const redirect = new URLSearchParams(query).get("redirect");
  return redirect !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(redirect) ? redirect : undefined;
}

function isSecure(client: Client): boolean {
  return client.protocol === "https";
}

/**
 * Whether a web socket is let in. One that is not is answered as a plain request.
 * Source: spec/runtime-modules.md §6.8, §6.11 row 16.
 * @module
 */
import type { Bindings } from "./bindings.ts";
import type { Channel, Channels } from "./channels.ts";
import type { Client } from "./request-client.ts";
import type { LoginTokens } from "./login-tokens.ts";
import type { RequestTarget } from "./request-target.ts";
import { HOMEPAGE_PROCESS } from "./route-table.ts";
import { networkOfClient } from "./waiting-shares.ts";

export interface AdmissionContext {
  readonly bindings: Bindings;
  readonly channels: Channels;
  readonly tokens: LoginTokens;
  readonly exists: (process: Channel["app"]["process"]) => boolean;
}

/** @returns the channel that waits for its socket, or `undefined` */
export function admitSocket(
  ctx: AdmissionContext,
  client: Client,
  target: RequestTarget,
): Channel | undefined {
  const match = ctx.bindings.sockets.find(target.path);
  if (match === undefined || match.value === "unbound") return undefined;
  const { headers } = client.request;
  if (headers.get("upgrade")?.toLowerCase() !== "websocket" || !client.isSameOrigin) {
    return undefined;
  }
  const route = match.value;
  const label = route.secureLabel;
  if (label !== undefined && target.host.split(".")[0] !== label.toLowerCase()) return undefined;
  if (route.authenticated) {
    const scope = label === undefined ? null : route.app.process;
    if (!ctx.tokens.isLoggedIn(headers.get("cookie"), scope)) return undefined;
  }
  if (route.extension && !client.isLocal) return undefined;
  if (!ctx.exists(route.app.process)) return undefined;
  const path = pathForApp(route.app.process, target.path);
  const isKnown = route.authenticated || ctx.tokens.isLoggedIn(headers.get("cookie"), null);
  const stranger = isKnown ? undefined : networkOfClient(client);
  return ctx.channels.admit({ app: route.app, extension: route.extension, path, stranger });
}

function pathForApp(process: string, path: string): string {
  const rest = process === HOMEPAGE_PROCESS ? path : path.slice(process.length + 1);
  return rest === "" ? "/" : rest;
}

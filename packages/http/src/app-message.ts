/**
 * The JSON an app gets for one HTTP request. Written by hand: this is the way of every request.
 * Source: spec/runtime-modules.md §6.4.
 * @module
 */
import type { RequestTarget } from "./request-target.ts";
import type { RouteMatch } from "./route-table.ts";

/** Where a request came from; IPv6 addresses without brackets. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Everything outside visible ASCII, and what JSON escapes. */
const NEEDS_CARE = /[^\x20-\x7e]|["\\]/;
const INVISIBLE = /[^\t\x20-\x7e]/;

/** The members that follow from the URL and the route it found. */
export function routeJson(
  target: Pick<RequestTarget, "host" | "path" | "query">,
  match: Pick<RouteMatch<unknown>, "boundPath" | "params">,
): string {
  const url = quote(`http://${target.host}${target.path}`);
  const query = target.query === "" ? "{}" : queryJson(target.query);
  return `"url":${url},"bound_path":${quote(match.boundPath)},"url_params":${JSON.stringify(match.params)},"query_params":${query}`;
}

/**
 * The whole message.
 * @param route - of `routeJson`
 * @param headers - of `headersJson`
 * @param bodyStream - the stream that the body is read from
 */
export function appMessageJson(
  peer: Peer | null,
  method: string,
  route: string,
  headers: string,
  bodyStream?: number,
): string {
  const address = peer === null ? "null" : `"${peerText(peer)}"`;
  const stream = bodyStream === undefined ? "" : `,"body_stream":${bodyStream}`;
  return `{"Http":{"source_socket_addr":${address},"method":${quote(method)},${route},"headers":${headers}${stream}}}`;
}

/** `1.2.3.4:80`, `[::1]:80` */
export function peerText({ address, port }: Peer): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function quote(text: string): string {
  return NEEDS_CARE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** Form-decoded; of equal names the last wins. */
function queryJson(query: string): string {
  return JSON.stringify(Object.fromEntries(new URLSearchParams(query)));
}

/** The headers object. A value with anything but visible ASCII reads as ""; a name without value is left out. */
export function headersJson(headers: Readonly<Record<string, string | undefined>>): string {
  let json = "";
  // The fastest way through: the engine keeps the names of such an object together.
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    json += `${json === "" ? "{" : ","}"${name}":${valueJson(value)}`;
  }
  return json === "" ? "{}" : `${json}}`;
}

function valueJson(value: string): string {
  if (!NEEDS_CARE.test(value)) return `"${value}"`;
  return INVISIBLE.test(value) ? '""' : JSON.stringify(value);
}

/**
 * The `cookie` header without this node's own login cookies: apps have no use for them (§6.11 row 10).
 * @returns `undefined` when nothing is left
 */
export function withoutLoginCookies(cookie: string, prefix: string): string | undefined {
  if (!cookie.includes(prefix)) return cookie;
  // Browsers write a space behind each `;`, others may not.
  const rest = cookie.split(";").filter((part) => !part.trimStart().startsWith(prefix));
  return rest.join(";").trim() || undefined;
}

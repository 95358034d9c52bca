/**
 * Whether a request really comes from this machine, and from a page of this node.
 * A socket address alone proves nothing: a proxy on this machine makes everybody look local.
 * Source: spec/runtime-modules.md §6.3 step 6, §6.11 rows 5 and 16.
 * @module
 */
import type { Peer } from "./app-message.ts";

const PROXY_HEADERS = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-real-ip",
  "cf-connecting-ip",
];

export function isLoopback(peer: Peer | null): boolean {
  if (peer === null) return false;
  const { address } = peer;
  return address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127.");
}

export function cameThroughProxy(headers: Headers): boolean {
  return PROXY_HEADERS.some((name) => headers.has(name));
}

/** From a program on this machine, with no proxy between. */
export function isLocal(peer: Peer | null, headers: Headers): boolean {
  return isLoopback(peer) && !cameThroughProxy(headers);
}

/** A request without Origin is no cross-site one; with Origin its host must be the one that was asked. */
export function isSameOriginAs(headers: Headers, host: string | null): boolean {
  const origin = headers.get("origin");
  if (origin === null) return true;
  return host !== null && hostOfOrigin(origin) === host.toLowerCase();
}

function hostOfOrigin(origin: string): string | undefined {
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match?.[1]?.toLowerCase();
}

/** Host without its port. */
export function hostName(host: string): string {
  const match = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host);
  return match?.[1] ?? host;
}

/** Names that mean this machine to every resolver: what a rebinding attack cannot use. */
export function isLoopbackName(host: string | null): boolean {
  if (host === null) return false;
  const name = hostName(host.toLowerCase());
  return (
    name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127\./.test(name)
  );
}

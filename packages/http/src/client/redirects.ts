/**
 * What a redirect makes of a request. Source: spec/runtime-modules.md §7.1; RFC 9110 §15.4.
 * @module
 */
import type { HeaderList } from "./actions.ts";
import { headersForOtherHost } from "./header-fields.ts";

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderList;
  /** Whole, or as it comes: then it can be sent once. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Statuses after which the body has done its work, and the new place is only looked at. */
const LOOKS_ONLY: ReadonlySet<number> = new Set([301, 302, 303]);
const ABOUT_THE_BODY: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-language",
  "content-location",
  "content-type",
]);

export const isWebUrl = (url: URL): boolean =>
  url.protocol === "http:" || url.protocol === "https:";

/** The request that follows a response; `undefined` when it is no redirect, or one to nowhere. */
export function redirected(
  request: HttpRequest,
  status: number,
  location: string | undefined,
): HttpRequest | undefined {
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  const url = URL.parse(location, request.url.href);
  if (url === null || !isWebUrl(url)) return undefined;
  const headers =
    url.origin === request.url.origin ? request.headers : headersForOtherHost(request.headers);
  const isLook = request.method === "GET" || request.method === "HEAD";
  if (!LOOKS_ONLY.has(status) || isLook) return { ...request, url, headers };
  return {
    method: "GET",
    url,
    headers: headers.filter(([name]) => !ABOUT_THE_BODY.has(name.toLowerCase())),
    body: undefined,
  };
}

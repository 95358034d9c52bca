/**
 * What a request asks for: host, path and query, as one text each, cut once and used for everything.
 * The path is not percent-decoded; the host's server has resolved dot segments already.
 * Source: spec/runtime-modules.md §6.2 rule 4, §6.4.
 * @module
 */

export interface RequestTarget {
  /** Host with its port, lower case. */
  readonly authority: string;
  /** Host without its port. */
  readonly host: string;
  /** Without its one trailing slash: "" for the root. */
  readonly path: string;
  /** Behind the `?`; "" when there is none. */
  readonly query: string;
}

/**
 * @param url - as the host's server gives it: `http[s]://host[:port]/path[?query]`; a path alone when the Host header is
 * no host
 * @returns `undefined` for a bad Host header
 */
export function readRequestTarget(url: string): RequestTarget | undefined {
  const schemeLength = url.startsWith("http://") ? 7 : url.startsWith("https://") ? 8 : undefined;
  if (schemeLength === undefined) return undefined;
  const slash = url.indexOf("/", schemeLength);
  if (slash === -1 || slash === schemeLength) return undefined;
  const authority = url.slice(schemeLength, slash);
  if (authority.includes("@")) return undefined;
  const hash = url.indexOf("#", slash);
  const end = hash === -1 ? url.length : hash;
  const mark = url.indexOf("?", slash);
  const pathEnd = mark === -1 || mark > end ? end : mark;
  const last = url.charCodeAt(pathEnd - 1) === 0x2f ? pathEnd - 1 : pathEnd;
  return {
    authority,
    host: withoutPort(authority),
    path: url.slice(slash, last),
    query: pathEnd === end ? "" : url.slice(pathEnd + 1, end),
  };
}

function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(":");
  return colon === -1 || authority.endsWith("]") ? authority : authority.slice(0, colon);
}

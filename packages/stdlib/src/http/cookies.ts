/**
 * Cookies: reading what the browser sent, writing the one that an answer may set.
 * Source: RFC 6265, spec/runtime-modules.md §6.4 (one cookie per answer).
 * @module
 */
import type { Duration } from "../duration.ts";
import { toSeconds } from "../duration.ts";

/** Where and how long a cookie holds. */
export interface CookieOptions {
  /** Default: until the browser is closed. 0 removes the cookie. */
  readonly maxAge?: Duration | undefined;
  /** Default `/`: all pages of the origin. */
  readonly path?: string | undefined;
  /** Whether scripts of the page may not see it. Default: yes. */
  readonly httpOnly?: boolean | undefined;
  /** Only over https. Default: no, because a node at home may have none. */
  readonly secure?: boolean | undefined;
  /** Default `"Lax"`. */
  readonly sameSite?: "Strict" | "Lax" | "None" | undefined;
}

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PATH = /^[\x20-\x3a\x3c-\x7e]*$/;

/** Names and values of a `cookie` header; of equal names the first counts. Values that `cookie` wrote are decoded. */
export function parseCookies(header: string | null): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? "").split(";")) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals).trim();
    if (equals < 1 || cookies.has(name)) continue;
    cookies.set(name, decode(pair.slice(equals + 1).trim()));
  }
  return cookies;
}

/**
 * The value of a `set-cookie` header. An answer can carry one.
 * @throws {TypeError} a name or path that no cookie can have
 */
export function cookie(name: string, value: string, options: CookieOptions = {}): string {
  const { maxAge, path = "/", httpOnly = true, secure = false, sameSite = "Lax" } = options;
  if (!NAME.test(name)) throw new TypeError(`"${name}" is no name of a cookie`);
  if (!PATH.test(path)) throw new TypeError(`"${path}" is no path of a cookie`);
  let text = `${name}=${encodeURIComponent(value)}; Path=${path}; SameSite=${sameSite}`;
  if (maxAge !== undefined) text += `; Max-Age=${toSeconds(maxAge)}`;
  if (httpOnly) text += "; HttpOnly";
  // Browsers take SameSite=None from https alone.
  return secure || sameSite === "None" ? `${text}; Secure` : text;
}

function decode(value: string): string {
  const bare = /^"(.*)"$/.exec(value)?.[1] ?? value;
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}

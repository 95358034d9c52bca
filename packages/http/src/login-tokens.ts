/**
 * Login cookies: who the browser is.
 * Source: spec/runtime-modules.md §6.6 ("Token", "Cookie", "Validation").
 * @module
 */
import { signLoginToken, verifyLoginToken } from "@kinode-ts/crypto";
import type { Clock, NodeId, ProcessId } from "@kinode-ts/types";

export interface LoginTokensOptions {
  readonly our: NodeId;
  /** At least 32 bytes. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly lifeMs: number;
}

const MIN_SECRET_BYTES = 32;
/** Verified tokens are remembered: a browser sends the same one with every request. */
const MAX_REMEMBERED_COUNT = 256;
const MAX_TOKEN_LENGTH = 2_048;

/** `chess:chess:sys` → `chess-sys`: the label of a package's own origin (§6.7). */
export function subdomainLabel(process: ProcessId): string {
  const colon = process.indexOf(":");
  return process.slice(colon + 1).replaceAll(/[^A-Za-z0-9]/g, "-");
}

export class LoginTokens {
  readonly #options: LoginTokensOptions;
  /** Expiry in Unix seconds of tokens that were found good, by scope and text. */
  readonly #verified = new Map<string, number>();
  /** Start of all our cookies' names. */
  readonly cookiePrefix: string;

  constructor(options: LoginTokensOptions) {
    if (options.secret.length < MIN_SECRET_BYTES) {
      throw new RangeError(
        `The signing secret has ${options.secret.length} bytes, at least ${MIN_SECRET_BYTES} are needed`,
      );
    }
    this.#options = options;
    this.cookiePrefix = `kinode-auth_${options.our}`;
  }

  /** The `Set-Cookie` value that logs a browser in: for the node, or for one process on its own origin. */
  issueCookie(process: ProcessId | null, secure: boolean): string {
    const expiration = Math.floor((this.#options.clock.nowMs() + this.#options.lifeMs) / 1000);
    const { our: username, secret } = this.#options;
    const token = signLoginToken({ username, subdomain: process, expiration }, secret);
    const maxAge = Math.floor(this.#options.lifeMs / 1000);
    return this.#cookie(process, token, maxAge, secure);
  }

  /** The `Set-Cookie` value that logs a browser out. */
  clearCookie(process: ProcessId | null, secure: boolean): string {
    return this.#cookie(process, "", 0, secure);
  }

  /** Whether the `cookie` header carries a good token for the node (`null`), or for this process. */
  isLoggedIn(cookie: string | null, process: ProcessId | null): boolean {
    if (cookie === null) return false;
    const name = this.#cookieName(process);
    for (const part of cookie.split("; ")) {
      const [found, value, more] = part.split("=");
      // The first entry with the name decides, good or bad.
      if (found === name && value !== undefined && more === undefined) {
        return this.#isGood(value, process);
      }
    }
    return false;
  }

  #isGood(token: string, process: ProcessId | null): boolean {
    if (token.length > MAX_TOKEN_LENGTH) return false;
    const nowSeconds = this.#options.clock.nowMs() / 1000;
    const key = `${process ?? ""} ${token}`;
    const known = this.#verified.get(key);
    if (known !== undefined) return known > nowSeconds;
    const claims = verifyLoginToken(token, this.#options.secret);
    if (claims === undefined || claims.username !== this.#options.our) return false;
    if (claims.subdomain !== process || !(claims.expiration > nowSeconds)) return false;
    if (this.#verified.size >= MAX_REMEMBERED_COUNT) this.#verified.clear();
    this.#verified.set(key, claims.expiration);
    return true;
  }

  #cookie(process: ProcessId | null, token: string, maxAge: number, secure: boolean): string {
    const attributes = `Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict`;
    return `${this.#cookieName(process)}=${token}; ${attributes}${secure ? "; Secure" : ""}`;
  }

  #cookieName(process: ProcessId | null): string {
    if (process === null) return this.cookiePrefix;
    return `${this.cookiePrefix}@${process.replaceAll(/[^A-Za-z0-9.:-]/g, "")}`;
  }
}

/**
 * Login cookies: who the browser is.
 * Source: spec/runtime-modules.md §6.6 ("Token", "Cookie", "Validation").
 * @module
 */
import { signLoginToken, verifyLoginToken } from "@kinode-ts/crypto";
import type { Clock, NodeId, ProcessId } from "@kinode-ts/types";
import { withoutLoginCookies } from "./app-message.ts";

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
const MAX_REMEMBERED_LENGTH = 4_096;

/** What a whole `cookie` header proved. */
interface Proof {
  /** `null`: the node. */
  readonly process: ProcessId | null;
  /** Unix seconds. */
  readonly expiration: number;
  /** The header without login cookies; `undefined`: nothing is left. */
  readonly rest: string | undefined;
}

/** `chess:chess:sys` → `chess-sys`: the label of a package's own origin (§6.7). */
export function subdomainLabel(process: ProcessId): string {
  const colon = process.indexOf(":");
  return process.slice(colon + 1).replaceAll(/[^A-Za-z0-9]/g, "-");
}

export class LoginTokens {
  readonly #options: LoginTokensOptions;
  /** Expiry in Unix seconds of tokens that were found good, by scope and text. */
  readonly #verified = new Map<string, number>();
  /** By the whole `cookie` header that carried a good token: spares cutting it up. */
  readonly #proofs = new Map<string, Proof>();
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
    const proof = this.#proofs.get(cookie);
    if (proof !== undefined && proof.process === process) {
      return proof.expiration > this.#nowSeconds();
    }
    const name = this.#cookieName(process);
    for (const part of cookie.split("; ")) {
      const [found, value, more] = part.split("=");
      // The first entry with the name decides, good or bad.
      if (found === name && value !== undefined && more === undefined) {
        const expiration = this.#goodUntil(value, process);
        if (expiration === undefined) return false;
        this.#remember(cookie, process, expiration);
        return true;
      }
    }
    return false;
  }

  /** What an app may see of a `cookie` header (§6.11 row 10); `undefined` when nothing is left. */
  withoutLogin(cookie: string): string | undefined {
    const proof = this.#proofs.get(cookie);
    return proof === undefined ? withoutLoginCookies(cookie, this.cookiePrefix) : proof.rest;
  }

  #remember(cookie: string, process: ProcessId | null, expiration: number): void {
    if (cookie.length > MAX_REMEMBERED_LENGTH) return;
    if (this.#proofs.size >= MAX_REMEMBERED_COUNT) this.#proofs.clear();
    const rest = withoutLoginCookies(cookie, this.cookiePrefix);
    this.#proofs.set(cookie, { process, expiration, rest });
  }

  /** Expiry in Unix seconds of a token that is good now. */
  #goodUntil(token: string, process: ProcessId | null): number | undefined {
    if (token.length > MAX_TOKEN_LENGTH) return undefined;
    const nowSeconds = this.#nowSeconds();
    const key = `${process ?? ""} ${token}`;
    const known = this.#verified.get(key);
    if (known !== undefined) return known > nowSeconds ? known : undefined;
    const claims = verifyLoginToken(token, this.#options.secret);
    if (claims === undefined || claims.username !== this.#options.our) return undefined;
    const { subdomain, expiration } = claims;
    if (subdomain !== process || !(expiration > nowSeconds)) return undefined;
    if (this.#verified.size >= MAX_REMEMBERED_COUNT) this.#verified.clear();
    this.#verified.set(key, expiration);
    return expiration;
  }

  #nowSeconds(): number {
    return this.#options.clock.nowMs() / 1000;
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

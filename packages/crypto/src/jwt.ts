/**
 * Login tokens: JWT with HS256 and the claims existing nodes use.
 * Source: spec/network-identity.md §4.2, spec/runtime-modules.md §6.6.
 * @module
 */
import { primitives } from "#primitives";
import { equalBytes } from "./hex.ts";

export interface LoginClaims {
  readonly username: string;
  /** Process id of a secure login, or null. */
  readonly subdomain: string | null;
  /** Unix seconds. */
  readonly expiration: number;
}

const HEADER = encodeBase64Url(new TextEncoder().encode('{"alg":"HS256"}'));
const TOKEN_FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

export function signLoginToken(claims: LoginClaims, secret: Uint8Array): string {
  const { username, subdomain, expiration } = claims;
  const body = new TextEncoder().encode(JSON.stringify({ username, subdomain, expiration }));
  const signed = `${HEADER}.${encodeBase64Url(body)}`;
  return `${signed}.${encodeBase64Url(mac(signed, secret))}`;
}

/** The claims of a token signed with `secret`; `undefined` for any other text. Expiry is the caller's question. */
export function verifyLoginToken(token: string, secret: Uint8Array): LoginClaims | undefined {
  const [, header, body, signature] = TOKEN_FORM.exec(token) ?? [];
  if (header === undefined || body === undefined || signature === undefined) return undefined;
  const given = decodeBase64Url(signature);
  if (given === undefined || !equalBytes(given, mac(`${header}.${body}`, secret))) return undefined;
  // Signed by us, but a header with another algorithm is still no token of ours.
  if ((readJson(header) as { alg?: unknown } | null)?.alg !== "HS256") return undefined;
  const claims = readJson(body) as Partial<LoginClaims> | null;
  if (typeof claims?.username !== "string" || typeof claims.expiration !== "number")
    return undefined;
  const subdomain = claims.subdomain ?? null;
  if (subdomain !== null && typeof subdomain !== "string") return undefined;
  return { username: claims.username, subdomain, expiration: claims.expiration };
}

function mac(text: string, secret: Uint8Array): Uint8Array {
  return primitives.hmacSha256(secret, new TextEncoder().encode(text));
}

function readJson(part: string): unknown {
  const bytes = decodeBase64Url(part);
  if (bytes === undefined) return null;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return null;
  }
}

function encodeBase64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decodeBase64Url(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

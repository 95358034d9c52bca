/**
 * Header names and values on their way in and out. Source: spec/runtime-modules.md §7.1; RFC 9110 §5.
 * @module
 */
import type { HeaderList } from "./actions.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\u0080-\uffff]*$/;
const VISIBLE_ASCII = /^[\t\x20-\x7e]*$/;
/** These belong to the connection or follow from the body; an app that could set them could smuggle requests. */
const OURS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** These are for one host only. */
const FOR_ONE_HOST: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "cookie2",
  "host",
  "proxy-authorization",
  "www-authenticate",
]);

/** What RFC 9110 calls a token: methods and header names. */
export const isToken = (text: string): boolean => TOKEN.test(text);

/** Those that can be sent; invalid ones are skipped (§7.1). Values are trimmed and sent as UTF-8. */
export function sendableHeaders(headers: HeaderList): HeaderList {
  return headers.flatMap(([name, value]) => {
    const isSendable = isToken(name) && FIELD_VALUE.test(value) && !OURS.has(name.toLowerCase());
    return isSendable ? [[name, value.trim()] as const] : [];
  });
}

/** Without what was meant for the host before a redirect. */
export const headersForOtherHost = (headers: HeaderList): HeaderList =>
  headers.filter(([name]) => !FOR_ONE_HOST.has(name.toLowerCase()));

/** `content-type` → `Content-Type`. */
const capitalised = (name: string): string =>
  name
    .toLowerCase()
    .replace(
      /(^|-)([a-z])/g,
      (_match, dash: string, letter: string) => dash + letter.toUpperCase(),
    );

/** Response headers as the app gets them: capitalised, the last of several, `""` for what is not visible ASCII. */
export function receivedHeaders(headers: HeaderList): Readonly<Record<string, string>> {
  return Object.fromEntries(
    headers.map(([name, value]) => [capitalised(name), VISIBLE_ASCII.test(value) ? value : ""]),
  );
}

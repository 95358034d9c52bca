/**
 * How a web socket begins: one request, one response. Source: RFC 6455 §4.1 and §4.2.2.
 * @module
 */
import type { HeaderList } from "./actions.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** These are what the two sides agree by; an app has no say in them. */
const OURS: ReadonlySet<string> = new Set([
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-version",
]);
export const MAX_HANDSHAKE_BYTES = 16 * 1024;

/** The request's head. @param key - 16 random bytes in base64 */
export function handshakeRequest(url: URL, headers: HeaderList, key: string): string {
  const given = headers.filter(([name]) => !OURS.has(name.toLowerCase()));
  const has = (name: string): boolean => given.some(([other]) => other.toLowerCase() === name);
  const credentials = decodeURIComponent(`${url.username}:${url.password}`);
  const all: HeaderList = [
    ...(has("host") ? [] : [["Host", url.host] as const]),
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", key],
    ["Sec-WebSocket-Version", "13"],
    ...(credentials === ":" || has("authorization")
      ? []
      : [["Authorization", `Basic ${new TextEncoder().encode(credentials).toBase64()}`] as const]),
    ...given,
  ];
  const lines = all.map(([name, value]) => `${name}: ${value}`);
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** Whether the response's head opens the web socket. @param sha1 - in base64 */
export function isAccepted(head: string, key: string, sha1: (text: string) => string): boolean {
  const [status = "", ...lines] = head.split("\r\n");
  if (!/^HTTP\/1\.1 101(?: |$)/.test(status)) return false;
  const values = (name: string): string[] =>
    lines.flatMap((line) => {
      const colon = line.indexOf(":");
      return line.slice(0, colon).toLowerCase() === name ? [line.slice(colon + 1).trim()] : [];
    });
  const tokens = (name: string): string[] =>
    values(name).flatMap((value) => value.toLowerCase().split(/\s*,\s*/));
  return (
    tokens("upgrade").includes("websocket") &&
    tokens("connection").includes("upgrade") &&
    values("sec-websocket-accept").join() === sha1(key + GUID) &&
    // None was offered.
    values("sec-websocket-extensions").length === 0
  );
}

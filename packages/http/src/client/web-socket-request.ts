/**
 * What the request that opens a web socket says of its app. Source: RFC 6455 §4.1.
 * @module
 */
import type { HeaderList } from "./actions.ts";

export interface WebSocketRequest {
  /** Without credentials and fragment. */
  readonly url: URL;
  /** Values in UTF-8, one character for each byte. */
  readonly headers: Readonly<Record<string, string[]>>;
  readonly protocols: readonly string[];
}

/** These are what the two sides agree by; an app has no say in them. */
const OURS: ReadonlySet<string> = new Set([
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-version",
]);
const encoder = new TextEncoder();
const PROTOCOLS = "sec-websocket-protocol";

/** @throws {URIError} the URL's credentials are no text */
export function webSocketRequest(given: URL, list: HeaderList): WebSocketRequest {
  const url = new URL(given);
  Object.assign(url, { username: "", password: "", hash: "" });
  const headers = new Map<string, [name: string, values: string[]]>();
  const protocols: string[] = [];
  for (const [name, value] of [...list, ...credentialsOf(given, list)]) {
    const key = name.toLowerCase();
    if (OURS.has(key)) continue;
    if (key === PROTOCOLS) {
      protocols.push(...value.split(",").map((protocol) => protocol.trim()));
      continue;
    }
    const [, values] = headers.get(key) ?? headers.set(key, [name, []]).get(key)!;
    values.push(bytesOf(value));
  }
  return { url, headers: Object.fromEntries(headers.values()), protocols };
}

/** A header of the app comes before what its URL says. */
function credentialsOf({ username, password }: URL, list: HeaderList): HeaderList {
  const credentials = decodeURIComponent(`${username}:${password}`);
  const isGiven = list.some(([name]) => name.toLowerCase() === "authorization");
  if (credentials === ":" || isGiven) return [];
  return [["Authorization", `Basic ${encoder.encode(credentials).toBase64()}`]];
}

const bytesOf = (text: string): string =>
  Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join("");

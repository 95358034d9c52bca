import { expect, test } from "bun:test";
import { handshakeRequest, isAccepted } from "./web-socket-handshake.ts";

// RFC 6455 §1.3
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const sha1 = (text: string): string => new Bun.CryptoHasher("sha1").update(text).digest("base64");

test("a request has what the protocol needs, and an app's headers but for those", () => {
  const url = new URL("ws://me:p%40ss@chat.example:81/a%20b?c=1");
  const headers = [
    ["X-A", "1"],
    ["sec-websocket-KEY", "mine"],
    ["Sec-WebSocket-Protocol", "chat"],
  ] as const;
  expect(handshakeRequest(url, headers, KEY).split("\r\n")).toEqual([
    "GET /a%20b?c=1 HTTP/1.1",
    "Host: chat.example:81",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
    `Authorization: Basic ${btoa("me:p@ss")}`,
    "X-A: 1",
    "Sec-WebSocket-Protocol: chat",
    "",
    "",
  ]);
  const own = handshakeRequest(new URL("ws://a/"), [["HOST", "b"]], KEY);
  expect(own).toContain("HOST: b\r\n");
  expect(own).not.toContain("Host: a");
});

test("only the answer to this very request opens the web socket", () => {
  const head = (...lines: string[]): string => ["HTTP/1.1 101 Yes", ...lines].join("\r\n");
  const good = ["Upgrade: WebSocket", "Connection: keep-alive, upgrade"];
  const accept = `Sec-WebSocket-Accept: ${ACCEPT}`;
  expect(isAccepted(head(...good, accept), KEY, sha1)).toBe(true);
  for (const bad of [
    head(...good),
    head(...good, `Sec-WebSocket-Accept: ${ACCEPT.toLowerCase()}`),
    head(...good, accept, accept),
    head(good[0]!, accept),
    head(good[1]!, accept),
    head(...good, accept, "Sec-WebSocket-Extensions: permessage-deflate"),
    head(...good, accept).replace("101", "200"),
    head(...good, accept).replace("HTTP/1.1", "HTTP/1.0"),
    "",
  ])
    expect(isAccepted(bad, KEY, sha1)).toBe(false);
});

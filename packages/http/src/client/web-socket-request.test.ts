import { expect, test } from "bun:test";
import { webSocketRequest } from "./web-socket-request.ts";

test("headers of one name go together, protocols and credentials where they belong", () => {
  const given = new URL("wss://me:p%40ss@chat.example:81/a?c=1#d");
  const { url, headers, protocols } = webSocketRequest(given, [
    ["X-A", "1"],
    ["x-a", "ä"],
    ["Sec-WebSocket-Accept", "mine"],
    ["sec-websocket-protocol", "a, b"],
    ["Sec-WebSocket-Protocol", "c"],
  ]);
  expect(url.href).toBe("wss://chat.example:81/a?c=1");
  expect(headers).toEqual({
    "X-A": ["1", "\u00c3\u00a4"],
    Authorization: [`Basic ${btoa("me:p@ss")}`],
  });
  expect(protocols).toEqual(["a", "b", "c"]);
  expect(given.hash).toBe("#d");
});

test("an app's authorization is the one that counts; credentials that are no text make no request", () => {
  const own = webSocketRequest(new URL("ws://me@a/"), [["AUTHORIZATION", "mine"]]);
  expect(own.headers).toEqual({ AUTHORIZATION: ["mine"] });
  expect(() => webSocketRequest(new URL("ws://%ff@a/"), [])).toThrow(URIError);
});

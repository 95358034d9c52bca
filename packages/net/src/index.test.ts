import { expect, test } from "bun:test";
import * as all from "./index.ts";

test("public names of @kinode-ts/net", () => {
  expect(Object.keys(all).sort()).toEqual([
    "FIRST_MESSAGE_BYTES",
    "HANDSHAKE_VERSION",
    "InitiatorHandshake",
    "NetError",
    "ResponderHandshake",
    "TcpReader",
    "WebSocketMessageReader",
    "checkMessageLength",
    "frameTcpHandshake",
    "sameSession",
    "sealTcpMessage",
    "sealWebSocketMessage",
  ]);
});

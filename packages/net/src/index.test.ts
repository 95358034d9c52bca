import { expect, test } from "bun:test";
import * as all from "./index.ts";

test("public names of @kinode-ts/net", () => {
  expect(Object.keys(all).sort()).toEqual([
    "FIRST_MESSAGE_BYTES",
    "HANDSHAKE_VERSION",
    "InitiatorHandshake",
    "KnownNodes",
    "NetError",
    "ROOT_HASH",
    "ResponderHandshake",
    "TcpReader",
    "WebSocketMessageReader",
    "checkMessageLength",
    "createRoutingRequest",
    "entryKind",
    "frameTcpHandshake",
    "identityOf",
    "nameHash",
    "portOf",
    "readKey",
    "readRoutingRequest",
    "sameSession",
    "sealTcpMessage",
    "sealWebSocketMessage",
    "signMessage",
    "verifyMessage",
  ]);
});

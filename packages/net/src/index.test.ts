import { expect, test } from "bun:test";
import * as all from "./index.ts";

test("public names of @kinode-ts/net", () => {
  expect(Object.keys(all).sort()).toEqual([
    "Connection",
    "DEFAULT_CONNECTION_LIMITS",
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
    "createFraming",
    "createRoutingRequest",
    "entryKind",
    "frameTcpHandshake",
    "identityOf",
    "judgeMessage",
    "nameHash",
    "portOf",
    "readKey",
    "readRoutingRequest",
    "sameSession",
    "sealTcpMessage",
    "sealWebSocketMessage",
    "signMessage",
    "toOutgoing",
    "verifyMessage",
  ]);
});

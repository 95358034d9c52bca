/**
 * Sockets of this machine.
 * @module
 */
import type { Transport } from "../transport.ts";
import { dialTcp, listenTcp } from "./tcp-bun.ts";
import { dialWebSocket, listenWebSocket } from "./web-sockets-bun.ts";

/** @param hostname - address to listen on; default: all */
export function createBunTransport(hostname = "0.0.0.0"): Transport {
  return {
    dial: (protocol, host, port) =>
      protocol === "tcp" ? dialTcp(host, port) : dialWebSocket(host, port),
    listen: async (protocol, port, accept) =>
      protocol === "tcp"
        ? listenTcp(hostname, port, accept)
        : listenWebSocket(hostname, port, accept),
  };
}

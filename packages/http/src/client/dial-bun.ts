/**
 * A connection to a server of web sockets, encrypted or not, directly or through a proxy.
 * @module
 */
import { connect, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { openPlainTunnel, openTunnel, untilAborted } from "./tunnel-bun.ts";

export interface DialOptions {
  readonly url: URL;
  readonly proxy: URL | undefined;
  /** An address in the place of the URL's host. */
  readonly place: string | undefined;
  readonly signal: AbortSignal;
}

/** @throws {Error} it could not be made, or was given up */
export async function dial({ url, proxy, place, signal }: DialOptions): Promise<Socket> {
  const isSecure = url.protocol === "wss:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  if (proxy !== undefined) {
    const tunnel = { proxy, hostname, port, signal };
    return isSecure ? await openTunnel(tunnel) : await openPlainTunnel(tunnel);
  }
  const host = place ?? hostname;
  // The certificate must be the name's, not the address's.
  const named = isIP(hostname) === 0 ? { servername: hostname.replace(/\.$/, "") } : {};
  return await untilAborted(signal, (abandon) => {
    const socket = isSecure ? connectSecure({ host, port, ...named }) : connect({ host, port });
    abandon(() => giveUp(socket));
    return new Promise((resolve, reject) => {
      socket.once(isSecure ? "secureConnect" : "connect", () => resolve(socket));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("connection lost")));
    });
  });
}

/** NOTE: Bun 1.4.5 keeps a connection open for seconds that is ended while it is being made; ended right after, it closes at once. */
function giveUp(socket: Socket): void {
  if (!socket.connecting) return void socket.destroy();
  const end = (): void => {
    clearTimeout(timer);
    socket.destroy();
  };
  const timer = setTimeout(end, CONNECTING_MS);
  socket.once("connect", end);
}

/** How long a connection that is given up may go on being made. */
const CONNECTING_MS = 500;

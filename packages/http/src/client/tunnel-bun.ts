/**
 * A connection through a proxy, which passes bytes on. With TLS only the server sees what is in them.
 * Source: RFC 9110 §9.3.6 (CONNECT).
 * @module
 */
import { connect, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import type { TLSSocket } from "node:tls";
import { proxyAuthorization } from "./proxy-settings.ts";

export interface TunnelOptions {
  readonly proxy: URL;
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

const MAX_HEAD_BYTES = 16 * 1024;
const DEFAULT_PROXY_PORT = 80;

/** @throws {Error} with a text for the app, which does not learn which proxy it is */
export async function openTunnel(options: TunnelOptions): Promise<TLSSocket> {
  const { hostname, signal } = options;
  const plain = await openPlainTunnel(options);
  const named = isIP(hostname) === 0 ? { servername: hostname } : {};
  return await untilAborted(signal, (abandon) => {
    const secure = connectSecure({ socket: plain, host: hostname, ...named });
    abandon(() => secure.destroy());
    return new Promise((resolve, reject) => {
      secure.once("secureConnect", () => resolve(secure));
      secure.once("error", reject);
      secure.once("close", () => reject(new Error("connection lost")));
    });
  });
}

/** The same without encryption. @throws {Error} with a text for the app */
export async function openPlainTunnel(options: TunnelOptions): Promise<Socket> {
  return await untilAborted(options.signal, (abandon) => throughProxy(options, abandon));
}

/** Calls what ends the work when the signal comes first. */
export async function untilAborted<T>(
  signal: AbortSignal,
  work: (abandon: (end: () => void) => void) => Promise<T>,
): Promise<T> {
  let end = (): void => {};
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    end();
    reject(signal.reason instanceof Error ? signal.reason : new Error("given up"));
  };
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work((given) => (end = given)), aborted]);
  } catch (thrown) {
    end();
    throw thrown;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function throughProxy(
  { proxy, hostname, port }: TunnelOptions,
  abandon: (end: () => void) => void,
): Promise<Socket> {
  const authority = `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`;
  const authorization = proxyAuthorization(proxy);
  const head = [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(authorization === undefined ? [] : [`Proxy-Authorization: ${authorization}`]),
  ];
  const socket = connect(portOf(proxy), proxy.hostname.replace(/^\[|\]$/g, ""));
  abandon(() => socket.destroy());
  return new Promise((resolve, reject) => {
    let received = "";
    socket.once("connect", () => socket.write(`${head.join("\r\n")}\r\n\r\n`));
    socket.on("error", () => reject(new Error("the proxy cannot be reached")));
    socket.once("close", () => reject(new Error("the proxy closed the connection")));
    const onData = (data: Uint8Array): void => {
      received += String.fromCharCode(...data.subarray(0, MAX_HEAD_BYTES));
      const isWhole = received.includes("\r\n\r\n");
      if (!isWhole && received.length < MAX_HEAD_BYTES) return;
      socket.off("data", onData);
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(received)?.[1];
      // Nothing may follow the head: a server waits for the client to begin.
      const isOpen = received.endsWith("\r\n\r\n") && status?.startsWith("2") === true;
      if (isOpen) resolve(socket);
      else reject(new Error(`the proxy refused the connection (status ${status ?? "missing"})`));
    };
    socket.on("data", onData);
  });
}

/** Port of a proxy. */
export const portOf = (proxy: URL): number =>
  proxy.port === "" ? DEFAULT_PROXY_PORT : Number(proxy.port);

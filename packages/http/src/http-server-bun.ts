/**
 * The HTTP server on a port of this machine.
 * @module
 */
import type { RuntimeModule } from "@kinode-ts/types";
import { KinodeError } from "@kinode-ts/types";
import type { Server, ServerWebSocket } from "bun";
import type { Channel, Socket } from "./channels.ts";
import { HttpModule, type HttpLoad, type HttpModuleOptions } from "./http-server.ts";
import type { Host } from "./request-handler.ts";
import { emptyResponse } from "./responses.ts";

/** A certificate and its key, as PEM text. */
export interface TlsIdentity {
  /** With the certificates between it and the authority, if any. */
  readonly cert: string;
  readonly key: string;
}

export interface HttpServerOptions extends HttpModuleOptions {
  /** Address to listen on. Default "127.0.0.1": this machine only. */
  readonly hostname?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Serves https and wss instead of http and ws. */
  readonly tls?: TlsIdentity | undefined;
}

export interface HttpServer extends RuntimeModule {
  /**
   * Opens the port; processes are reached once the module has started.
   * @param port - instead of the one in the options
   * @throws {HttpListenError} the port is taken or not allowed
   * @throws {TlsIdentityError} the key does not fit the certificate, or one of them cannot be read
   */
  listen(port?: number): Promise<{ readonly port: number; readonly url: string }>;
  /**
   * A link that logs one browser in, once, within its life time.
   * @throws {TypeError} not listening
   */
  issueLoginLink(): string;
  /**
   * Shows another certificate to new connections; open ones stay as they are.
   * @throws {TlsIdentityError} the key does not fit the certificate, or one of them cannot be read: the old one stays
   * @throws {TypeError} not listening, or not with TLS
   */
  renewCertificate(tls: TlsIdentity): void;
  readonly load: HttpLoad;
  /** Ends connections that wait for their next request. */
  closeIdle(): void;
  /** Closes the port and all sockets; requests that wait get 503. */
  stop(): Promise<void>;
}

export type HttpListenFault = {
  readonly code: "http.cannot-listen";
  readonly hostname: string;
  readonly port: number;
};

export class HttpListenError extends KinodeError<HttpListenFault> {
  override name = "HttpListenError";
  constructor(fault: HttpListenFault, cause: unknown) {
    const hint = "Stop what uses the port, or choose another one with --port";
    super(fault, `Cannot listen on ${fault.hostname}:${fault.port}`, { hint, cause });
  }
}

export type TlsIdentityFault = { readonly code: "http.bad-certificate" };

/** A certificate or key that cannot be used. */
export class TlsIdentityError extends KinodeError<TlsIdentityFault> {
  override name = "TlsIdentityError";
  constructor(cause: unknown) {
    const mismatch = String(cause).includes("KEY_VALUES_MISMATCH");
    super(
      { code: "http.bad-certificate" },
      mismatch
        ? "The key does not belong to the certificate"
        : "The certificate or the key cannot be read",
      {
        hint: "Both must be PEM text: the certificate first, then its private key, not encrypted",
        cause,
      },
    );
  }
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const module = new HttpModule(options);
  const hostname = options.hostname ?? "127.0.0.1";
  let server: Server<Channel> | undefined;
  /** With certificates of before; they finish what they have. */
  const older = new Set<Server<Channel>>();
  const scheme = options.tls === undefined ? "http" : "https";
  const url = (): string => {
    if (server === undefined) throw new TypeError("The HTTP server does not listen");
    return `${scheme}://${visibleHost(hostname)}:${server.port}`;
  };
  return {
    id: module.id,
    start: (context) => module.start(context),
    handle: (message) => module.handle(message),
    sendError: (message, kind) => module.sendError(message, kind),
    processEnded: (process) => module.processEnded(process),
    async listen(port = options.port) {
      server = openPort(module, hostname, port, options.tls);
      return { port: server.port!, url: url() };
    },
    get load() {
      return module.load;
    },
    closeIdle() {
      for (const each of older) each.closeIdleConnections();
      server?.closeIdleConnections();
    },
    issueLoginLink: () => url() + module.issueLoginPath(),
    renewCertificate(tls) {
      const old = server;
      if (old === undefined || scheme === "http") {
        throw new TypeError(
          "There is no certificate to renew: the server does not listen with TLS",
        );
      }
      // On a port of its own first: a certificate that is no good must not cost the port.
      void openPort(module, hostname, 0, tls).stop(true);
      const port = old.port!;
      older.add(old);
      void old.stop(false).then(() => older.delete(old));
      server = openPort(module, hostname, port, tls);
    },
    async stop() {
      const open = server;
      server = undefined;
      await module.stop();
      // The answers just given leave with the next turn of the loop.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await Promise.all([open, ...older].map((each) => each?.stop(true)));
    },
  };
}

/** Browsers give `localhost` subdomains, which apps with an origin of their own need; an address has none. */
export function visibleHost(hostname: string): string {
  if (hostname === "0.0.0.0" || hostname === "::" || hostname.startsWith("127."))
    return "localhost";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

function openPort(
  module: HttpModule,
  hostname: string,
  port: number,
  tls: TlsIdentity | undefined,
): Server<Channel> {
  const {
    idleTimeoutSeconds,
    maxBodyBytes,
    maxStreamedBodyBytes,
    maxSocketMessageBytes,
    maxSocketBufferedBytes,
  } = module.limits;
  const host: Host = {
    peerOf: (request) => server.requestIP(request),
    headersOf: (request) => request.headers.toJSON(),
    upgrade: (request, channel) => server.upgrade(request, { data: channel }),
    limitIdle: (request, isLimited) => server.timeout(request, isLimited ? idleTimeoutSeconds : 0),
  };
  let server: Server<Channel>;
  try {
    server = Bun.serve<Channel>({
      hostname,
      port,
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
      // Smaller bounds are the handler's business: they depend on the path.
      maxRequestBodySize: Math.max(maxBodyBytes, maxStreamedBodyBytes),
      idleTimeout: idleTimeoutSeconds,
      fetch: (request) => module.serve(request, host),
      error: () => emptyResponse(500),
      websocket: {
        data: {} as Channel,
        maxPayloadLength: maxSocketMessageBytes,
        backpressureLimit: maxSocketBufferedBytes,
        closeOnBackpressureLimit: true,
        open: (socket) => module.channels.opened(socket.data, toSocket(socket)),
        message: (socket, payload) =>
          typeof payload === "string"
            ? module.channels.received(socket.data, "Text", Buffer.from(payload))
            : module.channels.received(socket.data, "Binary", new Uint8Array(payload)),
        ping: (socket, payload) =>
          module.channels.received(socket.data, "Ping", new Uint8Array(payload)),
        pong: (socket, payload) =>
          module.channels.received(socket.data, "Pong", new Uint8Array(payload)),
        close(socket, code, reason) {
          const hasFrame = code !== CLOSED_WITHOUT_FRAME;
          module.channels.gone(socket.data, hasFrame ? Buffer.from(reason) : undefined);
        },
      },
    });
    return server;
  } catch (cause) {
    if (tls !== undefined && isTlsFault(cause)) throw new TlsIdentityError(cause);
    throw new HttpListenError({ code: "http.cannot-listen", hostname, port }, cause);
  }
}

/** What the host's TLS library says of certificates and keys. */
function isTlsFault(cause: unknown): boolean {
  return /OPENSSL|PEM routines|X\.509|BoringSSL|private key|certificate/i.test(String(cause));
}

const CLOSED_WITHOUT_FRAME = 1006;
const DROPPED = 0;

function toSocket(socket: ServerWebSocket<Channel>): Socket {
  return {
    send(type, payload) {
      switch (type) {
        case "Text":
          // NOTE: an empty message also counts 0 bytes when it was sent.
          return (
            socket.sendText(new TextDecoder().decode(payload)) !== DROPPED ||
            isEmptySent(socket, payload)
          );
        case "Binary":
          return socket.sendBinary(payload) !== DROPPED || isEmptySent(socket, payload);
        case "Ping":
          return socket.ping(payload) !== DROPPED || isEmptySent(socket, payload);
        case "Pong":
          return socket.pong(payload) !== DROPPED || isEmptySent(socket, payload);
      }
    },
    close: (code, reason) => socket.close(code, reason),
    get waitingBytes() {
      return socket.getBufferedAmount();
    },
  };
}

function isEmptySent(socket: ServerWebSocket<Channel>, payload: Uint8Array): boolean {
  return payload.length === 0 && socket.readyState === WebSocket.OPEN;
}

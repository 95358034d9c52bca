/**
 * Web sockets on Bun's client and server: Binary frames only, no compression, any path.
 * Source: spec/network-identity.md §1.5, §1.8.
 * @module
 */
import { NetError } from "../errors.ts";
import { MAX_PACKET_BYTES } from "../framing/limits.ts";
import type { Listening, Socket, SocketEvents } from "../transport.ts";
import { EarlyEvents } from "./early-events.ts";

/** How often a client's socket is looked at while it holds bytes: Bun tells only servers when one has drained. */
const DRAIN_LOOK_MS = 2;

class ClientSocket implements Socket {
  readonly protocol = "ws";
  readonly remote: string;
  readonly #events = new EarlyEvents();
  readonly #socket: WebSocket;
  #looking: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket, remote: string) {
    this.#socket = socket;
    this.remote = remote;
    socket.addEventListener("message", ({ data }) => {
      if (data instanceof Uint8Array) this.#events.received(data);
      else this.close(); // a Text frame is not legal here
    });
    socket.addEventListener("ping", () => this.#events.pinged());
    socket.addEventListener("close", () => {
      clearTimeout(this.#looking);
      this.#events.closed();
    });
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get unwrittenBytes(): number {
    return 0;
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
    if (this.waitingBytes > 0) this.#lookLater();
  }

  ping(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    this.#socket.close();
  }

  listen(events: SocketEvents): void {
    this.#events.listen(events);
  }

  #lookLater(): void {
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      this.#events.drained();
      if (this.waitingBytes > 0) this.#lookLater();
    }, DRAIN_LOOK_MS);
  }
}

/** @throws {Error} nothing answers there, or not with a web socket */
export function dialWebSocket(hostname: string, port: number): Promise<Socket> {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  // Bun's own option; the types of the platform do not know it.
  const options = { perMessageDeflate: false } as unknown as string[];
  const socket = new WebSocket(`ws://${host}:${port}/`, options);
  socket.binaryType = "uint8array" as typeof socket.binaryType;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const refused = (): void => reject(new Error(`No web socket answers at ${host}:${port}`));
  socket.addEventListener("close", refused);
  socket.addEventListener("error", refused);
  const opened = new ClientSocket(socket, `${host}:${port}`);
  socket.addEventListener("open", () => resolve(opened));
  return promise;
}

interface ServerData {
  socket: ServerSocket | undefined;
}

class ServerSocket implements Socket {
  readonly protocol = "ws";
  readonly remote: string;
  readonly events = new EarlyEvents();
  readonly #socket: Bun.ServerWebSocket<ServerData>;

  constructor(socket: Bun.ServerWebSocket<ServerData>) {
    this.#socket = socket;
    this.remote = socket.remoteAddress;
  }

  get waitingBytes(): number {
    return this.#socket.getBufferedAmount();
  }
  get unwrittenBytes(): number {
    return 0;
  }

  send(bytes: Uint8Array): void {
    this.#socket.sendBinary(bytes as Uint8Array<ArrayBuffer>);
  }
  ping(): void {
    this.#socket.ping();
  }
  pause(): void {}
  resume(): void {}
  close(): void {
    this.#socket.close();
  }
  listen(events: SocketEvents): void {
    this.events.listen(events);
  }
}

/** @param hostname - address to listen on; `0.0.0.0` for all */
export function listenWebSocket(
  hostname: string,
  port: number,
  accept: (socket: Socket) => void,
): Listening {
  let server: Bun.Server<ServerData>;
  try {
    server = Bun.serve<ServerData>({
      hostname,
      port,
      fetch: (request, self) =>
        self.upgrade(request, { data: { socket: undefined } })
          ? undefined
          : new Response("Nodes talk here by web socket", { status: 426 }),
      websocket: {
        perMessageDeflate: false,
        maxPayloadLength: MAX_PACKET_BYTES,
        // Ours is the only timer: a connection without traffic ends after half an hour (§1.8).
        idleTimeout: 0,
        sendPings: false,
        open(socket) {
          socket.data.socket = new ServerSocket(socket);
          accept(socket.data.socket);
        },
        message(socket, data) {
          if (typeof data === "string") socket.close();
          else socket.data.socket!.events.received(new Uint8Array(data));
        },
        ping: (socket) => socket.data.socket!.events.pinged(),
        drain: (socket) => socket.data.socket!.events.drained(),
        close: (socket) => socket.data.socket!.events.closed(),
      },
    });
  } catch (error) {
    throw new NetError({
      code: "net.port-taken",
      protocol: "ws",
      port,
      why: (error as Error).message,
    });
  }
  return { port: server.port!, stop: () => server.stop(true) };
}

/**
 * TCP connections on Bun's sockets. Small writes leave at once: no Nagle.
 * Source: spec/network-identity.md §0, §1.5.
 * @module
 */
import { NetError } from "../errors.ts";
import type { Listening, Socket, SocketEvents } from "../transport.ts";
import { EarlyEvents } from "./early-events.ts";

const KEEPALIVE_MS = 30_000;
/** What was sent may take so long to leave after a socket was closed; then it is cut off. */
const CLOSING_MS = 30_000;

class TcpSocket implements Socket {
  readonly protocol = "tcp";
  readonly mayTakeTime = true;
  readonly events = new EarlyEvents();
  #socket: Bun.Socket<TcpSocket> | undefined;
  /** What the system did not take yet, in order. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isEnding = false;
  #closing: ReturnType<typeof setTimeout> | undefined;

  opened(socket: Bun.Socket<TcpSocket>): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
  }

  get remote(): string {
    const socket = this.#socket;
    return socket === undefined ? "" : `${socket.remoteAddress}:${socket.remotePort}`;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get unwrittenBytes(): number {
    return this.#waitingBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#isEnding || this.events.isClosed || bytes.length === 0) return;
    const written = this.#waiting.length > 0 ? 0 : this.#write(bytes);
    if (written === bytes.length) return;
    const rest = written === 0 ? bytes : bytes.subarray(written);
    this.#waiting.push(rest);
    this.#waitingBytes += rest.length;
  }

  ping(): void {}

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#waiting.length === 0) this.#socket?.end();
    // Whoever does not read what was sent to it holds nothing for longer than this.
    const timer = setTimeout(() => this.#socket?.terminate(), CLOSING_MS);
    timer.unref();
    this.#closing = timer;
  }

  /** The system says that it is over. */
  ended(): void {
    clearTimeout(this.#closing);
    this.events.closed();
  }

  listen(events: SocketEvents): void {
    this.events.listen(events);
  }

  drain(): void {
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0]!;
      const written = this.#write(next);
      this.#waitingBytes -= written;
      if (written < next.length) {
        this.#waiting[0] = next.subarray(written);
        return;
      }
      this.#waiting.shift();
    }
    if (this.#isEnding) this.#socket?.end();
    else this.events.drained();
  }

  /** Bytes the system took; 0 as well when the socket has just ended. */
  #write(bytes: Uint8Array): number {
    return Math.max(0, this.#socket?.write(bytes) ?? 0);
  }
}

const HANDLERS: Bun.SocketHandler<TcpSocket> = {
  binaryType: "uint8array",
  data: (socket, bytes) => socket.data.events.received(bytes as Uint8Array),
  drain: (socket) => socket.data.drain(),
  // The other side sends no more: for a session that is its end.
  end: (socket) => void socket.end(),
  close: (socket) => socket.data.ended(),
  error: (socket) => socket.data.ended(),
};

/** @throws {Error} nothing answers there */
export async function dialTcp(hostname: string, port: number): Promise<Socket> {
  const data = new TcpSocket();
  await Bun.connect<TcpSocket>({
    hostname,
    port,
    data,
    socket: {
      ...HANDLERS,
      open: (socket) => data.opened(socket),
    },
  });
  return data;
}

/** @param hostname - address to listen on; `0.0.0.0` for all */
export function listenTcp(
  hostname: string,
  port: number,
  accept: (socket: Socket) => void,
): Listening {
  let server: Bun.TCPSocketListener<TcpSocket>;
  try {
    server = Bun.listen<TcpSocket>({
      hostname,
      port,
      socket: {
        ...HANDLERS,
        open: (socket) => {
          socket.data = new TcpSocket();
          socket.data.opened(socket);
          accept(socket.data);
        },
      },
    });
  } catch (error) {
    throw new NetError({
      code: "net.port-taken",
      protocol: "tcp",
      port,
      why: (error as Error).message,
    });
  }
  return {
    port: server.port,
    stop: () => {
      server.stop(true);
      return Promise.resolve();
    },
  };
}

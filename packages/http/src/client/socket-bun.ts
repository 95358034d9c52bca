/**
 * Web sockets to other servers. A name has been looked up and its addresses checked before: these are connected to, one after
 * the other, and the name is only told to the server.
 * NOTE: not the host's own web socket, of which each may hold a message of 128 MiB (Bun 1.4.5, no setting): a few servers of an
 * app could take all memory.
 * @module
 */
import type { Socket } from "node:net";
import type { BodyRoom } from "../shared-room.ts";
import type { FrameType, HeaderList } from "./actions.ts";
import { dial } from "./dial-bun.ts";
import type { ClientSocket, SocketEvents } from "./transport.ts";
import { type CloseStatus, encodeFrame, FrameError, FrameReader } from "./web-socket-frames.ts";
import { handshakeRequest, isAccepted, MAX_HANDSHAKE_BYTES } from "./web-socket-handshake.ts";

export interface SocketPlan {
  readonly url: URL;
  readonly headers: HeaderList;
  /** Addresses to connect to; `undefined`: what the URL says. At least one. */
  readonly places: readonly (string | undefined)[];
  readonly proxy: URL | undefined;
  /** Bytes waiting to be sent; a server that does not read gets no more. */
  readonly maxSocketBufferedBytes: number;
  /** One message from the server, in bytes; a longer one ends the connection. */
  readonly maxSocketMessageBytes: number;
  /** For messages while they arrive. Default: as much as they need. */
  readonly room?: BodyRoom | undefined;
}

const CLOSE_NORMAL = 1000;
/** How long an address may take when there is another one. */
const NEXT_PLACE_MS = 2_000;
/** How long a server may take to end a connection after both close frames. */
const LINGER_MS = 2_000;
/** After so long without a byte the system asks whether the server is still there. */
const KEEP_ALIVE_MS = 60_000;
const EMPTY = new Uint8Array(0);

/** Begins to connect; what comes of it is told by the events. */
export function connectSocket(plan: SocketPlan, events: SocketEvents): ClientSocket {
  const { places } = plan;
  let connection: Connection;
  let isTerminated = false;
  const attempt = (at: number): void => {
    const isLast = at + 1 === places.length;
    let isOver = false;
    const over = (wasOpen: boolean): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (!wasOpen && !isLast && !isTerminated) attempt(at + 1);
      else events.closed();
    };
    const opened = (): void => {
      clearTimeout(timer);
      events.opened();
    };
    const own = new Connection(plan, places[at], { ...events, opened, closed: over });
    connection = own;
    const timer = isLast ? undefined : setTimeout(() => own.terminate(), NEXT_PLACE_MS);
  };
  attempt(0);
  return {
    send: (type, payload) => connection.send(type, payload),
    close: () => connection.close(),
    terminate() {
      isTerminated = true;
      connection.terminate();
    },
  };
}

interface ConnectionEvents {
  opened(): void;
  received: SocketEvents["received"];
  /** Once. */
  closed(wasOpen: boolean): void;
}

/** One try to connect to one address, and the web socket that comes of it. */
class Connection {
  readonly #plan: SocketPlan;
  readonly #events: ConnectionEvents;
  readonly #givenUp = new AbortController();
  readonly #key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  readonly #frames: FrameReader;
  #socket: Socket | undefined;
  #state: "opening" | "open" | "closing" | "over" = "opening";
  #wasOpen = false;
  #head = "";

  constructor(plan: SocketPlan, place: string | undefined, events: ConnectionEvents) {
    this.#plan = plan;
    this.#events = events;
    this.#frames = new FrameReader({
      maxMessageBytes: plan.maxSocketMessageBytes,
      room: plan.room,
      received: (type, payload) => this.#received(type, payload),
    });
    void this.#connect(place);
  }

  /** False when it was not taken. */
  send(type: Exclude<FrameType, "Close">, payload: Uint8Array): boolean {
    if (this.#state !== "open" || this.#isFull) return false;
    this.#write(type, payload);
    return true;
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#write("Close", statusBytes(CLOSE_NORMAL));
  }

  terminate(): void {
    this.#givenUp.abort();
    this.#end();
  }

  async #connect(place: string | undefined): Promise<void> {
    const { url, proxy, headers } = this.#plan;
    try {
      const socket = await dial({ url, proxy, place, signal: this.#givenUp.signal });
      this.#socket = socket;
      socket.on("error", () => this.#end());
      socket.on("end", () => this.#end());
      socket.on("close", () => this.#end());
      socket.on("data", (data: Uint8Array) => this.#arrived(data));
      socket.setNoDelay(true);
      // A server that is gone without a word is noticed.
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.write(handshakeRequest(url, headers, this.#key));
    } catch {
      this.#end();
    }
  }

  #arrived(data: Uint8Array): void {
    if (this.#state === "over") return;
    try {
      const frames = this.#state === "opening" ? this.#readHandshake(data) : data;
      if (frames !== undefined) this.#frames.push(frames);
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) return this.#end();
      this.#leave(statusBytes(thrown.status));
    }
  }

  /** @returns what came behind the head, or `undefined`: it is not whole yet. @throws {Error} the server refuses */
  #readHandshake(data: Uint8Array): Uint8Array | undefined {
    const before = this.#head.length;
    this.#head += Buffer.from(data.subarray(0, MAX_HANDSHAKE_BYTES)).toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1 && this.#head.length < MAX_HANDSHAKE_BYTES) return undefined;
    if (end === -1 || !isAccepted(this.#head.slice(0, end), this.#key, sha1)) {
      throw new Error("the server opens no web socket");
    }
    this.#head = "";
    this.#state = "open";
    this.#wasOpen = true;
    this.#events.opened();
    return data.subarray(end + 4 - before);
  }

  #received(type: FrameType, payload: Uint8Array): void {
    if (this.#state === "over") return;
    if (type === "Close") return this.#leave(payload.subarray(0, 2));
    // Who does not read what it asks for gets no answers either.
    if (type === "Ping" && this.#state === "open" && !this.#isFull) this.#write("Pong", payload);
    const isControl = type === "Ping" || type === "Pong";
    this.#events.received(type, isControl ? EMPTY : payload);
  }

  /** Says goodbye, unless that has been said, and lets the server end the connection; one that does not is left. */
  #leave(status: Uint8Array): void {
    const socket = this.#socket!;
    if (this.#state === "open") this.#write("Close", status);
    this.#over();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.on("close", () => clearTimeout(timer));
  }

  #end(): void {
    this.#socket?.destroy();
    this.#over();
  }

  #over(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#frames.drop();
    this.#events.closed(this.#wasOpen);
  }

  #write(type: FrameType, payload: Uint8Array): void {
    const mask = crypto.getRandomValues(new Uint8Array(4));
    this.#socket!.write(encodeFrame(type, payload, mask));
  }

  get #isFull(): boolean {
    return this.#socket!.writableLength > this.#plan.maxSocketBufferedBytes;
  }
}

const sha1 = (text: string): string => new Bun.CryptoHasher("sha1").update(text).digest("base64");

function statusBytes(status: CloseStatus): Uint8Array {
  return Uint8Array.of(status >> 8, status & 0xff);
}

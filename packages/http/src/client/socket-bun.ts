/**
 * Web sockets to other servers. A name has been looked up and its addresses checked before: these are connected to, one after
 * the other, and the name is only told to the server.
 * NOTE: `ws-library` is the package `ws`. Under its own name Bun 1.4.5 gives a class of its own, installed or not.
 * Decision 0014 says why that library.
 * @module
 */
import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import WebSocket from "ws-library";
import type { BodyRoom } from "../shared-room.ts";
import type { FrameType, HeaderList } from "./actions.ts";
import { ArrivingMessage } from "./arriving-message.ts";
import { dial } from "./dial-bun.ts";
import type { ClientSocket, SocketEvents } from "./transport.ts";
import { webSocketRequest } from "./web-socket-request.ts";

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

/** Status of close frames (RFC 6455 §7.4.1). */
const CLOSE_NORMAL = 1000;
const CLOSE_TRY_AGAIN_LATER = 1013;
/** Parts of one message; each takes some memory beside its bytes. With 16 KiB each a message may have its longest. */
const MAX_PARTS = 4_096;
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
  readonly #arriving: ArrivingMessage;
  #connection: Socket | undefined;
  #socket: WebSocket | undefined;
  #state: "opening" | "open" | "closing" | "over" = "opening";
  #wasOpen = false;

  constructor(plan: SocketPlan, place: string | undefined, events: ConnectionEvents) {
    this.#plan = plan;
    this.#events = events;
    this.#arriving = new ArrivingMessage(plan.room);
    void this.#connect(place);
  }

  /** False when it was not taken. */
  send(type: Exclude<FrameType, "Close">, payload: Uint8Array): boolean {
    if (!this.#isOpen || this.#isFull) return false;
    const socket = this.#socket!;
    if (type === "Ping") socket.ping(payload);
    else if (type === "Pong") socket.pong(payload);
    else socket.send(payload, { binary: type === "Binary" });
    return true;
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#socket!.close(CLOSE_NORMAL);
  }

  terminate(): void {
    this.#givenUp.abort();
    this.#end();
  }

  async #connect(place: string | undefined): Promise<void> {
    const { url, proxy } = this.#plan;
    try {
      const connection = await dial({ url, proxy, place, signal: this.#givenUp.signal });
      this.#connection = connection;
      connection.on("error", () => undefined);
      connection.on("close", () => this.#arriving.release());
      if (this.#state === "over") return void connection.destroy();
      // A server that is gone without a word is noticed.
      connection.setKeepAlive(true, KEEP_ALIVE_MS);
      this.#open(connection);
    } catch {
      this.#end();
    }
  }

  /** @throws {Error} the request cannot be made */
  #open(connection: Socket): void {
    const { url, headers, protocols } = webSocketRequest(this.#plan.url, this.#plan.headers);
    const options = {
      headers,
      createConnection: () => connection,
      finishRequest: (request: ClientRequest) => {
        // Only one response is waited for: no heads without end. The host bounds one to 16 KiB.
        request.on("information", () => this.#end());
        request.end();
      },
      followRedirects: false,
      // What is compressed may become longer than what was counted.
      perMessageDeflate: false,
      maxPayload: this.#plan.maxSocketMessageBytes,
      maxFragments: MAX_PARTS,
      autoPong: false,
    };
    const socket = new WebSocket(url, [...protocols], options);
    this.#socket = socket;
    socket.on("open", () => this.#opened(connection));
    socket.on("message", (data: Buffer, isBinary) => {
      this.#arriving.whole(data.length);
      this.#received(isBinary ? "Binary" : "Text", ownBytes(data));
    });
    socket.on("ping", (data) => {
      this.#arriving.control(data.length);
      // Who does not read what it asks for gets no answers either.
      if (this.#isOpen && !this.#isFull) socket.pong(data);
      this.#received("Ping", EMPTY);
    });
    socket.on("pong", ({ length }) => {
      this.#arriving.control(length);
      this.#received("Pong", EMPTY);
    });
    // What is wrong with a frame has been told to the server.
    socket.on("error", () => (this.#wasOpen ? this.#leave() : this.#end()));
    socket.on("close", () => this.#end());
  }

  #opened(connection: Socket): void {
    // Here the library reads already: it has read each piece when this listener hears of it.
    connection.on("data", (piece: Uint8Array) => this.#arrived(piece.length));
    this.#state = "open";
    this.#wasOpen = true;
    this.#events.opened();
  }

  #arrived(length: number): void {
    if (this.#state === "over") return;
    const isClosedByServer =
      this.#connection!.writableEnded || (this.#state === "open" && !this.#isOpen);
    if (isClosedByServer) return this.#leave();
    if (this.#arriving.came(length)) return;
    this.#socket!.close(CLOSE_TRY_AGAIN_LATER);
    // Nothing more is read.
    this.#socket!.pause();
    this.#leave();
    this.#connection!.end();
  }

  #received(type: Exclude<FrameType, "Close">, payload: Uint8Array): void {
    if (this.#state !== "over") this.#events.received(type, payload);
  }

  /** All is said; the server may end the connection. One that does not is left. */
  #leave(): void {
    if (this.#state === "over") return;
    const connection = this.#connection!;
    this.#over();
    const timer = setTimeout(() => connection.destroy(), LINGER_MS);
    connection.on("close", () => clearTimeout(timer));
  }

  #end(): void {
    this.#over();
    this.#socket?.terminate();
    this.#connection?.destroy();
  }

  #over(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#events.closed(this.#wasOpen);
  }

  get #isOpen(): boolean {
    return this.#state === "open" && this.#socket!.readyState === WebSocket.OPEN;
  }

  get #isFull(): boolean {
    return this.#connection!.writableLength > this.#plan.maxSocketBufferedBytes;
  }
}

/** The bytes of a message alone: what they came with, or beside, is not kept with them. */
function ownBytes(data: Buffer): Uint8Array {
  const isAlone = data.byteLength === data.buffer.byteLength;
  return isAlone ? new Uint8Array(data.buffer) : new Uint8Array(data);
}

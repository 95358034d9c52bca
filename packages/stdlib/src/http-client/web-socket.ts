/**
 * `WebSocket` in the shape of the web's, on `openWebSocket`: for code that was written for it.
 * Source: spec/packages-and-tools.md §25.8; WebSockets Standard §3 (WHATWG).
 * @module
 */
import { errorText } from "@kinode-ts/types";
import { host } from "../current.ts";
import type {
  WebSocketConnection,
  WebSocketData,
  WebSocketOptions,
} from "./web-socket-connection.ts";
import { openWebSocket } from "./web-socket-connection.ts";

/** What listeners are given. */
export interface WebSocketEvent {
  readonly type: "open" | "message" | "error" | "close";
  readonly target: WebSocket;
  /** Of `message`: text, or bytes as `binaryType` says. */
  readonly data?: string | Uint8Array | ArrayBuffer | undefined;
  /** Of `error`. */
  readonly error?: unknown;
  readonly message?: string | undefined;
  /** Of `close`: 1000 in good order, else 1006. */
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly wasClean?: boolean | undefined;
}

type Listener = (event: WebSocketEvent) => void;
type EventType = WebSocketEvent["type"];

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const CLEAN = 1_000;
const BROKEN = 1_006;

/**
 * Opens when it is made; what fails is told as `error` and then `close`. The node does not say why the other side closed:
 * `code` is 1000 where this side asked for it, else 1006.
 */
export class WebSocket {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  readonly url: string;
  /** Bytes come as `ArrayBuffer` (the web's way), or, faster, as they are: `"uint8array"`. */
  binaryType: "arraybuffer" | "uint8array" = "arraybuffer";
  onopen: Listener | null = null;
  onmessage: Listener | null = null;
  onerror: Listener | null = null;
  onclose: Listener | null = null;
  readonly #listeners: Readonly<Record<EventType, Set<Listener>>> = {
    open: new Set(),
    message: new Set(),
    error: new Set(),
    close: new Set(),
  };
  #readyState = CONNECTING;
  #connection: WebSocketConnection | undefined = undefined;
  #isWanted = true;
  #buffered = 0;

  /** @param options - subprotocols as on the web, or options of `openWebSocket` */
  constructor(
    url: string | { readonly href: string },
    options: string | readonly string[] | WebSocketOptions = {},
  ) {
    this.url = String(url);
    void this.#open(optionsOf(options));
  }

  /** `CONNECTING`, `OPEN`, `CLOSING` or `CLOSED`. */
  get readyState(): number {
    return this.#readyState;
  }

  /** Bytes or characters that have not been taken yet. */
  get bufferedAmount(): number {
    return this.#buffered;
  }

  /** Adds a listener; the same one is called once. */
  addEventListener(type: EventType, listener: Listener): void {
    this.#listeners[type]?.add(listener);
  }

  /** Takes a listener away. */
  removeEventListener(type: EventType, listener: Listener): void {
    this.#listeners[type]?.delete(listener);
  }

  /** @throws {Error} it is not open yet */
  send(data: string | Uint8Array | ArrayBuffer): void {
    if (this.#readyState === CONNECTING) throw new Error("The web socket is not open yet");
    const connection = this.#connection;
    if (this.#readyState !== OPEN || connection === undefined) return;
    const content = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    this.#buffered += content.length;
    const taken = (): void => {
      this.#buffered -= content.length;
    };
    connection.send(content).then(taken, (thrown: unknown) => {
      taken();
      this.#failed(thrown);
    });
  }

  /** Ends the connection; `close` is told when it has ended. */
  close(): void {
    if (this.#readyState >= CLOSING) return;
    this.#readyState = CLOSING;
    this.#isWanted = false;
    void this.#connection?.close().catch((thrown: unknown) => this.#failed(thrown));
  }

  async #open(options: WebSocketOptions): Promise<void> {
    try {
      const connection = await openWebSocket(this.url, options);
      this.#connection = connection;
      if (!this.#isWanted) {
        await connection.close();
        this.#closed();
        return;
      }
      this.#readyState = OPEN;
      this.#emit({ type: "open", target: this });
      connection.listen({
        received: (data) => this.#emit({ type: "message", target: this, data: this.#shaped(data) }),
        closed: () => this.#closed(),
      });
    } catch (thrown) {
      this.#failed(thrown);
      this.#closed();
    }
  }

  #shaped(data: WebSocketData): string | Uint8Array | ArrayBuffer {
    if (typeof data === "string" || this.binaryType !== "arraybuffer") return data;
    return data.slice().buffer;
  }

  #failed(error: unknown): void {
    if (this.#readyState === CLOSED) return;
    this.#emit({ type: "error", target: this, error, message: errorText(error) });
  }

  #closed(): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSED;
    const wasClean = !this.#isWanted;
    const code = wasClean ? CLEAN : BROKEN;
    this.#emit({ type: "close", target: this, code, reason: "", wasClean });
  }

  /** What a listener throws is shown and does not reach the others. */
  #emit(event: WebSocketEvent): void {
    const own = this[`on${event.type}`];
    for (const listener of [...(own === null ? [] : [own]), ...this.#listeners[event.type]]) {
      try {
        listener.call(this, event);
      } catch (thrown) {
        host().printToTerminal(0, `A listener of a web socket failed: ${errorText(thrown)}`);
      }
    }
  }
}

function optionsOf(options: string | readonly string[] | WebSocketOptions): WebSocketOptions {
  if (typeof options === "string") return { protocols: [options] };
  return Array.isArray(options) ? { protocols: options } : (options as WebSocketOptions);
}

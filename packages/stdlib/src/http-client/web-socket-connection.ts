/**
 * Web sockets to other servers.
 * Source: spec/packages-and-tools.md §25.8, spec/runtime-modules.md §7.2.
 * @module
 */
import { HTTP_CLIENT_PROCESS } from "@kinode-ts/types";
import { json } from "../body.ts";
import { dispatcher } from "../current.ts";
import type { Duration } from "../duration.ts";
import { createListenersById } from "../listeners-by-id.ts";
import type { IncomingRequest } from "../message.ts";
import { hasForm, isText, readNamed } from "../module-answer.ts";
import type { AbortSignalLike } from "../send.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import { clientRequest, HttpClientError } from "./http-client-error.ts";

/** How a web socket is opened. */
export interface WebSocketOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Subprotocols offered to the server. */
  readonly protocols?: readonly string[] | undefined;
  /** For opening, and for each thing that is sent. Default 30 s. */
  readonly timeout?: Duration | undefined;
  /** Gives opening up; later it closes the connection. */
  readonly signal?: AbortSignalLike | undefined;
}

/** What the other side has sent: texts as they are, the rest as bytes. */
export type WebSocketData = string | Uint8Array;

/** Who is told what happens, in place of the loop. */
export interface WebSocketListener {
  received(data: WebSocketData): void;
  closed(): void;
}

const DEFAULT_TIMEOUT: Duration = "30s";
/** What is kept for a loop that is slower than the server. */
const MAX_KEPT = 4_096;
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
const SENDER_SUFFIX = `@${HTTP_CLIENT_PROCESS}`;
const DONE = { done: true, value: undefined } as const;

const channelsHere = createListenersById<WebSocketConnection>(deliver);
let lastId = 0;

const isNumber = (value: unknown): value is number => typeof value === "number";
const isAbout = hasForm<{ channel_id: number }>({ channel_id: isNumber });
const isPush = hasForm<{ channel_id: number; message_type: string }>({
  channel_id: isNumber,
  message_type: isText,
});

/** Events of connections made elsewhere go to the process as ever. */
function deliver(
  message: IncomingRequest,
  byId: ReadonlyMap<number, WebSocketConnection>,
): undefined | false {
  if (!message.sender.endsWith(SENDER_SUFFIX) || !message.isLocal) return false;
  const push = readNamed(message, "WebSocketPush", isPush);
  const about = push ?? readNamed(message, "WebSocketClose", isAbout);
  const connection = about && byId.get(about.channel_id);
  if (connection === undefined) return false;
  if (push === undefined) connection.ended();
  else if (push.message_type === "Text" || push.message_type === "Binary") {
    const bytes = message.blob()?.bytes ?? new Uint8Array(0);
    connection.took(push.message_type === "Text" ? decodeUtf8(bytes) : bytes);
  }
  return undefined;
}

async function ask(
  what: string,
  action: object,
  options: WebSocketOptions,
  bytes?: Uint8Array,
): Promise<void> {
  const { timeout = DEFAULT_TIMEOUT } = options;
  await clientRequest(what, action, { timeout, blob: bytes && { bytes } });
}

/**
 * An open web socket. Loop over it for what comes; it ends when the connection does. While it is open the process takes
 * messages, also without `serve` or `receive`.
 */
export class WebSocketConnection implements AsyncIterable<WebSocketData>, AsyncDisposable {
  readonly url: string;
  /** Settles when the connection has ended, from whichever side; never rejects. */
  readonly closed: Promise<void>;
  readonly #id: number;
  readonly #options: WebSocketOptions;
  readonly #byId: Map<number, WebSocketConnection>;
  #isOpen = true;
  #settleClosed: () => void = () => {};
  #kept: WebSocketData[] = [];
  #keptBytes = 0;
  #hasOverflown = false;
  #listener: WebSocketListener | undefined = undefined;
  #wake: (() => void) | undefined = undefined;

  /** @internal Use `openWebSocket`. */
  constructor(id: number, url: string, options: WebSocketOptions) {
    this.#id = id;
    this.url = url;
    this.#options = options;
    this.#byId = channelsHere();
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    this.#byId.set(id, this);
  }

  /** Whether something can be sent. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Text goes as a text frame, bytes as a binary one, anything else as JSON text. Rejects with an `HttpClientError`. */
  async send(data: WebSocketData | object): Promise<void> {
    const isBinary = data instanceof Uint8Array;
    const bytes = isBinary ? data : encodeUtf8(typeof data === "string" ? data : json(data));
    await this.#push(isBinary ? "Binary" : "Text", bytes);
  }

  /** Asks the other side for a sign of life; its answer is not told. */
  async ping(): Promise<void> {
    await this.#push("Ping");
  }

  async #push(type: string, bytes?: Uint8Array): Promise<void> {
    const action = { WebSocketPush: { channel_id: this.#id, message_type: type } };
    await ask(`send to "${this.url}"`, action, this.#options, bytes);
  }

  /** Ends the connection in good order; nothing more is received. Settles when the other side has been told. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.ended();
    const action = { WebSocketClose: { channel_id: this.#id } };
    await ask(`close "${this.url}"`, action, this.#options).catch((thrown: unknown) => {
      // Closed from the other side meanwhile is as good.
      if (!(thrown instanceof HttpClientError && thrown.code === "WsCloseFailed")) throw thrown;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What comes, in order. One loop at a time; a `break` leaves the connection open. */
  [Symbol.asyncIterator](): AsyncIterator<WebSocketData, undefined> {
    return {
      next: () => this.#next(),
      return: () => Promise.resolve(DONE),
    };
  }

  async #next(): Promise<IteratorResult<WebSocketData, undefined>> {
    for (;;) {
      const data = this.#kept.shift();
      if (data !== undefined) {
        this.#keptBytes -= data.length;
        return { done: false, value: data };
      }
      if (this.#hasOverflown) {
        const detail = `more than ${MAX_KEPT} messages or ${MAX_KEPT_BYTES} bytes were waiting`;
        throw new HttpClientError("Overflow", `read from "${this.url}" in time`, detail);
      }
      if (!this.#isOpen) return DONE;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** @internal What has come so far and what comes goes to the listener, in place of the loop. */
  listen(listener: WebSocketListener): void {
    this.#listener = listener;
    for (const data of this.#kept.splice(0)) listener.received(data);
    this.#keptBytes = 0;
    if (!this.#isOpen) listener.closed();
  }

  /** @internal */
  took(data: WebSocketData): void {
    if (!this.#isOpen) return;
    if (this.#listener !== undefined) {
      this.#listener.received(data);
      return;
    }
    this.#keptBytes += data.length;
    this.#kept.push(data);
    if (this.#kept.length > MAX_KEPT || this.#keptBytes > MAX_KEPT_BYTES) {
      this.#kept.pop();
      this.#hasOverflown = true;
      void this.close().catch(() => {});
    }
    this.#wake?.();
  }

  /** @internal */
  ended(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#byId.delete(this.#id);
    this.#settleClosed();
    this.#wake?.();
    this.#listener?.closed();
  }
}

/**
 * Opens a web socket (`ws:` or `wss:`). Rejects with an `HttpClientError`, or with the signal's reason when that aborts.
 * Needs messaging with `http-client:distro:sys`, both ways.
 *
 *     const socket = await openWebSocket("wss://example.org/feed");
 *     await socket.send({ subscribe: "news" });
 *     for await (const message of socket) { … }
 */
export async function openWebSocket(
  url: string | { readonly href: string },
  options: WebSocketOptions = {},
): Promise<WebSocketConnection> {
  const { signal, protocols = [], headers = {} } = options;
  if (signal?.aborted === true) throw signal.reason;
  const id = (lastId = (lastId + 1) >>> 0);
  const connection = new WebSocketConnection(id, String(url), options);
  const all =
    protocols.length === 0
      ? headers
      : { ...headers, "Sec-WebSocket-Protocol": protocols.join(", ") };
  const action = { WebSocketOpen: { url: String(url), headers: all, channel_id: id } };
  const opened = ask(`open "${String(url)}"`, action, options);
  try {
    await (signal === undefined ? opened : Promise.race([opened, aborted(signal)]));
  } catch (thrown) {
    connection.ended();
    // An opening that was given up here may still succeed there.
    void opened
      .then(() => ask("close", { WebSocketClose: { channel_id: id } }, options))
      .catch(() => {});
    throw thrown;
  }
  signal?.addEventListener("abort", () => void connection.close().catch(() => {}));
  void dispatcher().waiting(connection.closed);
  return connection;
}

function aborted(signal: AbortSignalLike): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

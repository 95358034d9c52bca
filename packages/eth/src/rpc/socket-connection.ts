/**
 * Calls and subscriptions over one web socket, from its opening to its end.
 * @module
 */
import { RpcFailure, type RpcFailureKind } from "./failure.ts";
import { encodeCall, readMessage, type ReplyBounds, type RpcAnswer } from "./json-rpc.ts";
import type { HeaderList, RpcSocket, RpcTransport } from "./transport.ts";

/** One subscription at the provider. */
export interface Feed {
  /** Takes what the provider sends for it, a JSON text. */
  item(result: string): void;
  /** The provider says that the chain has come to this block. */
  alive(block: number): void;
  /** It ends without having been asked to. */
  lost(): void;
}

export interface SocketConnectionOptions {
  readonly transport: RpcTransport;
  readonly url: URL;
  readonly headers: HeaderList;
  readonly bounds: ReplyBounds;
  readonly maxStrayMessagesCount: number;
  /** Called once; also when it never opened. */
  readonly onClosed: () => void;
}

interface Pending {
  settle(answer: RpcAnswer): void;
  fail(kind: RpcFailureKind): void;
}

export class SocketConnection {
  readonly #options: SocketConnectionOptions;
  readonly #pending = new Map<number, Pending>();
  /** By the id that the provider gave them, as JSON text. */
  readonly #feeds = new Map<string, Feed>();
  #socket: RpcSocket | undefined;
  #opening: ((opened: boolean) => void) | undefined;
  #isOver = false;
  #lastId = 0;
  #strays = 0;

  constructor(options: SocketConnectionOptions) {
    this.#options = options;
  }

  /** Nothing is under way on it. */
  get isIdle(): boolean {
    return this.#pending.size === 0 && this.#feeds.size === 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @throws {RpcFailure} */
  async open(): Promise<void> {
    const { transport, url, headers } = this.#options;
    const opened = new Promise<boolean>((resolve) => (this.#opening = resolve));
    try {
      this.#socket = await transport.openSocket(url, headers, {
        opened: () => this.#opening?.(true),
        received: (type, payload) => {
          if (type === "Text" || type === "Binary") this.#received(payload);
        },
        closed: () => this.close("unreachable"),
      });
    } catch {
      this.close("unreachable");
    }
    if (this.#isOver) this.#socket?.terminate();
    if (!(await opened) || this.#isOver) throw new RpcFailure("unreachable");
  }

  /** @throws {RpcFailure} */
  call(method: string, params: string, signal: AbortSignal): Promise<RpcAnswer> {
    return new Promise((resolve, reject) => {
      this.#ask(method, params, signal, {
        settle: resolve,
        fail: (kind) => reject(new RpcFailure(kind)),
      });
    });
  }

  /**
   * Makes a subscription; nothing that comes for it is missed.
   * @returns its id at the provider, or the provider's error
   * @throws {RpcFailure}
   */
  subscribe(params: string, feed: Feed, signal: AbortSignal): Promise<RpcAnswer> {
    return new Promise((resolve, reject) => {
      this.#ask("eth_subscribe", params, signal, {
        settle: (answer) => {
          if (answer.kind === "result") this.#feeds.set(answer.result, feed);
          resolve(answer);
        },
        fail: (kind) => reject(new RpcFailure(kind)),
      });
    });
  }

  get hasFeeds(): boolean {
    return this.#feeds.size > 0;
  }

  /** Tells every subscription how far the chain is. */
  alive(block: number): void {
    for (const feed of this.#feeds.values()) feed.alive(block);
  }

  /** Nothing comes for it any more. The provider is told, and not waited for. */
  unsubscribe(id: string): void {
    this.#feeds.delete(id);
    this.#tellUnsubscribe(id);
  }

  /** Ends everything. Idempotent. */
  close(kind: RpcFailureKind): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.terminate();
    this.#opening?.(false);
    const [pending, feeds] = [[...this.#pending.values()], [...this.#feeds.values()]];
    this.#pending.clear();
    this.#feeds.clear();
    this.#options.onClosed();
    for (const each of pending) each.fail(kind);
    for (const feed of feeds) feed.lost();
  }

  #ask(method: string, params: string, signal: AbortSignal, pending: Pending): void {
    if (this.#isOver) return pending.fail("unreachable");
    if (signal.aborted) return pending.fail("timeout");
    const id = ++this.#lastId;
    const onAbort = (): void => {
      // A subscription that is answered late is a stray one and will be cancelled.
      this.#pending.delete(id);
      pending.fail("timeout");
    };
    const over = (): void => signal.removeEventListener("abort", onAbort);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#pending.set(id, {
      settle: (answer) => {
        over();
        pending.settle(answer);
      },
      fail: (kind) => {
        over();
        pending.fail(kind);
      },
    });
    if (this.#socket?.send("Text", encodeCall(id, method, params)) !== true) {
      this.close("unreachable");
    }
  }

  #received(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const message = readMessage(bytes, this.#options.bounds);
    if (message === undefined) return this.close("malformed");
    if (message.kind === "push") {
      const feed = this.#feeds.get(message.subscription);
      if (feed !== undefined) return feed.item(message.result);
      this.#stray();
      return this.#tellUnsubscribe(message.subscription);
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return this.#stray();
    this.#pending.delete(message.id);
    pending.settle(message.answer);
  }

  #stray(): void {
    if (++this.#strays > this.#options.maxStrayMessagesCount) this.close("malformed");
  }

  #tellUnsubscribe(id: string): void {
    if (this.#isOver) return;
    this.#socket?.send("Text", encodeCall(++this.#lastId, "eth_unsubscribe", `[${id}]`));
  }
}

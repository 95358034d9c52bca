/**
 * One RPC server by its URL: connected when it is needed, asked for its chain first, let go when it is idle.
 * @module
 */
import type { Clock, TimerHandle } from "@kinode-ts/types";
import type { EthLimits } from "../limits.ts";
import { RpcFailure } from "../rpc/failure.ts";
import { HttpConnection } from "../rpc/http-connection.ts";
import type { RpcAnswer } from "../rpc/json-rpc.ts";
import { type Feed, SocketConnection } from "../rpc/socket-connection.ts";
import type { HeaderList, RpcTransport } from "../rpc/transport.ts";
import { stringOf } from "../json/raw-json.ts";
import { quantity } from "../rpc/quantity.ts";
import { Health } from "./health.ts";
import type { RpcAuth } from "./provider-config.ts";

export interface EndpointPowers {
  readonly transport: RpcTransport;
  readonly clock: Clock;
  readonly limits: EthLimits;
  /** A line for the person who runs the node. */
  readonly say: (verbosity: number, text: string) => void;
}

/** A subscription as it is at the provider. */
export interface OpenFeed {
  readonly kind: "open";
  close(): void;
}

export class Endpoint {
  readonly chainId: number;
  readonly health: Health;
  readonly #powers: EndpointPowers;
  readonly #url: URL;
  readonly #headers: HeaderList;
  #http: HttpConnection | undefined;
  #socket: SocketConnection | undefined;
  /** Settles when the connection may be used. */
  #ready: Promise<HttpConnection | SocketConnection> | undefined;
  #idle: TimerHandle | undefined;
  #heartbeat: TimerHandle | undefined;
  #isClosed = false;

  constructor(chainId: number, url: string, auth: RpcAuth | undefined, powers: EndpointPowers) {
    this.chainId = chainId;
    this.health = new Health(powers.clock, powers.limits);
    this.#powers = powers;
    this.#url = new URL(url);
    this.#headers = auth === undefined ? [] : [["Authorization", authorization(auth)]];
  }

  /** Whether it can send by itself, which subscriptions need. */
  get canPush(): boolean {
    return this.#url.protocol === "ws:" || this.#url.protocol === "wss:";
  }

  /** The host alone: the rest of a URL may hold a key. */
  get name(): string {
    return this.#url.host;
  }

  /** @throws {RpcFailure} also when it takes longer than `timeoutMs` */
  call(method: string, params: string, timeoutMs: number): Promise<RpcAnswer> {
    return this.#within(timeoutMs, async (signal) => {
      const connection = await this.#connected(signal);
      return await connection.call(method, params, signal);
    });
  }

  /**
   * Follows a subscription. `feed.lost` is called when it ends by itself.
   * @returns it, or the provider's error
   * @throws {RpcFailure}
   */
  subscribe(params: string, feed: Feed, timeoutMs: number): Promise<OpenFeed | RpcAnswer> {
    return this.#within(timeoutMs, async (signal) => {
      await this.#connected(signal);
      const socket = this.#socket;
      if (socket === undefined) throw new RpcFailure("unreachable");
      const answer = await socket.subscribe(params, feed, signal);
      if (answer.kind === "error") return answer;
      this.#beat(socket);
      const close = (): void => {
        socket.unsubscribe(answer.result);
        this.#whenIdle();
      };
      return { kind: "open", close };
    });
  }

  /** Ends its connection and everything on it, for good. */
  close(): void {
    this.#isClosed = true;
    this.#idle?.cancel();
    this.#heartbeat?.cancel();
    this.#socket?.close("unreachable");
    this.#ready = undefined;
  }

  async #within<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock } = this.#powers;
    const abort = new AbortController();
    const timer = clock.after(Math.max(0, timeoutMs), () => abort.abort());
    const late = new Promise<never>((_resolve, reject) => {
      abort.signal.addEventListener("abort", () => reject(new RpcFailure("timeout")), {
        once: true,
      });
    });
    this.#idle?.cancel();
    try {
      return await Promise.race([work(abort.signal), late]);
    } finally {
      timer.cancel();
      this.#whenIdle();
    }
  }

  #whenIdle(): void {
    const { clock, limits } = this.#powers;
    this.#idle?.cancel();
    if (this.#socket?.isIdle !== true) return;
    this.#idle = clock.after(limits.idleConnectionMs, () => {
      if (this.#socket?.isIdle === true) this.#socket.close("unreachable");
    });
  }

  /** A connection that was cut without a word is noticed, and subscriptions know how far the chain is. */
  #beat(socket: SocketConnection, afterMs = 0): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = this.#powers.clock.after(afterMs, () => void this.#look(socket));
  }

  async #look(socket: SocketConnection): Promise<void> {
    if (socket.isOver || !socket.hasFeeds) return;
    const { limits } = this.#powers;
    try {
      const answer = await this.#within(limits.connectTimeoutMs, (signal) =>
        socket.call("eth_blockNumber", "[]", signal),
      );
      const block = answer.kind === "result" ? quantity(answer.result) : undefined;
      if (block !== undefined) socket.alive(block);
      this.#beat(socket, limits.heartbeatMs);
    } catch {
      socket.close("timeout");
    }
  }

  /** Callers share one connection and one look at its chain; each gives up by itself. */
  async #connected(signal: AbortSignal): Promise<HttpConnection | SocketConnection> {
    if (this.#isClosed) throw new RpcFailure("unreachable");
    if (signal.aborted) throw new RpcFailure("timeout");
    if (this.#ready === undefined) {
      const ready = this.#connect();
      this.#ready = ready;
      ready.catch(() => {
        if (this.#ready === ready) this.#ready = undefined;
      });
    }
    return await this.#ready;
  }

  async #connect(): Promise<HttpConnection | SocketConnection> {
    const { clock, limits } = this.#powers;
    const abort = new AbortController();
    const timer = clock.after(limits.connectTimeoutMs, () => {
      abort.abort();
      this.#socket?.close("timeout");
    });
    try {
      const connection = this.canPush ? await this.#openSocket() : this.#openHttp();
      await this.#checkChain(connection, abort.signal);
      return connection;
    } catch (thrown) {
      this.#socket?.close("unreachable");
      throw abort.signal.aborted ? new RpcFailure("timeout") : thrown;
    } finally {
      timer.cancel();
    }
  }

  #openHttp(): HttpConnection {
    const { transport, limits } = this.#powers;
    return (this.#http ??= new HttpConnection(
      transport,
      this.#url,
      this.#headers,
      replyBounds(limits),
    ));
  }

  async #openSocket(): Promise<SocketConnection> {
    const { transport, limits } = this.#powers;
    const socket: SocketConnection = new SocketConnection({
      transport,
      url: this.#url,
      headers: this.#headers,
      bounds: replyBounds(limits),
      maxStrayMessagesCount: limits.maxStrayMessagesCount,
      onClosed: () => {
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        this.#ready = undefined;
      },
    });
    this.#socket = socket;
    await socket.open();
    return socket;
  }

  /** One that will not say which chain it serves is taken at its word; one of another chain never is. */
  async #checkChain(
    connection: HttpConnection | SocketConnection,
    signal: AbortSignal,
  ): Promise<void> {
    const answer = await connection.call("eth_chainId", "[]", signal);
    if (answer.kind === "error") return;
    const told = Number(stringOf(answer.result) ?? Number.NaN);
    if (told === this.chainId) return;
    this.#powers.say(
      0,
      `the provider ${this.name} is left out for a while: it serves chain ${Number.isNaN(told) ? "unknown" : told}, not ${this.chainId}`,
    );
    throw new RpcFailure("wrong-chain");
  }
}

function replyBounds({ maxAnswerBytes, maxDepth, maxAnswerParts }: EthLimits): {
  readonly maxAnswerBytes: number;
  readonly maxDepth: number;
  readonly maxParts: number;
} {
  return { maxAnswerBytes, maxDepth, maxParts: maxAnswerParts };
}

function authorization({ kind, text }: RpcAuth): string {
  return kind === "Raw" ? text : `${kind} ${text}`;
}

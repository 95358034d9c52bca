/**
 * RPC servers in memory, as many as a test wants, that answer as they are told: also wrongly, late, or never.
 */
import type { Clock } from "@kinode-ts/types";
import type { RpcReply, RpcSocketEvents, RpcTransport } from "../src/index.ts";

export interface RpcCall {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}

/** What a server does with a call. `undefined`: nothing at all. */
export type Behaviour = (call: RpcCall) =>
  | { readonly result: unknown }
  | { readonly error: unknown }
  /** As it is, in place of an answer. */
  | { readonly raw: string | Uint8Array }
  | { readonly status: number; readonly raw?: string }
  /** The connection breaks. */
  | "break"
  | undefined;

export class FakeServer {
  readonly url: string;
  readonly calls: RpcCall[] = [];
  readonly #sockets = new Set<{ readonly events: RpcSocketEvents; isOver: boolean }>();
  behaviour: Behaviour;
  isUp = true;
  chainId = 1;
  /** Ids it has given to subscriptions, newest last. */
  readonly subscriptions: string[] = [];

  constructor(url: string, behaviour: Behaviour) {
    this.url = url;
    this.behaviour = behaviour;
  }

  get connectionCount(): number {
    return [...this.#sockets].filter(({ isOver }) => !isOver).length;
  }

  /** Methods that were called, without looks at the chain's id. */
  get methods(): string[] {
    return this.calls.map(({ method }) => method).filter((method) => method !== "eth_chainId");
  }

  answer(call: RpcCall): ReturnType<Behaviour> {
    this.calls.push(call);
    const special = this.behaviour(call);
    if (special !== undefined || call.method === "silent") return special;
    return undefined;
  }

  connect(events: RpcSocketEvents): { readonly events: RpcSocketEvents; isOver: boolean } {
    const socket = { events, isOver: false };
    this.#sockets.add(socket);
    return socket;
  }

  /** Sends a text over every connection. */
  say(text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    for (const { events, isOver } of [...this.#sockets])
      if (!isOver) events.received("Text", bytes);
  }

  push(subscription: string, result: unknown): void {
    this.say(
      JSON.stringify({
        jsonrpc: "2.0",
        method: "eth_subscription",
        params: { subscription, result },
      }),
    );
  }

  /** Every connection breaks. */
  cut(): void {
    for (const socket of [...this.#sockets]) {
      if (socket.isOver) continue;
      socket.isOver = true;
      socket.events.closed();
    }
  }
}

/** Answers as a chain of id `server.chainId` would, with what is given for the other methods. */
export function serving(results: Readonly<Record<string, unknown>> = {}): Behaviour {
  return ({ method }) =>
    method in results ? { result: results[method] } : { result: `${method}!` };
}

export interface FakeNetwork {
  readonly transport: RpcTransport;
  /** Exchanges and connections that were tried, by URL. */
  readonly tried: string[];
  server(url: string, behaviour?: Behaviour): FakeServer;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function createFakeNetwork(clock: Clock): FakeNetwork {
  const servers = new Map<string, FakeServer>();
  const tried: string[] = [];
  const find = (url: URL): FakeServer => {
    tried.push(url.href);
    const server = servers.get(url.href);
    if (server?.isUp !== true) throw new Error("connection refused");
    return server;
  };
  const answer = (
    server: FakeServer,
    body: Uint8Array,
  ): { call: RpcCall; outcome: ReturnType<Behaviour> } => {
    const call = JSON.parse(decoder.decode(body)) as RpcCall;
    const outcome = server.answer(call);
    if (
      call.method === "eth_chainId" &&
      outcome !== undefined &&
      typeof outcome !== "string" &&
      "result" in outcome &&
      outcome.result === "eth_chainId!"
    ) {
      return { call, outcome: { result: `0x${server.chainId.toString(16)}` } };
    }
    if (
      call.method === "eth_subscribe" &&
      outcome !== undefined &&
      typeof outcome !== "string" &&
      "result" in outcome
    ) {
      server.subscriptions.push(outcome.result as string);
    }
    return { call, outcome };
  };
  const textOf = (call: RpcCall, outcome: object): string =>
    "raw" in outcome
      ? (outcome.raw as string)
      : JSON.stringify({ jsonrpc: "2.0", id: call.id, ...outcome });

  return {
    tried,
    server(url, behaviour = serving()) {
      const server = new FakeServer(new URL(url).href, behaviour);
      servers.set(server.url, server);
      return server;
    },
    transport: {
      async exchange(request, maxBodyBytes, signal): Promise<RpcReply> {
        const server = find(request.url);
        const { call, outcome } = answer(server, request.body);
        if (outcome === undefined) {
          return await new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new Error("given up")));
          });
        }
        if (outcome === "break") throw new Error("connection lost");
        const status = "status" in outcome ? outcome.status : 200;
        const raw = "status" in outcome ? (outcome.raw ?? "") : textOf(call, outcome);
        const body = typeof raw === "string" ? encoder.encode(raw) : (raw as Uint8Array);
        if (body.length > maxBodyBytes) throw new Error("the response is too large");
        return { status, headers: [], body };
      },
      async openSocket(url, _headers, events) {
        const server = find(url);
        const socket = server.connect(events);
        clock.afterTurn(() => events.opened());
        return {
          send(_type, payload) {
            if (socket.isOver) return false;
            const { call, outcome } = answer(server, payload);
            if (outcome === undefined) return true;
            clock.afterTurn(() => {
              if (socket.isOver) return;
              if (outcome === "break") {
                socket.isOver = true;
                return events.closed();
              }
              const raw = textOf(call, outcome) as string | Uint8Array;
              events.received("Text", typeof raw === "string" ? encoder.encode(raw) : raw);
            });
            return true;
          },
          terminate() {
            if (socket.isOver) return;
            socket.isOver = true;
            events.closed();
          },
        };
      },
      close() {},
    },
  };
}

/**
 * Nodes in one process that dial each other by host and port; every piece takes a millisecond of the virtual clock.
 * @module
 */
import { createSeededRandom, type VirtualClock } from "@kinode-ts/testing";
import { createNodeSigner } from "@kinode-ts/crypto";
import type { KernelMessage, SendErrorKind } from "@kinode-ts/types";
import { parseAddress } from "@kinode-ts/types";
import {
  answerVisitor,
  type Connection,
  type HandshakeIdentity,
  HandshakeChannel,
  KnownNodes,
  Peers,
  type PeersLimits,
  type Protocol,
  type Socket,
  type Transport,
} from "../src/index.ts";
import { type MemorySocket, socketPair } from "./memory-sockets.ts";

export class MemoryInternet {
  readonly clock: VirtualClock;
  readonly dials: string[] = [];
  readonly sockets: MemorySocket[] = [];
  /** Hosts that swallow what is sent to them. */
  readonly silent = new Set<string>();
  readonly #listeners = new Map<string, (socket: Socket) => void>();

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  listen(protocol: Protocol, host: string, port: number, accept: (socket: Socket) => void): void {
    this.#listeners.set(`${protocol} ${host}:${port}`, accept);
  }

  /** @param host - where this node listens */
  transport(host = "0.0.0.0"): Transport {
    return {
      dial: (protocol, to, port) => this.#dial(protocol, to, port),
      listen: (protocol, port, accept) => {
        this.listen(protocol, host, port, accept);
        const stop = async (): Promise<void> =>
          void this.#listeners.delete(`${protocol} ${host}:${port}`);
        return Promise.resolve({ port, stop });
      },
    };
  }

  #dial(protocol: Protocol, host: string, port: number): Promise<Socket> {
    const place = `${protocol} ${host}:${port}`;
    this.dials.push(place);
    if (this.silent.has(host)) return new Promise(() => {});
    const accept = this.#listeners.get(place);
    if (accept === undefined) return Promise.reject(new Error(`${place} refuses`));
    const [left, right] = socketPair(protocol);
    this.sockets.push(left, right);
    for (const socket of [left, right]) this.#carry(socket);
    return new Promise((resolve) => {
      this.clock.after(1, () => {
        accept(right);
        resolve(left);
      });
    });
  }

  /** One millisecond after something was sent it arrives. */
  #carry(socket: MemorySocket): void {
    const send = socket.send.bind(socket);
    let isUnderWay = false;
    socket.send = (bytes) => {
      send(bytes);
      if (isUnderWay) return;
      isUnderWay = true;
      this.clock.after(1, () => {
        isUnderWay = false;
        socket.flow();
      });
    };
  }
}

export interface InternetNodeOptions {
  readonly host?: string;
  readonly tcp?: number;
  readonly ws?: number;
  readonly routers?: readonly string[];
  readonly limits?: Partial<PeersLimits>;
  readonly isPinned?: (name: string) => boolean;
}

/** A node as far as connections go. */
export class InternetNode {
  readonly name: string;
  readonly identity: HandshakeIdentity;
  readonly known = new KnownNodes();
  readonly peers: Peers;
  readonly received: KernelMessage[] = [];
  readonly failed: { readonly id: unknown; readonly kind: SendErrorKind }[] = [];
  readonly said: string[] = [];
  readonly options: InternetNodeOptions;
  readonly connections: Connection[] = [];

  constructor(internet: MemoryInternet, name: string, options: InternetNodeOptions = {}) {
    this.name = name;
    this.options = options;
    const seed = new Uint8Array(32).fill(
      [...name].reduce((sum, char) => sum + char.charCodeAt(0), 0),
    );
    this.identity = {
      our: name,
      signer: createNodeSigner(seed),
      random: createSeededRandom(seed[0]!),
    };
    this.peers = new Peers({
      identity: this.identity,
      known: this.known,
      transport: internet.transport(),
      clock: internet.clock,
      limits: options.limits ?? {},
      ...(options.isPinned === undefined ? {} : { isPinned: options.isPinned }),
      events: {
        received: (message) => void this.received.push(message),
        failed: ({ id }, kind) => void this.failed.push({ id, kind }),
        say: (_, text) => void this.said.push(text),
      },
    });
    for (const protocol of ["tcp", "ws"] as const) {
      const port = options[protocol];
      if (port === undefined || options.host === undefined) continue;
      internet.listen(protocol, options.host, port, (socket) => {
        const channel = new HandshakeChannel(socket, internet.clock);
        const visit = answerVisitor(channel, this.identity, (peer) => this.known.keyOf(peer));
        visit.then(
          (visitor) => {
            if (visitor.kind !== "session") return;
            this.peers.adopt(visitor.session, channel, visitor.session.peer);
          },
          (error: Error) => void this.said.push(error.message),
        );
      });
    }
  }

  /** This node and the others know each other. */
  meet(...others: readonly InternetNode[]): void {
    for (const [one, other] of others.flatMap((other) => [
      [this, other] as const,
      [other, this] as const,
    ])) {
      one.learn(other);
    }
  }

  learn({ name, identity, options }: InternetNode): void {
    const ports = new Map<string, number>();
    if (options.tcp !== undefined) ports.set("tcp", options.tcp);
    if (options.ws !== undefined) ports.set("ws", options.ws);
    this.known.set({
      name,
      networkingKey: identity.signer.publicKey.toHex(),
      routing:
        options.host === undefined
          ? { kind: "routers", routers: options.routers ?? [] }
          : { kind: "direct", ip: options.host, ports },
    });
  }

  send(to: string, id: number, body = new Uint8Array(1)): void {
    void this.peers.send({
      id,
      source: parseAddress(`${this.name}@a:chat:x.os`),
      target: parseAddress(`${to}@b:chat:x.os`),
      rsvp: undefined,
      message: {
        kind: "request",
        inherit: false,
        expectsResponse: 5,
        body,
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    });
  }

  get ids(): unknown[] {
    return this.received.map(({ id }) => id);
  }
}

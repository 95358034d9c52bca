/**
 * As much of a node as talking with one of another implementation takes: connections, requests, answers. It sends what the
 * reference sends, byte for byte, and says nothing about features of ours.
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import {
  answerVisitor,
  createBunTransport,
  HandshakeChannel,
  KnownNodes,
  Peers,
} from "@kinode-ts/net";
import { type Clock, type KernelMessage, type NodeId, parseAddress } from "@kinode-ts/types";

export interface InteropPeer {
  readonly name: NodeId;
  readonly ip: string;
  readonly tcp: number;
  readonly ws: number;
  /** 64 hex digits. */
  readonly key: string;
}

/** Reads `<name>@<ip>:<tcp port>[,<ws port>]#<key>`; a port of 0 is none. */
export function readPeer(text: string): InteropPeer | undefined {
  const form = /^([a-z0-9.-]+)@([\d.]+|\[[0-9a-f:]+\]):(\d+)(?:,(\d+))?#(?:0x)?([0-9a-f]{64})$/i;
  const [, name, ip, tcp, ws = "0", key] = form.exec(text) ?? [];
  if (name === undefined || ip === undefined || key === undefined) return undefined;
  return { name, ip: ip.replaceAll(/[[\]]/g, ""), tcp: Number(tcp), ws: Number(ws), key };
}

export interface Answered {
  readonly body: Uint8Array;
}

export interface InteropNode {
  /** Our networking key, 64 hex digits. */
  readonly key: string;
  /** Settles with the answer. @throws {Error} it was offline, or took longer */
  request(to: NodeId, process: string, body: Uint8Array, seconds?: number): Promise<Answered>;
  /** Settles when the other node has sent a request to us. @throws {Error} it took longer */
  hello(from: NodeId, seconds: number): Promise<string>;
  readonly connectionCount: number;
  stop(): void;
}

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

export interface InteropOptions {
  readonly name: NodeId;
  readonly seed: Uint8Array;
  /** TCP port we listen on. */
  readonly port: number;
  readonly peers: readonly InteropPeer[];
  /** Answers requests of the other side; default: as net answers a hello. */
  readonly answer?: (message: KernelMessage) => Uint8Array;
}

export async function startInterop(options: InteropOptions): Promise<InteropNode> {
  const { name, seed, port, answer = () => new TextEncoder().encode("ack") } = options;
  const signer = createNodeSigner(seed);
  const random = createSystemRandom();
  const identity = { our: name, signer, random };
  const known = new KnownNodes();
  for (const peer of options.peers) {
    known.set({
      name: peer.name,
      networkingKey: peer.key,
      routing: {
        kind: "direct",
        ip: peer.ip,
        ports: new Map([
          ["tcp", peer.tcp],
          ["ws", peer.ws],
        ]),
      },
    });
  }
  const waiting = new Map<string, PromiseWithResolvers<Answered>>();
  const hellos: { readonly from: NodeId; readonly heard: (text: string) => void }[] = [];
  const transport = createBunTransport();
  const peers = new Peers({
    identity,
    known,
    transport,
    clock,
    events: {
      received: (message) => receive(message),
      failed: (message, kind) => waiting.get(String(message.id))?.reject(new Error(kind)),
      say: () => {},
    },
  });
  const receive = (message: KernelMessage): void => {
    const { id, source, target } = message;
    if (message.message.kind === "response") {
      waiting.get(String(id))?.resolve({ body: message.message.body });
      return;
    }
    const text = new TextDecoder().decode(message.message.body);
    for (const { from, heard } of hellos) if (from === source.node) heard(text);
    void peers.send({
      id,
      source: target,
      target: message.rsvp ?? source,
      rsvp: undefined,
      message: {
        kind: "response",
        inherit: false,
        body: answer(message),
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    });
  };
  const listening = await transport.listen("tcp", port, (socket) => {
    const channel = new HandshakeChannel(socket, clock);
    answerVisitor(channel, identity, (peer) => known.keyOf(peer)).then(
      (visit) => {
        if (visit.kind === "session") peers.adopt(visit.session, channel, visit.session.peer);
      },
      (error: Error) => console.error(`${socket.remote}: ${error.message}`),
    );
  });
  return {
    key: signer.publicKey.toHex(),
    get connectionCount() {
      return peers.connectionCount;
    },
    async request(to, process, body, seconds = 30) {
      const id = random.u64();
      const answered = Promise.withResolvers<Answered>();
      waiting.set(String(id), answered);
      const source = parseAddress(`${name}@interop:interop:sys`);
      void peers.send({
        id,
        source,
        target: parseAddress(`${to}@${process}`),
        rsvp: source,
        message: {
          kind: "request",
          inherit: false,
          expectsResponse: seconds,
          body,
          metadata: undefined,
          capabilities: [],
        },
        blob: undefined,
      });
      const timer = clock.after(seconds * 1_000, () => answered.reject(new Error("timeout")));
      try {
        return await answered.promise;
      } finally {
        timer.cancel();
        waiting.delete(String(id));
      }
    },
    hello(from, seconds) {
      const heard = Promise.withResolvers<string>();
      hellos.push({ from, heard: heard.resolve });
      clock.after(seconds * 1_000, () => heard.reject(new Error("nothing came")));
      return heard.promise;
    },
    stop() {
      peers.stop();
      void listening.stop();
    },
  };
}

/**
 * What is fed with damaged bytes, and what must hold: whatever arrives ends at worst in an error of ours, and nothing is kept
 * beyond what was received.
 * @module
 */
import {
  CodecError,
  decodeHandshakePayload,
  encodeHandshakePayload,
  encodeKernelMessage,
} from "@kinode-ts/codec";
import { decodeNetAction, decodeNetResponse, encodeNetAction } from "@kinode-ts/codec/net";
import { createVirtualClock, type SeededRandom } from "@kinode-ts/testing";
import { type KernelMessage, parseAddress } from "@kinode-ts/types";
import { CipherState } from "../../src/noise/cipher-state.ts";
import { PartReader, cutPart } from "../../src/framing/parts.ts";
import { type Word, wordBytes } from "../../src/framing/words.ts";
import {
  Connection,
  createFraming,
  createRoutingRequest,
  decodeExtension,
  encodeExtension,
  InitiatorHandshake,
  judgeMessage,
  NetError,
  OUR_FEATURES,
  readRoutingRequest,
  ResponderHandshake,
  sealTcpMessage,
  sealWebSocketMessage,
  type Session,
  TcpReader,
  WebSocketMessageReader,
} from "../../src/index.ts";
import { socketPair } from "../memory-sockets.ts";
import { ALICE, BOB, KEYS, REQUEST, RESPONSE } from "../vectors.ts";
import { mutate } from "./mutate.ts";

/** Runs one case. @throws {Error} something that must not be */
export interface Target {
  readonly name: string;
  /** Of a hundred cases. */
  readonly share: number;
  run(random: SeededRandom): void;
}

function only(kinds: readonly (abstract new (...args: never[]) => Error)[], run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!kinds.some((kind) => error instanceof kind)) throw error;
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const message = (random: SeededRandom): KernelMessage => ({
  id: random.u64(),
  source: parseAddress("alice.os@chat:chat:alice.os"),
  target: parseAddress("bob.os@chat:chat:alice.os"),
  rsvp: random.chance(0.5) ? parseAddress("alice.os@chat:chat:alice.os") : undefined,
  message: random.chance(0.5)
    ? {
        kind: "request",
        inherit: random.chance(0.5),
        expectsResponse: random.chance(0.5) ? 30 : undefined,
        body: random.bytes(random.below(60)),
        metadata: random.chance(0.3) ? "é" : undefined,
        capabilities: random.chance(0.3)
          ? [
              {
                issuer: parseAddress("alice.os@chat:chat:alice.os"),
                params: '"messaging"',
                signature: random.bytes(64),
              },
            ]
          : [],
      }
    : {
        kind: "response",
        inherit: false,
        body: random.bytes(random.below(60)),
        metadata: undefined,
        capabilities: [],
      },
  blob: random.chance(0.3) ? { mime: "a/b", bytes: random.bytes(random.below(100)) } : undefined,
});

const encoded = (random: SeededRandom): Uint8Array =>
  random.chance(0.2)
    ? random.pick([REQUEST, RESPONSE])
    : encodeKernelMessage(message(random), { bytesAs: random.pick(["bin", "integers"]) });

/** Two ends of a session as if they had shaken hands, which takes a hundred times as long. */
function sessions(): { readonly alice: Session; readonly bob: Session } {
  const [up, down] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const common = {
    proxyRequest: false,
    features: new Set<string>(),
    extension: undefined,
    hash: new Uint8Array(32),
  };
  return {
    alice: {
      ...common,
      peer: "bob.os",
      send: new CipherState(up),
      receive: new CipherState(down),
    },
    bob: {
      ...common,
      peer: "alice.os",
      send: new CipherState(down),
      receive: new CipherState(up),
    },
  };
}

const kernelMessages: Target = {
  name: "kernel messages",
  share: 60,
  run(random) {
    const bytes = mutate(encoded(random), random);
    const verdict = judgeMessage(bytes, "bob.os", "alice.os");
    if (verdict.kind !== "deliver") return;
    check(verdict.message.source.node === "alice.os", "a foreign source was let in");
    check(verdict.message.target.node === "bob.os", "a message for another node was let in");
    const { body } = verdict.message.message;
    check(body.buffer !== bytes.buffer, "a body shares memory with what was received");
  },
};

const streams: Target = {
  name: "TCP streams",
  share: 8,
  run(random) {
    const { alice, bob } = sessions();
    const good = [encoded(random), encoded(random)];
    const clean = good.flatMap((each) => [...sealTcpMessage(alice.send, each)]);
    const bytes = mutate(Uint8Array.from(clean), random);
    const reader = new TcpReader();
    let taken = 0;
    only([NetError], () => {
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.subarray(at, at + 1 + random.below(200));
        at += piece.length;
        reader.push(piece);
        for (let next = reader.takeMessage(bob.receive); next !== undefined; taken += 1) {
          // An empty message costs its sender four bytes, and is no message: the policy refuses it.
          check(
            next.length === 0 || Buffer.compare(next, good[taken] ?? new Uint8Array(1)) === 0,
            "something that nobody sealed was opened",
          );
          if (next.length === 0) taken -= 1;
          next = reader.takeMessage(bob.receive);
        }
      }
    });
    check(reader.waiting <= bytes.length, "more waits than has come");
  },
};

const frames: Target = {
  name: "web socket frames",
  share: 8,
  run(random) {
    const { alice, bob } = sessions();
    const good = encoded(random);
    const reader = new WebSocketMessageReader(bob.receive);
    only([NetError], () => {
      for (const frame of sealWebSocketMessage(alice.send, good)) {
        // Half of them are damaged inside: sealed by a peer that is known, and lies.
        const sent = random.chance(0.5)
          ? mutate(frame, random)
          : sessions().alice.send.seal(mutate(good, random));
        reader.read(sent);
      }
    });
  },
};

const parts: Target = {
  name: "parts",
  share: 8,
  run(random) {
    const reader = new PartReader();
    const whole = random.bytes(1 + random.below(300));
    only([NetError], () => {
      for (let left = 20; left > 0; left -= 1) {
        const part = cutPart(whole, random.below(whole.length), random.below(12));
        const bytes = random.chance(0.5) ? part : mutate(part, random);
        const read = reader.read(bytes);
        check((read?.length ?? 0) <= 20 * 700, "more came out than went in");
      }
    });
  },
};

const handshakes: Target = {
  name: "handshakes",
  share: 1,
  run(random) {
    const initiator = new InitiatorHandshake(ALICE.identity, {
      target: "bob.os",
      targetKey: KEYS.get("bob.os")!,
      proxyRequest: false,
      secrets: ALICE.secrets,
    });
    const responder = new ResponderHandshake(BOB.identity, {
      findKey: (name) => KEYS.get(name),
      secrets: BOB.secrets,
    });
    const where = random.below(3);
    const damaged = (index: number, bytes: Uint8Array): Uint8Array =>
      index === where ? mutate(bytes, random) : bytes;
    only([NetError], () => {
      const first = initiator.start();
      const second = responder.answer(damaged(0, first));
      const { third } = initiator.finish(damaged(1, second));
      const sent = damaged(2, third);
      const session = responder.finish(sent);
      check(session.peer === "alice.os", "somebody else was believed");
      check(where !== 2 || Buffer.compare(sent, third) === 0, "a damaged proof was believed");
    });
  },
};

const payloads: Target = {
  name: "handshake payloads",
  share: 6,
  run(random) {
    const extension = encodeExtension({ features: OUR_FEATURES });
    const read = decodeExtension(mutate(extension, random));
    check((read?.features.length ?? 0) <= 64, "more features than there may be");
    const payload = encodeHandshakePayload({
      protocolVersion: 1,
      name: "alice.os",
      signature: random.bytes(64),
      proxyRequest: false,
    });
    only([CodecError], () => void decodeHandshakePayload(mutate(payload, random)));
  },
};

const requests: Target = {
  name: "routing requests",
  share: 3,
  run(random) {
    const good = createRoutingRequest(ALICE.identity, "bob.os", "router.os");
    const bytes = mutate(good, random);
    only([NetError], () => {
      const join = readRoutingRequest(bytes, "router.os", (name) => KEYS.get(name));
      check(join.source === "alice.os" && join.target === "bob.os", "a changed request was obeyed");
    });
  },
};

const actions: Target = {
  name: "net actions",
  share: 5,
  run(random) {
    const good = encodeNetAction(
      random.pick([
        { kind: "ConnectionRequest", node: "bob.os" },
        { kind: "GetPeers" },
        {
          kind: "KnsUpdate",
          update: {
            name: "bob.os",
            publicKey: "0011",
            ips: ["1.2.3.4"],
            ports: new Map([["tcp", 10_000]]),
            routers: ["r.os"],
          },
        },
      ] as const),
    );
    const bytes = mutate(good, random);
    only([CodecError], () => void decodeNetAction(bytes));
    only([CodecError], () => void decodeNetResponse(bytes));
  },
};

function anyWord(random: SeededRandom): Word {
  const count = random.below(random.pick([3, 2 ** 31]));
  return random.pick<Word>([
    { kind: "finish" },
    { kind: "finished" },
    { kind: "ask" },
    { kind: "read", count },
    { kind: "resume", tag: random.bytes(8).toHex(), count },
    { kind: "resume", tag: random.bytes(8).toHex(), count: undefined },
  ]);
}

const connections: Target = {
  name: "connections",
  share: 1,
  run(random) {
    const { alice, bob } = sessions();
    const protocol = random.pick(["tcp", "ws"] as const);
    const [left, right] = socketPair(protocol);
    let ended = 0;
    const session = random.chance(0.5) ? bob : { ...bob, features: new Set(OUR_FEATURES) };
    const connection = new Connection({
      our: "bob.os",
      session,
      socket: right,
      framing: createFraming(protocol),
      clock: createVirtualClock(),
      events: {
        received: ({ source }) => check(source.node === "alice.os", "a foreign source came in"),
        unsendable: () => {},
        refused: () => {},
        closed: () => (ended += 1),
      },
    });
    for (let left_ = 3; left_ > 0; left_ -= 1) {
      const said = random.chance(0.3) ? wordBytes(anyWord(random)) : encoded(random);
      const inside = random.chance(0.7) ? mutate(said, random) : said;
      const pieces =
        protocol === "tcp"
          ? [sealTcpMessage(alice.send, inside)]
          : sealWebSocketMessage(alice.send, inside);
      for (const piece of pieces) left.send(random.chance(0.3) ? mutate(piece, random) : piece);
      left.flow();
    }
    connection.close("the case is over");
    check(ended === 1, `a connection ended ${ended} times`);
  },
};

export const TARGETS: readonly Target[] = [
  kernelMessages,
  streams,
  frames,
  parts,
  handshakes,
  payloads,
  requests,
  actions,
  connections,
];

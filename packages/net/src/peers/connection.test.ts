/** Source: spec/network-identity.md §1.5, §1.8, §1.9. */
import { expect, test } from "bun:test";
import { createVirtualClock, type VirtualClock } from "@kinode-ts/testing";
import { encodeKernelMessage } from "@kinode-ts/codec";
import { type KernelMessage, parseAddress } from "@kinode-ts/types";
import { type MemorySocket, socketPair } from "../../test/memory-sockets.ts";
import { connect } from "../../test/pair.ts";
import { createFraming } from "../framing/framing.ts";
import { wordBytes } from "../framing/words.ts";
import { OUR_FEATURES } from "../handshake-extension.ts";
import { sealTcpMessage } from "../framing/seal-message.ts";
import type { Protocol } from "../identity/known-nodes.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";
import { type OutgoingMessage, toOutgoing } from "./outgoing.ts";
import type { UnreadRest } from "./unread.ts";

class End {
  readonly connection: Connection;
  readonly socket: MemorySocket;
  readonly session: ConstructorParameters<typeof Connection>[0]["session"];
  readonly received: KernelMessage[] = [];
  readonly refused: string[] = [];
  readonly unsendable: string[] = [];
  closed: string | undefined;
  pause: Promise<void> | undefined;
  unsent: readonly OutgoingMessage[] = [];
  broken: UnreadRest | undefined;

  constructor(
    our: string,
    session: ConstructorParameters<typeof Connection>[0]["session"],
    socket: MemorySocket,
    clock: VirtualClock,
    limits: Partial<ConnectionLimits>,
  ) {
    this.socket = socket;
    this.session = session;
    this.connection = new Connection({
      our,
      session,
      socket,
      framing: createFraming(socket.protocol),
      clock,
      limits,
      events: {
        received: (message) => {
          this.received.push(message);
          return this.pause;
        },
        unsendable: (_, why) => void this.unsendable.push(why),
        refused: (why) => void this.refused.push(why),
        closed: (why, unsent, broken) => {
          expect(this.closed).toBeUndefined();
          this.closed = why;
          this.unsent = unsent;
          this.broken = broken;
        },
      },
    });
  }

  get bodies(): string[] {
    return this.received.map(({ message }) => new TextDecoder().decode(message.body));
  }
}

function setUp(
  protocol: Protocol,
  limits: Partial<ConnectionLimits> = {},
  features: readonly string[] = [],
) {
  const clock = createVirtualClock();
  const pair = connect({ vectors: false });
  const withFeatures = (session: typeof pair.alice) => ({
    ...session,
    features: new Set(features),
  });
  const [alice, bob] = [withFeatures(pair.alice), withFeatures(pair.bob)];
  const [left, right] = socketPair(protocol);
  return {
    clock,
    alice: new End("alice.os", alice, left, clock, limits),
    bob: new End("bob.os", bob, right, clock, limits),
  };
}

function message(
  body: string | Uint8Array,
  options: { readonly source?: string; readonly target?: string } = {},
): OutgoingMessage {
  return toOutgoing({
    id: 1,
    source: parseAddress(options.source ?? "alice.os@a:chat:x.os"),
    target: parseAddress(options.target ?? "bob.os@b:chat:x.os"),
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: typeof body === "string" ? new TextEncoder().encode(body) : body,
      metadata: undefined,
      capabilities: [],
    },
    blob: undefined,
  });
}

/** Messages of one moment leave at its end. */
const sent = (): Promise<void> => Promise.resolve();

const PROTOCOLS: readonly Protocol[] = ["tcp", "ws"];

test.each(PROTOCOLS)("messages arrive in order over %s, large ones too", async (protocol) => {
  const { alice, bob } = setUp(protocol);
  const large = new Uint8Array(300_000).fill(7);
  for (const body of ["one", "two", large, "three"])
    expect(alice.connection.send(message(body))).toBe(true);
  await sent();
  while (alice.connection.waitingBytes > 0) alice.socket.flow(1);
  expect(bob.received.map(({ message: { body } }) => body.length)).toEqual([3, 3, 300_000, 5]);
  expect([alice.closed, bob.closed]).toEqual([undefined, undefined]);
});

test("[N34] a message whose source is another node than the peer ends the connection", async () => {
  const { alice, bob } = setUp("tcp");
  alice.connection.send(message("x", { source: "carol.os@a:chat:x.os" }));
  alice.connection.send(message("y"));
  await sent();
  alice.socket.flow();
  expect(bob.received).toEqual([]);
  expect(bob.closed).toContain('"carol.os"');
  expect(alice.closed).toBe("the other side ended it");
});

test.each(["A:chat:x.os", "a:ch_at:x.os", "a:chat:x/os"])(
  "[N35] a source process %s ends the connection",
  async (process) => {
    const { alice, bob } = setUp("ws");
    alice.connection.send(message("x", { source: `alice.os@${process}` }));
    await sent();
    alice.socket.flow();
    expect([bob.received.length, bob.closed === undefined]).toEqual([0, false]);
  },
);

test("[N36] a message for a third node is dropped, the connection stays, and nothing is sent on", async () => {
  const { alice, bob } = setUp("tcp");
  alice.connection.send(message("for carol", { target: "carol.os@b:chat:x.os" }));
  alice.connection.send(message("for our", { target: "our@b:chat:x.os" }));
  alice.connection.send(message("for bob"));
  await sent();
  alice.socket.flow();
  expect(bob.bodies).toEqual(["for our", "for bob"]);
  expect(bob.received[0]!.target.node).toBe("bob.os");
  expect([bob.refused, bob.closed]).toEqual([['it is for "carol.os"'], undefined]);
  expect(bob.socket.sent).toEqual([]);
});

test("[N22] an address that is none makes the message undecodable and ends the connection", async () => {
  for (const wrong of ["alice.os", "alice.os@a@b:c:d", "alice.os@a:b", "alice.os@a:b:c:d"]) {
    const { alice, bob } = setUp("tcp");
    const good = message("x", { source: `${"z".repeat(wrong.length - 6)}@a:b:c` });
    const bytes = encodeKernelMessage(good.message);
    const text = new TextEncoder().encode(`${"z".repeat(wrong.length - 6)}@a:b:c`);
    const at = bytes.findIndex((_, index) =>
      text.every((byte, offset) => bytes[index + offset] === byte),
    );
    bytes.set(new TextEncoder().encode(wrong), at);
    for (const piece of createFraming("tcp").sealChunks(alice.session.send, bytes, 0, 1)) {
      alice.socket.send(piece);
    }
    alice.socket.flow();
    expect([wrong, bob.received.length, bob.closed === undefined]).toEqual([wrong, 0, false]);
  }
});

test("[N30] a web socket that has not written for 30 s sends a Ping, TCP does not", async () => {
  const { clock, alice } = setUp("ws");
  await clock.advance(29_999);
  expect(alice.socket.pings).toBe(0);
  await clock.advance(1);
  expect(alice.socket.pings).toBe(1);
  await clock.advance(20_000);
  alice.connection.send(message("x"));
  await sent();
  alice.socket.flow();
  await clock.advance(29_000);
  expect(alice.socket.pings).toBe(1);
  await clock.advance(1_000);
  expect(alice.socket.pings).toBe(2);
  const tcp = setUp("tcp");
  await tcp.clock.advance(100_000);
  expect(tcp.alice.socket.pings).toBe(0);
});

test("[N40] only 1,800 s without traffic in either direction end a connection", async () => {
  const { clock, alice, bob } = setUp("tcp");
  await clock.advance(1_700_000);
  bob.connection.send(
    message("x", { source: "bob.os@b:chat:x.os", target: "alice.os@a:chat:x.os" }),
  );
  await sent();
  bob.socket.flow();
  await clock.advance(1_799_000);
  expect([alice.closed, bob.closed]).toEqual([undefined, undefined]);
  await clock.advance(1_000);
  expect(alice.closed).toContain("half an hour");
});

test("a small message overtakes a transfer of another flow, and is overtaken by nothing of its own", async () => {
  const { alice, bob } = setUp("ws", { maxSocketBytes: 100_000 });
  const part = new Uint8Array(200_000);
  for (let index = 0; index < 20; index += 1) alice.connection.send(message(part));
  alice.connection.send(message("small", { source: "alice.os@other:chat:x.os" }));
  await sent();
  while (bob.received.length < 4) alice.socket.flow(1);
  expect(bob.bodies).toContain("small");
});

test("a connection that ends gives back what was not sealed, and takes nothing more", async () => {
  const { alice, bob } = setUp("tcp", { maxSocketBytes: 10, outbox: { maxCount: 3 } });
  const given = ["a", "b", "c", "d"].map((body) => message(body));
  expect(alice.connection.send(given[0]!)).toBe(true);
  await sent();
  expect(given.slice(1).map((each) => alice.connection.send(each))).toEqual([true, true, true]);
  expect(alice.connection.send(message("e"))).toBe(false);
  alice.socket.flow(1);
  bob.connection.close("test");
  expect(alice.closed).toBe("the other side ended it");
  expect(bob.bodies).toEqual(["a"]);
  expect(alice.unsent).toEqual(given.slice(1));
  expect(alice.connection.send(message("f"))).toBe(false);
});

test("what arrives with the end of the handshake is not lost", async () => {
  const { alice: session, bob: peer } = connect({ vectors: false });
  const [left, right] = socketPair("tcp");
  const framing = createFraming("tcp");
  const early = message("early");
  const bytes = encodeKernelMessage(early.message);
  for (const piece of createFraming("tcp").sealChunks(session.send, bytes, 0, 1)) {
    framing.push(piece);
  }
  const received: KernelMessage[] = [];
  const connection = new Connection({
    our: "bob.os",
    session: peer,
    socket: right,
    framing,
    clock: createVirtualClock(),
    events: {
      received: (each) => void received.push(each),
      unsendable: () => {},
      refused: () => {},
      closed: () => {},
    },
  });
  expect(received.map(({ id }) => id)).toEqual([1]);
  expect([connection.peer, left.isOpen]).toEqual(["alice.os", true]);
});

test("[N26] a message above the limit is refused before anything of it is sent, and the connection goes on", async () => {
  const { alice, bob } = setUp("tcp");
  // As integers every byte of these takes two: only the form on the wire is too long.
  alice.connection.send(message(new Uint8Array(5_300_000).fill(0xff)));
  alice.connection.send(message("after"));
  await sent();
  alice.socket.flow();
  expect([bob.bodies, alice.unsendable.length, bob.closed]).toEqual([["after"], 1, undefined]);
  expect(alice.unsendable[0]).toContain("10485800");
});

test("between nodes of ours bytes travel as they are", async () => {
  const body = new Uint8Array(10_000).fill(0xff);
  const sizes: number[] = [];
  for (const features of [[], ["bin"]]) {
    const { alice, bob } = setUp("tcp", {}, features);
    alice.connection.send(message(body));
    await sent();
    sizes.push(alice.socket.waitingBytes);
    alice.socket.flow();
    expect(bob.received[0]!.message.body).toEqual(body);
  }
  expect(sizes[0]! - sizes[1]!).toBe(10_000);
});

test("between nodes of ours a small message goes between the parts of a long one", async () => {
  for (const protocol of PROTOCOLS) {
    const { alice, bob } = setUp(protocol, { maxSocketBytes: 100_000 }, ["parts", "bin"]);
    const long = new Uint8Array(5_000_000).map((_, at) => at * 7);
    alice.connection.send(message(long));
    await sent();
    alice.socket.flow(1);
    alice.connection.send(message("small", { source: "alice.os@other:chat:x.os" }));
    alice.connection.send(message("own"));
    let bytes = 0;
    while (bob.bodies.length === 0) {
      bytes += alice.socket.waitingBytes;
      await sent();
      alice.socket.flow();
    }
    expect(bob.bodies).toEqual(["small"]);
    expect(bytes).toBeLessThan(600_000);
    while (alice.connection.waitingBytes > 0) alice.socket.flow();
    expect(bob.received.map(({ message: { body } }) => body.length)).toEqual([5, 5_000_000, 3]);
    expect(Buffer.compare(bob.received[1]!.message.body, long)).toBe(0);
  }
});

test("a connection that another one replaces says so, and ends when both sides have read all", async () => {
  const { alice, bob } = setUp("tcp", { maxSocketBytes: 10 }, ["parts"]);
  const [first, second] = [message("first"), message("second")];
  alice.connection.send(first);
  await sent();
  alice.connection.send(second);
  expect(alice.connection.hasSent).toBe(true);
  expect(alice.connection.retire()).toEqual([second]);
  let isFinished = false;
  void alice.connection.finished.then(() => (isFinished = true));
  for (let round = 0; round < 4; round += 1) {
    await sent();
    alice.socket.flow();
    await sent();
    bob.socket.flow();
  }
  expect([bob.bodies, isFinished]).toEqual([["first"], true]);
  // The other side has not said that it is done with it.
  expect([alice.closed, bob.closed]).toEqual([undefined, undefined]);
  bob.connection.retire();
  for (let round = 0; round < 4; round += 1) {
    await sent();
    bob.socket.flow();
    await sent();
    alice.socket.flow();
  }
  await sent();
  expect([alice.closed === undefined, bob.closed === undefined]).toEqual([false, false]);
});

test("a peer is read no further while whoever takes its messages wants a pause", async () => {
  const { alice, bob } = setUp("tcp");
  const pause = Promise.withResolvers<void>();
  bob.pause = pause.promise;
  for (const body of ["one", "two", "three"]) alice.connection.send(message(body));
  await sent();
  alice.socket.flow();
  expect([bob.bodies, bob.socket.isPaused]).toEqual([["one"], true]);
  bob.pause = undefined;
  pause.resolve();
  await sent();
  await sent();
  expect([bob.bodies, bob.socket.isPaused]).toEqual([["one", "two", "three"], false]);
});

test("a sender is asked to wait while much of its flow waits, and may go on when half of it has left", async () => {
  const outbox = { slowFlowCount: 10 };
  const { alice } = setUp("tcp", { maxSocketBytes: 1, outbox });
  const { flow } = message("x");
  for (let count = 0; count < 10; count += 1) alice.connection.send(message("x"));
  expect(alice.connection.whenShort(flow)).toBeUndefined();
  alice.connection.send(message("x"));
  let isShort = false;
  void alice.connection.whenShort(flow)!.then(() => (isShort = true));
  for (let count = 0; count < 5; count += 1) {
    await sent();
    alice.socket.flow();
    expect(isShort).toBe(false);
  }
  for (let count = 0; count < 3; count += 1) {
    await sent();
    alice.socket.flow();
  }
  await sent();
  expect(isShort).toBe(true);
});

test("with a peer that confirms what it reads no more goes out than it may leave unconfirmed, and nothing is kept that it has", async () => {
  const { alice, bob, clock } = setUp("tcp", { maxUnreadCount: 8 }, OUR_FEATURES);
  for (let number = 0; number < 20; number += 1) alice.connection.send(message(String(number)));
  await sent();
  alice.socket.flow();
  expect(bob.received.length).toBe(8);
  await clock.advance(100);
  bob.socket.flow();
  await sent();
  alice.socket.flow();
  expect(bob.received.length).toBe(16);
  // It has read these eight and not said so; the rest never left.
  alice.connection.abandon("the way is interrupted");
  expect([alice.broken?.first, alice.broken?.items.length, alice.unsent.length]).toEqual([8, 8, 4]);
  expect([bob.connection.readCount, alice.connection.tag]).toEqual([16, bob.connection.tag]);
});

test("a peer that confirms more than it was sent is let go", async () => {
  const { alice, bob } = setUp("tcp", {}, OUR_FEATURES);
  alice.connection.send(message("one"));
  await sent();
  alice.socket.flow();
  const word = wordBytes({ kind: "read", count: 2 });
  bob.socket.send(sealTcpMessage(bob.session.send, word));
  bob.socket.flow();
  expect(alice.closed).toContain("2 messages are confirmed, 1 were sent");
});

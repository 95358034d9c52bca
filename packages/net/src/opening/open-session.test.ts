/** Source: spec/network-identity.md §1.2–1.4, §2.3. */
import { expect, test } from "bun:test";
import { decodeRoutingRequest } from "@kinode-ts/codec";
import { createVirtualClock } from "@kinode-ts/testing";
import { type MemorySocket, socketPair } from "../../test/memory-sockets.ts";
import { ALICE, BOB, KEYS } from "../../test/vectors.ts";
import type { Protocol } from "../identity/known-nodes.ts";
import { sameSession } from "../handshake.ts";
import { HandshakeChannel } from "./handshake-channel.ts";
import { answerVisitor, callNode, meetAtRouter } from "./open-session.ts";

const findKey = (name: string) => KEYS.get(name);
const BOB_CALLED = { target: "bob.os", targetKey: KEYS.get("bob.os")!, proxyRequest: false };

function setUp(protocol: Protocol) {
  const clock = createVirtualClock();
  const [left, right] = socketPair(protocol);
  return {
    clock,
    sockets: [left, right] as const,
    left: new HandshakeChannel(left, clock),
    right: new HandshakeChannel(right, clock),
  };
}

/** Lets bytes flow until both sides are done. */
async function flowUntil<T>(work: Promise<T>, sockets: readonly MemorySocket[]): Promise<T> {
  let isOver = false;
  const mark = (): void => void (isOver = true);
  work.then(mark, mark);
  for (let round = 0; round < 100 && !isOver; round += 1) {
    for (const socket of sockets) socket.flow();
    await Bun.sleep(0);
  }
  return await work;
}

test.each(["tcp", "ws"] as const)(
  "a call and its answer become two ends of a session over %s",
  async (protocol) => {
    const { clock, sockets, left, right } = setUp(protocol);
    const call = callNode(left, ALICE.identity, BOB_CALLED);
    const visit = answerVisitor(right, BOB.identity, findKey);
    const [session, answered] = await flowUntil(Promise.all([call, visit]), sockets);
    expect([session.peer, answered.kind]).toEqual(["bob.os", "session"]);
    expect(clock.pendingTimerCount).toBe(0);
  },
);

test("[N3] the first message has 32 bytes and begins a handshake, any other length is a routing request", async () => {
  const { sockets, left, right } = setUp("ws");
  void callNode(left, ALICE.identity, BOB_CALLED).catch(() => {});
  expect(sockets[0].sent.map(({ length }) => length)).toEqual([32]);
  const visit = answerVisitor(right, BOB.identity, findKey);
  sockets[0].flow();
  await Bun.sleep(0);
  expect(sockets[1].sent.map(({ length }) => length > 32)).toEqual([true]);
  left.fail(new Error("over"));
  await expect(visit).rejects.toThrow("ended the connection");

  const asking = setUp("ws");
  void callNode(asking.left, ALICE.identity, { ...BOB_CALLED, router: "bob.os" }).catch(() => {});
  const join = answerVisitor(asking.right, BOB.identity, (name) =>
    name === "alice.os" || name === "bob.os" ? KEYS.get(name) : undefined,
  );
  expect(await flowUntil(join, asking.sockets)).toEqual({
    kind: "join",
    join: { source: "alice.os", target: "bob.os" },
  });
});

test("[N42] the first message follows the routing request at once", () => {
  const { sockets, left } = setUp("ws");
  void callNode(left, ALICE.identity, { ...BOB_CALLED, router: "router.os" }).catch(() => {});
  const [request, first] = sockets[0].sent;
  expect(decodeRoutingRequest(request!)).toMatchObject({ source: "alice.os", target: "bob.os" });
  expect([first!.length, sockets[0].sent.length]).toEqual([32, 2]);
  left.fail(new Error("over"));
});

test("[N11] only a call to one's own router asks to be served by it", async () => {
  for (const proxyRequest of [true, false]) {
    const { sockets, left, right } = setUp("tcp");
    const call = callNode(left, ALICE.identity, { ...BOB_CALLED, proxyRequest });
    const visit = answerVisitor(right, BOB.identity, findKey);
    const [session, answered] = await flowUntil(Promise.all([call, visit]), sockets);
    expect(answered.kind === "session" && answered.session.proxyRequest).toBe(proxyRequest);
    expect(session.proxyRequest).toBe(false);
  }
});

test("[N8] a name that is not known is refused, and the socket closes without a reply", async () => {
  const { sockets, left, right } = setUp("tcp");
  const call = callNode(left, ALICE.identity, BOB_CALLED);
  const visit = answerVisitor(right, BOB.identity, () => undefined);
  const outcomes = await flowUntil(Promise.allSettled([visit, call]), sockets);
  expect(String((outcomes[0] as PromiseRejectedResult).reason)).toContain('no node "alice.os"');
  expect([sockets[0].isOpen, sockets[1].isOpen]).toEqual([false, false]);
  // Only the second message of the handshake was ever sent.
  expect(sockets[1].sent.length).toBe(1);
});

test("two nodes meet at a router that only passes on what they say", async () => {
  const clock = createVirtualClock();
  const [alice, routerToAlice] = socketPair("tcp");
  const [bob, routerToBob] = socketPair("tcp");
  const aliceChannel = new HandshakeChannel(alice, clock);
  const bobChannel = new HandshakeChannel(bob, clock);
  const call = callNode(aliceChannel, ALICE.identity, { ...BOB_CALLED, router: "router.os" });
  const meeting = meetAtRouter(bobChannel, BOB.identity, {
    router: "router.os",
    from: "alice.os",
    findKey,
  });
  const router = [routerToAlice, routerToBob].map((socket) => new HandshakeChannel(socket, clock));
  const requests = router.map((channel) => channel.receive());
  await flowUntil(Promise.all(requests), [alice, bob]);
  // The router takes the requests off and joins the rest.
  const [fromAlice, fromBob] = router;
  const first = await fromAlice!.receive();
  fromBob!.send(first);
  const second = flowUntil(fromBob!.receive(), [bob, routerToBob]);
  fromAlice!.send(await second);
  const third = flowUntil(fromAlice!.receive(), [alice, routerToAlice]);
  fromBob!.send(await third);
  const [session, answered] = await flowUntil(Promise.all([call, meeting]), [
    routerToAlice,
    routerToBob,
  ]);
  expect([session.peer, answered.peer]).toEqual(["bob.os", "alice.os"]);
});

test("a silent peer is left after 5 s, one that floods at once", async () => {
  const { clock, left, sockets } = setUp("tcp");
  const call = callNode(left, ALICE.identity, BOB_CALLED);
  const outcome = call.catch((error: Error) => error.message);
  await clock.advance(4_999);
  expect(sockets[0].isOpen).toBe(true);
  await clock.advance(1);
  expect(await outcome).toContain("longer than 5 s");
  expect(sockets[0].isOpen).toBe(false);

  const flooded = setUp("ws");
  const waiting = answerVisitor(flooded.right, BOB.identity, findKey).catch(
    (error: Error) => error.message,
  );
  flooded.sockets[0].send(new Uint8Array(1_100_000));
  flooded.sockets[0].flow();
  expect(await waiting).toContain("before it was over");

  // A stream is made to wait instead: what comes behind the handshake may be good.
  const stream = setUp("tcp");
  const answered = answerVisitor(stream.right, BOB.identity, findKey);
  stream.sockets[0].send(new Uint8Array(100_000).fill(255));
  stream.sockets[0].flow();
  expect(stream.sockets[1].isPaused).toBe(false);
  stream.sockets[0].send(new Uint8Array(100_000).fill(255));
  stream.sockets[0].flow();
  expect(stream.sockets[1].isPaused).toBe(true);
  expect(answered).rejects.toThrow("The handshake failed");
});

test("two that call each other at a router at once come together, the smaller name as the one that calls", async () => {
  const clock = createVirtualClock();
  for (const [one, other] of [
    [ALICE, BOB],
    [BOB, ALICE],
  ] as const) {
    const [left, right] = socketPair("tcp");
    const call = (from: typeof ALICE, to: typeof ALICE, channel: HandshakeChannel) =>
      callNode(channel, from.identity, {
        target: to.identity.our,
        targetKey: KEYS.get(to.identity.our)!,
        proxyRequest: false,
        router: "router.os",
      });
    const channels = [
      new HandshakeChannel(left, clock),
      new HandshakeChannel(right, clock),
    ] as const;
    const sessions = Promise.all([call(one, other, channels[0]), call(other, one, channels[1])]);
    // The router takes the requests and passes on the rest.
    for (const socket of [left, right]) socket.drop();
    for (let round = 0; round < 6; round += 1) {
      await Promise.resolve();
      await Promise.resolve();
      left.flow();
      right.flow();
      await clock.settle();
    }
    const [mine, theirs] = await sessions;
    expect(sameSession(mine, theirs)).toBe(true);
    expect([mine.initiator, theirs.initiator]).toEqual(["alice.os", "alice.os"]);
    expect([mine.peer, theirs.peer]).toEqual([other.identity.our, one.identity.our]);
    const sealed = mine.send.seal(Uint8Array.of(1, 2));
    expect(theirs.receive.open(sealed)).toEqual(Uint8Array.of(1, 2));
  }
});

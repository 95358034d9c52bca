/** Source: spec/network-identity.md §2.2, §1.8–1.10, §2.5. */
import { expect, test } from "bun:test";
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import { InternetNode, MemoryInternet } from "../../test/memory-internet.ts";
import { HandshakeChannel } from "../opening/handshake-channel.ts";
import { callNode } from "../opening/open-session.ts";
import { planDial } from "./dial-plan.ts";

const open = () => new MemoryInternet(createVirtualClock());

test("messages to a node are sent when it was dialled, in order, over one connection", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os", { host: "1.1.1.1", tcp: 1 });
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  alice.meet(bob);
  for (let id = 1; id <= 50; id += 1) alice.send("bob.os", id);
  expect(alice.peers.list()[0]).toMatchObject({ name: "bob.os", state: "dialling" });
  await internet.clock.advance(100);
  expect(bob.ids).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  bob.send("alice.os", 99);
  await internet.clock.advance(100);
  expect([alice.ids, internet.dials]).toEqual([[99], ["tcp 2.2.2.2:2"]]);
});

test("[N43] a direct node with a TCP port is dialled by TCP only, without one by web socket", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  const both = new InternetNode(internet, "both.os", { host: "2.2.2.2", ws: 9, tcp: 2 });
  const web = new InternetNode(internet, "web.os", { host: "3.3.3.3", ws: 9, tcp: 0 });
  const away = new InternetNode(open(), "away.os", { host: "4.4.4.4", ws: 9, tcp: 4 });
  for (const node of [both, web, away]) alice.meet(node);
  for (const [id, node] of [both, web, away].entries()) alice.send(node.name, id);
  await internet.clock.advance(100);
  expect(internet.dials).toEqual(["tcp 2.2.2.2:2", "ws 3.3.3.3:9", "tcp 4.4.4.4:4"]);
  expect(alice.failed).toEqual([{ id: 2, kind: "offline" }]);
});

test("[N44] [N45] routers are tried in random order, ourselves and unknown ones left out, TCP before web socket", () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  const target = new InternetNode(internet, "far.os", {
    routers: ["r1.os", "r2.os", "alice.os", "nobody.os", "r3.os"],
  });
  const routers = [
    new InternetNode(internet, "r1.os", { host: "1.0.0.1", tcp: 1, ws: 2 }),
    new InternetNode(internet, "r2.os", { host: "1.0.0.2", ws: 2 }),
    new InternetNode(internet, "r3.os", { host: "1.0.0.3", tcp: 1 }),
  ];
  for (const node of [target, ...routers]) alice.learn(node);
  alice.learn(alice);
  const orders = new Set<string>();
  for (let seed = 0; seed < 40; seed += 1) {
    const steps = planDial(
      alice.known.find("far.os")!,
      alice.known,
      "alice.os",
      createSeededRandom(seed),
    );
    const texts = steps.map(({ router, protocol }) => `${router} ${protocol}`);
    expect(texts.toSorted()).toEqual(["r1.os tcp", "r1.os ws", "r2.os ws", "r3.os tcp"]);
    expect(texts.indexOf("r1.os ws")).toBe(texts.indexOf("r1.os tcp") + 1);
    orders.add(texts.join());
  }
  expect(orders.size).toBe(6);
});

test("[N44] each attempt has 5 s", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  const far = new InternetNode(internet, "far.os", { routers: ["r1.os", "r2.os"] });
  for (const [index, name] of ["r1.os", "r2.os"].entries()) {
    internet.silent.add(`1.0.0.${index}`);
    alice.learn(new InternetNode(internet, name, { host: `1.0.0.${index}`, tcp: 1, ws: 2 }));
  }
  alice.learn(far);
  alice.send("far.os", 1);
  for (const count of [1, 2, 3, 4]) {
    await internet.clock.advance(4_990);
    expect([internet.dials.length, alice.failed.length]).toEqual([count, 0]);
    await internet.clock.advance(10);
  }
  expect(alice.failed).toEqual([{ id: 1, kind: "offline" }]);
});

test("[N46] when no way leads to a node every waiting message is offline", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  alice.learn(new InternetNode(open(), "gone.os", { host: "9.9.9.9", tcp: 1 }));
  for (const id of [1, 2, 3]) alice.send("gone.os", id);
  await internet.clock.advance(10);
  expect(alice.failed).toEqual([1, 2, 3].map((id) => ({ id, kind: "offline" as const })));
  expect(alice.peers.list()).toEqual([]);
});

test("[N47] a name that nobody knows is offline at once, one without any port as well", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  alice.send("nobody.os", 1);
  expect(alice.failed).toEqual([{ id: 1, kind: "offline" }]);
  alice.learn(new InternetNode(internet, "deaf.os", { host: "9.9.9.9" }));
  alice.send("deaf.os", 2);
  await internet.clock.advance(1);
  expect(alice.failed.at(-1)).toEqual({ id: 2, kind: "offline" });
});

test("[N38] when both sides dial at once one connection survives on each side and nothing is lost", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os", { host: "1.1.1.1", tcp: 1 });
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  alice.meet(bob);
  for (let id = 1; id <= 20; id += 1) {
    alice.send("bob.os", id);
    bob.send("alice.os", id + 100);
  }
  await internet.clock.advance(1_000);
  expect(internet.dials.length).toBe(2);
  expect(bob.ids).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(alice.ids).toEqual(Array.from({ length: 20 }, (_, index) => index + 101));
  await internet.clock.advance(20_000);
  expect([alice.peers.connectionCount, bob.peers.connectionCount]).toEqual([1, 1]);
  expect(internet.sockets.filter(({ isOpen }) => isOpen).length).toBe(2);
  alice.send("bob.os", 21);
  bob.send("alice.os", 121);
  await internet.clock.advance(100);
  expect([bob.ids.at(-1), alice.ids.at(-1), internet.dials.length]).toEqual([21, 121, 2]);
  expect([alice.failed, bob.failed]).toEqual([[], []]);
});

test("[N39] a connection that the other side has closed is made again with the next message, without an error", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  alice.meet(bob);
  alice.send("bob.os", 1);
  await internet.clock.advance(1_800);
  // As the reference does after half an hour, however busy the connection is.
  for (const socket of [...internet.sockets]) socket.end();
  expect(alice.peers.list()).toEqual([]);
  alice.send("bob.os", 2);
  await internet.clock.advance(100);
  expect([bob.ids, alice.failed, internet.dials.length]).toEqual([[1, 2], [], 2]);
});

test.each([false, true])(
  "what cannot have left a connection that broke goes by a new one, what may have arrived does not (taken by the system: %p)",
  async (systemTakes) => {
    const internet = open();
    const limits = { connection: { maxSocketBytes: 1 } };
    const alice = new InternetNode(internet, "alice.os", { limits });
    const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
    alice.meet(bob);
    alice.send("bob.os", 1);
    await internet.clock.advance(100);
    for (const socket of internet.sockets) socket.systemTakes = systemTakes;
    for (const id of [2, 3, 4]) alice.send("bob.os", id);
    await Promise.resolve();
    for (const socket of [...internet.sockets]) socket.end();
    await internet.clock.advance(100);
    // At most once (§1.9): the second was on its way.
    expect([bob.ids, alice.failed]).toEqual([systemTakes ? [1, 3, 4] : [1, 2, 3, 4], []]);
  },
);

test("a peer that dials again replaces its older connection", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  alice.meet(bob);
  alice.send("bob.os", 1);
  await internet.clock.advance(100);
  // Alice was restarted: Bob has not heard of it.
  const again = new InternetNode(internet, "alice.os");
  again.learn(bob);
  again.send("bob.os", 2);
  await internet.clock.advance(100);
  bob.send("alice.os", 3);
  await internet.clock.advance(100);
  expect([again.ids, alice.ids]).toEqual([[3], []]);
  await internet.clock.advance(20_000);
  expect(bob.peers.connectionCount).toBe(1);
});

test("a message that no peer would take is refused before it is sent, and the connection stays", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  alice.meet(bob);
  alice.send("bob.os", 1);
  alice.send("bob.os", 2, new Uint8Array(10_485_800));
  alice.send("bob.os", 3);
  await internet.clock.advance(100);
  expect([bob.ids, alice.failed]).toEqual([[1, 3], [{ id: 2, kind: "timeout" }]]);
  expect(alice.said.join()).toContain("was not sent");
});

test("[N67] beyond the limit the peer that was silent for longest goes, never one of our routers", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os", {
    limits: { maxPeers: 2 },
    isPinned: (name) => name === "router.os",
  });
  const others = ["router.os", "b.os", "c.os", "d.os"].map(
    (name, index) => new InternetNode(internet, name, { host: `1.0.0.${index}`, tcp: 1 }),
  );
  alice.meet(...others);
  for (const { name } of others) {
    alice.send(name, 1);
    await internet.clock.advance(100);
  }
  expect(alice.peers.list().map(({ name }) => name)).toEqual(["router.os", "d.os"]);
  expect(alice.failed).toEqual([]);
});

test("a stopped node ends its connections and says offline for what waits", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os");
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  alice.meet(bob);
  alice.send("bob.os", 1);
  await internet.clock.advance(100);
  alice.peers.stop();
  alice.send("bob.os", 2);
  await internet.clock.advance(100);
  expect([bob.ids, alice.failed, bob.peers.list()]).toEqual([
    [1],
    [{ id: 2, kind: "offline" }],
    [],
  ]);
});

test("a node that comes back without having said goodbye is written to where it is now", async () => {
  const internet = open();
  const alice = new InternetNode(internet, "alice.os", { host: "1.1.1.1", tcp: 1 });
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  alice.meet(bob);
  alice.send("bob.os", 1);
  await internet.clock.advance(20_000);
  // It has lost power: nothing of it hears or closes anything any more.
  const again = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  again.learn(alice);
  again.send("alice.os", 2);
  await internet.clock.advance(1_000);
  expect(alice.ids).toEqual([2]);
  alice.send("bob.os", 3);
  await internet.clock.advance(10_000);
  expect([bob.ids, again.ids, alice.failed]).toEqual([[1], [3], []]);
  expect(alice.peers.connectionCount).toBe(1);
});

test("what finds no room in the queue of a peer is a timeout to its sender, and a long queue slows it before", async () => {
  const internet = open();
  const limits = { connection: { outbox: { maxCount: 8, slowFlowCount: 4 } } };
  const alice = new InternetNode(internet, "alice.os", { limits });
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  alice.meet(bob);
  for (let id = 1; id <= 10; id += 1) alice.send("bob.os", id);
  expect(alice.failed).toEqual([9, 10].map((id) => ({ id, kind: "timeout" as const })));
  await internet.clock.advance(100);
  expect(bob.ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a known peer that goes on with rubbish behind its handshake is let go, and nothing else happens", async () => {
  const internet = open();
  const bob = new InternetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 });
  const alice = new InternetNode(internet, "alice.os");
  alice.meet(bob);
  const transport = internet.transport();
  const dialled = transport.dial("tcp", "2.2.2.2", 2);
  await internet.clock.advance(1);
  const socket = await dialled;
  const channel = new HandshakeChannel(socket, internet.clock);
  const session = callNode(channel, alice.identity, {
    target: "bob.os",
    targetKey: bob.identity.signer.publicKey,
    proxyRequest: false,
  });
  // In one piece with the end of the handshake: it is there before anybody listens.
  void session.then(() => socket.send(new Uint8Array(100).fill(255)));
  await internet.clock.advance(100);
  expect([bob.peers.list(), bob.peers.connectionCount]).toEqual([[], 0]);
  alice.send("bob.os", 1);
  await internet.clock.advance(100);
  expect(bob.ids).toEqual([1]);
});

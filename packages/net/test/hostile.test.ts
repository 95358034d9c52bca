/** Peers that mean harm, on real sockets and on a virtual clock: spec/network-identity.md W13, §0. */
import { expect, test } from "bun:test";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import { createVirtualClock } from "@kinode-ts/testing";
import { freePort } from "@kinode-ts/testing/free-port";
import { mainThreadMs } from "@kinode-ts/testing/processor-time";
import { type Clock, type KernelMessage, NET_PROCESS, parseAddress } from "@kinode-ts/types";
import { createBunTransport, createNet, type Net } from "../src/index.ts";
import { MemoryInternet } from "./memory-internet.ts";
import { NetNode } from "./net-node.ts";

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

function startNet(
  name: string,
  port: number,
): { readonly net: Net; readonly received: KernelMessage[] } {
  const signer = createNodeSigner(new Uint8Array(32).fill(name.charCodeAt(0)));
  const net = createNet({
    identity: { our: name, signer, random: createSystemRandom() },
    our: {
      name,
      networkingKey: signer.publicKey.toHex(),
      routing: { kind: "direct", ip: "127.0.0.1", ports: new Map([["tcp", port]]) },
    },
    transport: createBunTransport("127.0.0.1"),
    clock,
  });
  return { net, received: [] };
}

const request = (from: string, to: string, id: number): KernelMessage => ({
  id,
  source: parseAddress(`${from}@a:test:sys`),
  target: parseAddress(`${to}@a:test:sys`),
  rsvp: undefined,
  message: {
    kind: "request",
    inherit: false,
    expectsResponse: undefined,
    body: new Uint8Array(100),
    metadata: undefined,
    capabilities: [],
  },
  blob: undefined,
});

test("a flood of handshakes does not hold up those who are connected, and costs bounded memory", async () => {
  const bobsPort = freePort();
  const [alice, bob] = [startNet("alice.os", freePort()), startNet("bob.os", bobsPort)];
  let wake = (): void => {};
  alice.net.connect({ received: () => wake(), failed: () => {} });
  bob.net.connect({
    received: ({ id }) => void bob.net.send(request("bob.os", "alice.os", Number(id))),
    failed: () => {},
  });
  for (const [one, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    one.net.known.set(other.net.our);
    await one.net.start!({
      our: one.net.our.name,
      address: { node: one.net.our.name, process: NET_PROCESS },
      send: () => 1,
      respond: () => {},
      respondTo: () => {},
      holds: () => false,
      grant: () => Promise.resolve(true),
      exists: () => true,
      print: () => {},
    });
  }
  const trip = async (id: number): Promise<number> => {
    const startedMs = mainThreadMs();
    const answered = new Promise<void>((resolve) => void (wake = resolve));
    void alice.net.send(request("alice.os", "bob.os", id));
    await answered;
    return mainThreadMs() - startedMs;
  };
  for (let id = 0; id < 50; id += 1) await trip(id);
  // Each stranger sends a first message and is silent, or goes on with rubbish; then the next comes.
  let isOver = false;
  let strangers = 0;
  const stranger = async (): Promise<void> => {
    while (!isOver) {
      strangers += 1;
      const ended = Promise.withResolvers<void>();
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: bobsPort,
        socket: {
          data: (each) => void each.write(new Uint8Array(300)),
          close: () => ended.resolve(),
        },
      }).catch(() => undefined);
      if (socket === undefined) continue;
      socket.write(Uint8Array.of(0, 32, ...crypto.getRandomValues(new Uint8Array(32))));
      await ended.promise;
    }
  };
  const flood = Array.from({ length: 100 }, stranger);
  await Bun.sleep(50);
  const during: number[] = [];
  const deadlineMs = performance.now() + 40_000;
  while (during.length < 100 || (strangers < 300 && performance.now() < deadlineMs)) {
    during.push(await trip(during.length));
    await Bun.sleep(2);
  }
  isOver = true;
  during.sort((one, other) => one - other);
  expect(strangers).toBeGreaterThanOrEqual(300);
  // Of the thread, on which all of this runs. A step of a handshake takes a millisecond or two here; a queue of them would take
  // hundreds.
  expect(during[Math.floor(during.length * 0.5)]!).toBeLessThan(50);
  expect(during[Math.floor(during.length * 0.95)]!).toBeLessThan(250);
  await Promise.all([alice.net.stop!(), bob.net.stop!()]);
  await Promise.all(flood);
}, 120_000);

test("whoever connects and says nothing, or a byte a second, is gone after five seconds", async () => {
  const internet = new MemoryInternet(createVirtualClock());
  const bob = await new NetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 }).start();
  const transport = internet.transport();
  const [silent, slow] = [transport.dial("tcp", "2.2.2.2", 2), transport.dial("tcp", "2.2.2.2", 2)];
  await internet.clock.advance(1);
  const ends: string[] = [];
  (await silent).listen({ received: () => {}, closed: () => void ends.push("silent") });
  const loris = await slow;
  loris.listen({ received: () => {}, closed: () => void ends.push("slow") });
  for (const byte of [0, 32, 1, 2]) {
    loris.send(Uint8Array.of(byte));
    await internet.clock.advance(1_000);
  }
  expect(ends).toEqual([]);
  await internet.clock.advance(1_010);
  expect(ends.toSorted()).toEqual(["silent", "slow"]);
  expect(bob.net.peers.connectionCount).toBe(0);
});

test("sockets in their handshake are bounded from one address; others still come in", async () => {
  const internet = new MemoryInternet(createVirtualClock());
  const bob = await new NetNode(internet, "bob.os", { host: "2.2.2.2", tcp: 2 }).start();
  const alice = await new NetNode(internet, "alice.os", { host: "1.1.1.1", tcp: 1 }).start();
  alice.know(bob);
  bob.know(alice);
  const transport = internet.transport();
  const opened = Array.from({ length: 140 }, () => transport.dial("tcp", "2.2.2.2", 2));
  await internet.clock.advance(1);
  let ended = 0;
  for (const socket of await Promise.all(opened)) {
    socket.listen({ received: () => {}, closed: () => void (ended += 1) });
  }
  await internet.clock.advance(10);
  expect(ended).toBe(12);
  // They are gone after five seconds, and then whoever is real comes in.
  await internet.clock.advance(5_000);
  alice.send("bob.os", 1);
  await internet.clock.advance(100);
  expect(bob.ids).toEqual([1]);
});

/** Source: spec/network-identity.md §2.1, §2.5; W9, W19, W20, W21. */
import { expect, test } from "bun:test";
import { encodeNetAction } from "@kinode-ts/codec/net";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import type { ModuleContext } from "@kinode-ts/types";
import { MemoryInternet } from "../test/memory-internet.ts";
import { NetNode, type NetNodeOptions } from "../test/net-node.ts";
import { NetError } from "./errors.ts";
import { readKey } from "./identity/known-nodes.ts";
import { createNet, type ListenOn } from "./net-module.ts";
import type { Transport } from "./transport.ts";

const ROUTER = { host: "1.0.0.1", tcp: 1, maxPassthroughs: 8 } as const;

async function world<const N extends string>(plan: Readonly<Record<N, NetNodeOptions>>) {
  const internet = new MemoryInternet(createVirtualClock());
  const nodes = {} as Record<N, NetNode>;
  for (const [name, options] of Object.entries(plan) as [N, NetNodeOptions][]) {
    nodes[name] = new NetNode(internet, `${name}.os`, options);
  }
  const all = Object.values<NetNode>(nodes);
  for (const node of all) node.know(...all);
  for (const node of all) await node.start();
  await internet.clock.advance(100);
  return { internet, ...nodes };
}

async function listen(taken: readonly number[], wanted: ListenOn) {
  const [tried, prints]: [number[], string[]] = [[], []];
  const transport: Transport = {
    dial: () => Promise.reject(new Error("no network")),
    listen: (protocol, port) => {
      tried.push(port);
      return taken.includes(port)
        ? Promise.reject(new NetError({ code: "net.port-taken", protocol, port, why: "in use" }))
        : Promise.resolve({ port, stop: () => Promise.resolve() });
    },
  };
  const signer = createNodeSigner(new Uint8Array(32));
  const net = createNet({
    identity: { our: "alice.os", signer, random: createSeededRandom(1) },
    our: { name: "alice.os", networkingKey: "", routing: { kind: "routers", routers: [] } },
    transport,
    clock: createVirtualClock(),
    listen: [wanted],
  });
  const context: Partial<ModuleContext> = {
    send: () => 1,
    print: (_, text) => void prints.push(text),
  };
  await net.start!(context as ModuleContext);
  await net.stop!();
  return { tried, prints };
}

test("the port of before is tried first, then the first free one", async () => {
  const range = { protocol: "tcp", first: 10, last: 13 } as const;
  expect(await listen([10, 11], range)).toEqual({ tried: [10, 11, 12], prints: [] });
  const again = { ...range, preferred: 12 };
  expect((await listen([], again)).tried).toEqual([12]);
  expect((await listen([12, 10], again)).tried).toEqual([12, 10, 11]);
});

test("without a free port the node starts, and says what is missing", async () => {
  const range = { protocol: "tcp", first: 10, last: 11, preferred: 11 } as const;
  const { tried, prints } = await listen([10, 11], range);
  expect(tried).toEqual([11, 10]);
  expect(prints).toEqual([
    "Cannot listen for nodes on tcp port 10: in use; choose another port, or stop what uses it (nor on any port from 10); other nodes cannot dial this one by tcp",
  ]);
});

test("a hidden node reaches direct ones through its router, which is all they see", async () => {
  const { internet, alice, carol } = await world({
    router: ROUTER,
    alice: { routers: ["router.os"], revealIp: false },
    carol: { host: "3.0.0.3", tcp: 3 },
  });
  internet.dials.length = 0;
  alice.send("carol.os", 1);
  await internet.clock.advance(1_000);
  expect(carol.ids).toEqual([1]);
  // Alice dials the router, and the router Carol.
  expect(internet.dials).toEqual(["tcp 1.0.0.1:1", "tcp 3.0.0.3:3"]);
});

test("an open node dials direct ones itself", async () => {
  const { internet, alice, carol } = await world({
    router: ROUTER,
    alice: { routers: ["router.os"] },
    carol: { host: "3.0.0.3", tcp: 3 },
  });
  internet.dials.length = 0;
  alice.send("carol.os", 1);
  await internet.clock.advance(1_000);
  expect([carol.ids, internet.dials]).toEqual([[1], ["tcp 3.0.0.3:3"]]);
});

test("[N67] a limit of one peer leaves our own router in the table, whatever else is connected", async () => {
  const { internet, alice } = await world({
    router: ROUTER,
    alice: { routers: ["router.os"] },
    carol: { host: "3.0.0.3", tcp: 3 },
    dora: { host: "4.0.0.4", tcp: 4 },
  });
  const limit = new TextEncoder().encode('{"FdsLimit":1}');
  alice.ask(limit, { source: "alice.os@fd-manager:distro:sys" });
  for (const [id, to] of ["carol.os", "dora.os", "carol.os"].entries()) {
    alice.send(to, id);
    await internet.clock.advance(10_000);
    expect(alice.net.peers.isConnected("router.os")).toBe(true);
  }
});

test("of several addresses the next is tried when one does not answer", async () => {
  const { internet, alice, bob } = await world({ alice: {}, bob: { host: "2.0.0.2", tcp: 2 } });
  internet.silent.add("9.9.9.9");
  const ports = new Map([["tcp", 2]]);
  alice.net.known.pin({
    name: "bob.os",
    key: readKey(bob.our.networkingKey),
    identity: bob.our,
    places: ["9.9.9.9", "2.0.0.3", "2.0.0.2"].map((ip) => ({ ip, ports })),
  });
  alice.send("bob.os", 1);
  await internet.clock.advance(1_600);
  expect(bob.ids).toEqual([1]);
});

test("nothing is signed that could be the key of a handshake", async () => {
  const { alice } = await world({ alice: {} });
  const source = "alice.os@a:chat:x.os";
  for (const [length, isSigned] of [
    [32 - source.length, false],
    [33 - source.length, true],
  ] as const) {
    const before = alice.answers.length;
    alice.ask(encodeNetAction({ kind: "Sign" }), { source, blob: new Uint8Array(length) });
    expect(alice.answers.length - before).toBe(isSigned ? 1 : 0);
  }
  expect(alice.prints.at(-1)).toContain("length of a key");
});

test("a node that says hello without end is shown for a while, and always answered", async () => {
  const { internet, alice, bob } = await world({ alice: {}, bob: { host: "2.0.0.2", tcp: 2 } });
  const hello = (id: number) =>
    alice.message("alice.os@a:chat:x.os", "bob.os@net:distro:sys", id, "hello");
  for (let id = 0; id < 100; id += 1) void alice.net.send(hello(id));
  await internet.clock.advance(1_000);
  const shown = () => bob.prints.filter((line) => line === "alice.os: hello").length;
  expect([shown(), alice.received.length]).toEqual([30, 100]);
  expect(bob.prints.filter((line) => line.includes("too often")).length).toBe(1);
  await internet.clock.advance(60_000);
  void alice.net.send(hello(100));
  await internet.clock.advance(1_000);
  expect(shown()).toBe(31);
});

test("a node does not dial itself where another one names this machine's own address", async () => {
  const { internet, alice } = await world({ alice: { host: "1.0.0.2", tcp: 5 } });
  for (const [name, port] of [
    ["same.os", 5],
    ["other.os", 6],
  ] as const) {
    alice.net.known.set({
      name,
      networkingKey: "11".repeat(32),
      routing: { kind: "direct", ip: "127.0.0.1", ports: new Map([["tcp", port]]) },
    });
    alice.send(name, port);
  }
  await internet.clock.advance(100);
  expect(internet.dials).toEqual(["tcp 127.0.0.1:6"]);
  expect(alice.failed.map(({ kind }) => kind)).toEqual(["offline", "offline"]);
});

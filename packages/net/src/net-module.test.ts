/** Source: spec/network-identity.md §2.3–2.7. */
import { expect, test } from "bun:test";
import {
  decodeNetResponse,
  encodeNetAction,
  type KnsUpdate,
  type NetAction,
} from "@kinode-ts/codec/net";
import { createVirtualClock } from "@kinode-ts/testing";
import { parseAddress, type ProcessId } from "@kinode-ts/types";
import { MemoryInternet } from "../test/memory-internet.ts";
import { NetNode, type NetNodeOptions } from "../test/net-node.ts";

async function world<const N extends string>(
  plan: Readonly<Record<N, NetNodeOptions>>,
): Promise<{ internet: MemoryInternet; nodes: Readonly<Record<N, NetNode>> }> {
  const internet = new MemoryInternet(createVirtualClock());
  const nodes = {} as Record<N, NetNode>;
  for (const [name, options] of Object.entries(plan) as [N, NetNodeOptions][]) {
    nodes[name] = new NetNode(internet, `${name}.os`, options);
  }
  const all = Object.values<NetNode>(nodes);
  for (const node of all) node.know(...all);
  for (const node of all) await node.start();
  await internet.clock.advance(100);
  return { internet, nodes };
}

const ROUTER = { host: "1.0.0.1", tcp: 1, ws: 2, maxPassthroughs: 8 } as const;
const BEHIND = { routers: ["router.os"] } as const;
const behindRouter = (router: NetNodeOptions = ROUTER) =>
  world({ router, alice: BEHIND, bob: BEHIND });

test("[N48] an indirect node keeps a connection to its router and makes it again within 4 s", async () => {
  const { internet, nodes } = await behindRouter();
  const served = () =>
    nodes.router.net.peers
      .list()
      .map(({ name, isServed }) => [name, isServed])
      .toSorted();
  expect(served()).toEqual([
    ["alice.os", true],
    ["bob.os", true],
  ]);
  for (const socket of [...internet.sockets]) socket.end();
  expect(served()).toEqual([]);
  await internet.clock.advance(4_100);
  expect(served().length).toBe(2);
});

test("[N51] [N53] [N49] nodes behind a router are joined by it, and it cannot read what they say", async () => {
  const { internet, nodes } = await behindRouter();
  const { router, alice, bob } = nodes;
  const secret = "a secret of some length that is easy to find";
  for (const id of [1, 2, 3]) alice.send("bob.os", id, secret);
  await internet.clock.advance(1_000);
  bob.send("alice.os", 4);
  await internet.clock.advance(1_000);
  expect([bob.ids, alice.ids, router.received]).toEqual([[1, 2, 3], [4], []]);
  expect(router.net.router.active).toEqual([{ source: "alice.os", target: "bob.os" }]);
  for (const socket of internet.sockets) {
    for (const bytes of socket.sent) {
      expect(new TextDecoder("latin1").decode(bytes)).not.toContain(secret);
    }
  }
  expect([alice.failed, bob.failed]).toEqual([[], []]);
});

test("[N45] both roles use TCP to a router that has a TCP port", async () => {
  const { internet, nodes } = await behindRouter();
  nodes.alice.send("bob.os", 1);
  await internet.clock.advance(1_000);
  expect(nodes.bob.ids).toEqual([1]);
  expect(internet.dials.every((dial) => dial === "tcp 1.0.0.1:1")).toBe(true);
  const web = await behindRouter({ host: "1.0.0.1", ws: 2, maxPassthroughs: 8 });
  web.nodes.alice.send("bob.os", 1);
  await web.internet.clock.advance(1_000);
  expect(web.nodes.bob.ids).toEqual([1]);
});

test("[N50] a node whose limit is 0 closes the socket of a routing request", async () => {
  const { internet, nodes } = await behindRouter({ ...ROUTER, maxPassthroughs: 0 });
  nodes.alice.send("bob.os", 1);
  await internet.clock.advance(1_000);
  expect(nodes.alice.failed).toEqual([{ id: 1, kind: "offline" }]);
  expect(nodes.router.net.router.pending).toEqual([]);
});

test("[N52] a router dials a direct target itself, on the same kind of socket", async () => {
  const { internet, nodes } = await world({
    router: ROUTER,
    alice: BEHIND,
    carol: { host: "3.0.0.3", tcp: 3 },
  });
  // For Alice Carol is behind the router, for the router she is direct.
  nodes.alice.net.known.set({
    ...nodes.carol.our,
    routing: { kind: "routers", routers: ["router.os"] },
  });
  nodes.alice.send("carol.os", 1);
  await internet.clock.advance(1_000);
  expect([nodes.carol.ids, internet.dials.at(-1)]).toEqual([[1], "tcp 3.0.0.3:3"]);
});

test("[N53] a target that rejects makes the router close the socket of the one who asked", async () => {
  const { internet, nodes } = await behindRouter();
  // Bob no longer counts this router among his own, as one who moved.
  const moved = new NetNode(internet, "bob.os", { routers: ["other.os"] });
  moved.know(nodes.router, nodes.alice);
  await moved.start();
  void moved.net.peers.reach("router.os", { proxyRequest: true });
  await internet.clock.advance(100);
  nodes.alice.send("bob.os", 1);
  await internet.clock.advance(4_000);
  expect(nodes.alice.failed).toEqual([{ id: 1, kind: "offline" }]);
  expect(nodes.router.net.router.pending).toEqual([]);
});

test("[N49] a request to meet is obeyed only from one of our own routers, for a peer that is known", async () => {
  const { internet, nodes } = await world({
    router: ROUTER,
    other: { host: "1.0.0.2", tcp: 1 },
    bob: BEHIND,
  });
  const { bob } = nodes;
  const before = internet.dials.length;
  const request = (source: string, node: string) =>
    bob.net.handle(
      bob.message(
        source,
        "bob.os@net:distro:sys",
        9,
        encodeNetAction({ kind: "ConnectionRequest", node }),
      ),
    );
  request("other.os@net:distro:sys", "router.os");
  request("router.os@net:distro:sys", "nobody.os");
  await internet.clock.advance(10);
  expect(internet.dials.slice(before)).toEqual(["tcp 1.0.0.2:1"]);
  request("router.os@net:distro:sys", "other.os");
  await internet.clock.advance(10);
  expect(internet.dials[before + 1]).toBe("tcp 1.0.0.1:1");
});

test("[N55] a full table lets one go for each that comes, within one second too", async () => {
  const { internet, nodes } = await world({
    router: { ...ROUTER, maxPassthroughs: 2 },
    a: BEHIND,
    b: BEHIND,
    c: BEHIND,
    d: BEHIND,
  });
  const pairs = [
    ["a", "b"],
    ["a", "c"],
    ["a", "d"],
  ] as const;
  for (const [index, [from, to]] of pairs.entries()) {
    nodes[from].send(`${to}.os`, index + 1);
    await internet.clock.advance(100);
  }
  expect([nodes.b.ids, nodes.c.ids, nodes.d.ids]).toEqual([[1], [2], [3]]);
  expect(nodes.router.net.router.active.length).toBe(2);
});

test("[N56] who waits for its other half is let go after 10 s", async () => {
  const { internet, nodes } = await behindRouter();
  const { alice, bob, router } = nodes;
  // Bob does not obey, and does not say so either, as a node of the reference.
  Object.assign(bob.net, { handle: () => {} });
  const deadlines: number[] = [];
  const channel = { socket: { protocol: "tcp" }, framing: { takeRest: () => [] } };
  const fail = (): void => void deadlines.push(internet.clock.monotonicMs());
  const startMs = internet.clock.monotonicMs();
  router.net.router.join({ ...channel, fail } as never, { source: "alice.os", target: "bob.os" });
  expect(router.net.router.pending.length).toBe(1);
  await internet.clock.advance(9_999);
  expect(router.net.router.pending.length).toBe(1);
  await internet.clock.advance(1);
  expect([router.net.router.pending, deadlines]).toEqual([[], [startMs + 10_000]]);
  expect(alice.failed).toEqual([]);
});

const update = (name: string, publicKey = "00"): KnsUpdate => ({
  name,
  publicKey,
  ips: [],
  ports: new Map(),
  routers: [],
});

test("[N59] text from a process gets no response; the fd-manager's limit is the limit of peers", async () => {
  const { internet, nodes } = await world({
    alice: {},
    b: { host: "1.0.0.2", tcp: 1 },
    c: { host: "1.0.0.3", tcp: 1 },
  });
  const { alice } = nodes;
  alice.ask(new TextEncoder().encode('"GetPeers"'));
  alice.ask(new TextEncoder().encode('{"FdsLimit":1}'));
  for (const to of ["b.os", "c.os"]) {
    alice.send(to, 1);
    await internet.clock.advance(100);
  }
  expect([alice.answers.length, alice.net.peers.list().length]).toEqual([0, 2]);
  alice.ask(new TextEncoder().encode('{"FdsLimit":1}'), {
    source: "alice.os@fd-manager:distro:sys",
  });
  expect(alice.net.peers.list().map(({ name }) => name)).toEqual(["c.os"]);
  expect(new TextDecoder().decode(alice.sentHere[0]!.body)).toBe('"RequestFdsLimit"');
});

async function answerOf(node: NetNode, action: NetAction, blob?: Uint8Array) {
  const before = node.answers.length;
  node.ask(encodeNetAction(action), blob === undefined ? {} : { blob });
  const answer = node.answers[before];
  return answer === undefined
    ? undefined
    : { ...decodeNetResponse(answer.body), blob: answer.blob?.bytes };
}

test("[N60] GetPeer of our own name is our identity, of an unknown one nothing", async () => {
  const { nodes } = await world({ alice: {}, bob: { host: "1.0.0.2", tcp: 1 } });
  const peer = async (node: string) => {
    const answer = await answerOf(nodes.alice, { kind: "GetPeer", node });
    return answer?.kind === "Peer" ? answer.peer : "another answer";
  };
  expect(await peer("alice.os")).toEqual(nodes.alice.our);
  expect(await peer("bob.os")).toEqual(nodes.bob.our);
  expect(await peer("nobody.os")).toBeUndefined();
});

test("peers and diagnostics tell who is connected", async () => {
  const { internet, nodes } = await world({ alice: {}, bob: { host: "1.0.0.2", tcp: 1 } });
  nodes.alice.send("bob.os", 1);
  await internet.clock.advance(100);
  expect(await answerOf(nodes.alice, { kind: "GetPeers" })).toMatchObject({
    peers: [nodes.bob.our],
  });
  const answer = await answerOf(nodes.alice, { kind: "GetDiagnostics" });
  expect(answer?.kind === "Diagnostics" && answer.text).toContain("bob.os: connected");
});

test("[N61] name updates of other nodes change nothing and get no reply", async () => {
  const { nodes } = await world({ alice: {}, bob: { host: "1.0.0.2", tcp: 1 } });
  const { alice, bob } = nodes;
  for (const action of [
    { kind: "KnsUpdate", update: update("bob.os") },
    { kind: "KnsBatchUpdate", updates: [update("new.os")] },
  ] as const) {
    alice.net.handle(
      alice.message(
        "bob.os@kns-indexer:kns-indexer:sys",
        "alice.os@net:distro:sys",
        3,
        encodeNetAction(action),
      ),
    );
  }
  expect(alice.net.known.find("bob.os")?.identity).toEqual(bob.our);
  expect([alice.net.known.find("new.os"), alice.net.peers.list()]).toEqual([undefined, []]);
});

test("[N65] name updates count from the kernel, the indexer and holders of root only", async () => {
  const { nodes } = await world({ alice: {} });
  const { alice } = nodes;
  const learn = (process: string, name: string) =>
    alice.ask(encodeNetAction({ kind: "KnsBatchUpdate", updates: [update(name)] }), {
      source: `alice.os@${process}`,
    });
  alice.roots.add("admin:p:x.os");
  learn("kernel:distro:sys", "a.os");
  learn("kns-indexer:kns-indexer:sys", "b.os");
  learn("admin:p:x.os", "c.os");
  learn("other:p:x.os", "d.os");
  learn("kns-indexer:p:x.os", "e.os");
  const known = ["a.os", "b.os", "c.os", "d.os", "e.os"].map(
    (name) => alice.net.known.find(name)?.name,
  );
  expect(known).toEqual(["a.os", "b.os", "c.os", undefined, undefined]);
  expect(alice.answers).toEqual([]);
});

test("[N62] a hello of another node is shown without control characters and answered with ack", async () => {
  const { internet, nodes } = await world({ alice: {}, bob: { host: "1.0.0.2", tcp: 1 } });
  const { alice, bob } = nodes;
  const hello = alice.message(
    "alice.os@terminal:terminal:sys",
    "bob.os@net:distro:sys",
    77,
    "hi \u001b[2Jthere\u0007\u202e",
  );
  void alice.net.send(hello);
  await internet.clock.advance(100);
  expect(bob.prints).toContain("alice.os: hi  [2Jthere  ");
  expect(alice.received).toHaveLength(1);
  expect(alice.received[0]).toMatchObject({ id: 77, message: { kind: "response" } });
  expect(new TextDecoder().decode(alice.received[0]!.message.body)).toBe("ack");
});

test("[N63] [N64] a signature is verified with the key of the node it names, and with no other", async () => {
  const { nodes } = await world({ alice: {}, bob: { host: "1.0.0.2", tcp: 1 } });
  const { alice, bob } = nodes;
  const message = new TextEncoder().encode("hello");
  const signed = await answerOf(alice, { kind: "Sign" }, message);
  expect([signed?.kind, signed?.blob?.length]).toEqual(["Signed", 64]);
  const signature = signed!.blob!;
  const from = parseAddress("alice.os@a:chat:x.os");
  const verify = async (
    node: NetNode,
    changes: { from?: typeof from; message?: Uint8Array } = {},
  ) => {
    const answer = await answerOf(
      node,
      { kind: "Verify", from: changes.from ?? from, signature },
      changes.message ?? message,
    );
    return answer?.kind === "Verified" && answer.valid;
  };
  expect([await verify(alice), await verify(bob)]).toEqual([true, true]);
  expect(await verify(bob, { message: message.subarray(1) })).toBe(false);
  expect(await verify(bob, { from: { ...from, process: "b:chat:x.os" as ProcessId } })).toBe(false);
  expect(await verify(bob, { from: { ...from, node: "bob.os" } })).toBe(false);
  expect(await verify(bob, { from: { ...from, node: "nobody.os" } })).toBe(false);
});

/**
 * Many nodes that come at once: after a restart of one that all of them talk to, or of their router.
 * Source: spec/network-identity.md W13, §2.3.
 */
import { afterEach, expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { MemoryInternet } from "./memory-internet.ts";
import { NetNode, type NetNodeOptions } from "./net-node.ts";

const COUNT = 200;
const running: NetNode[] = [];
afterEach(async () => {
  for (const node of running.splice(0)) await node.net.stop!();
});

async function startNode(internet: MemoryInternet, name: string, options: NetNodeOptions) {
  const node = await new NetNode(internet, name, options).start();
  running.push(node);
  return node;
}

/** As the end of its program: nothing of it is there any more. */
async function kill(internet: MemoryInternet, node: NetNode): Promise<void> {
  await node.net.stop!();
  running.splice(running.indexOf(node), 1);
  for (const socket of internet.sockets.splice(0)) socket.end();
}

const failures = (nodes: readonly NetNode[]) => nodes.flatMap(({ failed }) => failed);

// All come from one address, of which 128 are let in at a time.
test(`${COUNT} nodes that come at once are all served, the first time and after a restart`, async () => {
  const internet = new MemoryInternet(createVirtualClock());
  const place = { host: "1.1.1.1", tcp: 1 };
  const hub = await startNode(internet, "hub.os", place);
  const spokes = await Promise.all(
    Array.from({ length: COUNT }, (_, index) => startNode(internet, `n${index}.os`, {})),
  );
  hub.know(...spokes);
  for (const spoke of spokes) spoke.know(hub);
  for (const [id, spoke] of spokes.entries()) spoke.send("hub.os", id);
  await internet.clock.advance(5_000);
  expect([hub.received.length, failures(spokes)]).toEqual([COUNT, []]);
  expect(internet.dials.length).toBeGreaterThan(COUNT);
  await kill(internet, hub);
  const again = await startNode(internet, "hub.os", place);
  again.know(...spokes);
  for (const [id, spoke] of spokes.entries()) spoke.send("hub.os", id);
  await internet.clock.advance(5_000);
  expect([again.received.length, failures(spokes)]).toEqual([COUNT, []]);
}, 120_000);

test("a router that was restarted has its nodes back within the time of two passes, and not all in the same moment", async () => {
  const internet = new MemoryInternet(createVirtualClock());
  const place = { host: "1.1.1.1", tcp: 1, maxPassthroughs: 500 };
  const router = await startNode(internet, "router.os", place);
  const hidden = await Promise.all(
    Array.from({ length: COUNT }, (_, index) =>
      startNode(internet, `n${index}.os`, { routers: ["router.os"] }),
    ),
  );
  router.know(...hidden);
  for (const node of hidden) node.know(router, ...hidden.slice(0, 120));
  await internet.clock.advance(10_000);
  expect(router.net.peers.list().filter(({ isServed }) => isServed).length).toBe(COUNT);
  // Each of the last ones talks to one of the first.
  for (const [id, node] of hidden.slice(20, 120).entries()) node.send(`n${id % 20}.os`, id);
  await internet.clock.advance(5_000);
  expect(router.net.router.active.length).toBe(100);

  await kill(internet, router);
  internet.dials.length = 0;
  const again = await startNode(internet, "router.os", place);
  again.know(...hidden);
  const counts: number[] = [];
  for (let time = 0; time < 20; time += 1) {
    await internet.clock.advance(500);
    counts.push(again.net.peers.list().filter(({ isServed }) => isServed).length);
  }
  expect(counts.at(-1)).toBe(COUNT);
  expect(Math.max(...counts.map((count, at) => count - (counts[at - 1] ?? 0)))).toBeLessThan(COUNT);
  for (const [id, node] of hidden.slice(20, 120).entries()) node.send(`n${id % 20}.os`, 1_000 + id);
  await internet.clock.advance(5_000);
  const arrived = hidden.slice(0, 20).flatMap(({ received }) => received.map(({ id }) => id));
  expect(arrived.length).toBe(200);
  expect(failures(hidden)).toEqual([]);
}, 120_000);

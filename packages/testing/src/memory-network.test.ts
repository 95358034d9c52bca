import { expect, test } from "bun:test";
import type { KernelMessage, ProcessId } from "@kinode-ts/types";
import { createMemoryNetwork, type MemoryNetwork } from "./memory-network.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createVirtualClock } from "./virtual-clock.ts";

const chat = "chat:chat:sys" as ProcessId;

function message(from: string, to: string, id: number): KernelMessage {
  return {
    id,
    source: { node: from, process: chat },
    target: { node: to, process: chat },
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: Uint8Array.of(id),
      metadata: undefined,
      capabilities: [],
    },
    blob: undefined,
  };
}

function listen(network: MemoryNetwork, node: string) {
  const received: number[] = [];
  const failed: string[] = [];
  const port = network.port(node);
  port.connect({
    received: (arrived) => void received.push(Number(arrived.id)),
    failed: (lost, kind) => void failed.push(`${lost.id} ${kind}`),
  });
  return { port, received, failed };
}

test("messages arrive at the node they are for, later and in order", async () => {
  const network = createMemoryNetwork();
  const alice = listen(network, "alice.os");
  const bob = listen(network, "bob.os");
  void alice.port.send(message("alice.os", "bob.os", 1));
  void alice.port.send(message("alice.os", "bob.os", 2));
  expect(bob.received).toEqual([]);
  await Promise.resolve();
  expect(bob.received).toEqual([1, 2]);
  expect(network.sent.map((sent) => sent.id)).toEqual([1, 2]);
});

test("nodes share no memory", async () => {
  const network = createMemoryNetwork();
  const alice = listen(network, "alice.os");
  const arrived: KernelMessage[] = [];
  network.port("bob.os").connect({ received: (m) => void arrived.push(m), failed: () => {} });
  const original = message("alice.os", "bob.os", 1);
  void alice.port.send(original);
  original.message.body.fill(99);
  await Promise.resolve();
  expect(arrived[0]?.message.body).toEqual(Uint8Array.of(1));
});

test("an unknown, unplugged or partitioned node is offline to the sender", async () => {
  const network = createMemoryNetwork();
  const alice = listen(network, "alice.os");
  const bob = listen(network, "bob.os");
  void alice.port.send(message("alice.os", "nobody.os", 1));
  network.unplug("bob.os");
  void alice.port.send(message("alice.os", "bob.os", 2));
  network.plug("bob.os");
  network.partition(["alice.os"], ["bob.os"]);
  void alice.port.send(message("alice.os", "bob.os", 3));
  network.heal();
  void alice.port.send(message("alice.os", "bob.os", 4));
  await Promise.resolve();
  expect(alice.failed).toEqual(["1 offline", "2 offline", "3 offline"]);
  expect(bob.received).toEqual([4]);
});

test("what is on its way when a node is unplugged is lost", async () => {
  const network = createMemoryNetwork();
  const alice = listen(network, "alice.os");
  const bob = listen(network, "bob.os");
  void alice.port.send(message("alice.os", "bob.os", 1));
  network.unplug("bob.os");
  await Promise.resolve();
  expect([bob.received, alice.failed]).toEqual([[], []]);
});

test("random delays keep the order of each pair and repeat with the seed", async () => {
  async function run(seed: number): Promise<number[]> {
    const clock = createVirtualClock();
    const network = createMemoryNetwork({
      clock,
      random: createSeededRandom(seed),
      maxDelayMs: 100,
    });
    const nodes = ["alice.os", "carol.os"].map((node) => listen(network, node));
    const bob = listen(network, "bob.os");
    for (let id = 0; id < 40; id++) {
      const from = id % 2;
      void nodes[from]?.port.send(message(["alice.os", "carol.os"][from]!, "bob.os", id));
    }
    await clock.advance(10_000);
    expect(bob.received.filter((id) => id % 2 === 0)).toEqual(
      Array.from({ length: 20 }, (_, i) => i * 2),
    );
    return bob.received;
  }
  expect(await run(1)).toEqual(await run(1));
  expect(await run(1)).not.toEqual(await run(2));
});

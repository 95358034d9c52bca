import { expect, test } from "bun:test";
import type { NativeMain } from "@kinode-ts/kernel";
import { createTestNetwork } from "./create-test-network.ts";

/** Answers with what it was asked, and remembers how often. */
const echo = (asked: string[] = []): NativeMain => {
  return async (process) => {
    for (;;) {
      const delivery = await process.receive();
      if (delivery.kind !== "message" || delivery.message.kind !== "request") continue;
      const { body } = delivery.message;
      asked.push(new TextDecoder().decode(body));
      await process.host.sendResponse(
        { kind: "response", inherit: false, body, metadata: undefined, capabilities: [] },
        undefined,
      );
    }
  };
};

test("nodes talk over the real protocol, and time moves only when it is waited", async () => {
  const network = await createTestNetwork(["alice", "bob"]);
  await network.start("bob", "echo", echo());
  const at = network.clock.monotonicMs();
  const answer = await network.ask("alice", { node: "bob", process: "echo" }, "hello");
  expect(answer).toMatchObject({ ok: true, text: "hello" });
  const took = network.clock.monotonicMs() - at;
  // Dialling is one round trip, the handshake another, the message a third.
  expect(took).toBeGreaterThanOrEqual(6);
  expect(took).toBeLessThan(200);
  expect(network.node("alice").net.peers.isConnected("bob.os")).toBe(true);
  await network.stop();
});

test("two nodes that nobody can dial meet at their router", async () => {
  const network = await createTestNetwork([
    { name: "router", maxPassthroughs: 10 },
    { name: "alice", behind: ["router"] },
    { name: "bob", behind: ["router"] },
  ]);
  await network.run(5_000);
  await network.start("bob", "echo", echo());
  const answer = await network.ask("alice", { node: "bob", process: "echo" }, "hello");
  expect(answer).toMatchObject({ ok: true, text: "hello" });
  expect(network.node("router").net.router.active).toHaveLength(1);
  await network.stop();
});

test("a partition stands still until it is healed, and then nothing is lost", async () => {
  const network = await createTestNetwork(["alice", "bob"]);
  await network.start("bob", "echo", echo());
  const to = { node: "bob", process: "echo" };
  await network.ask("alice", to, "first");
  network.partition(["alice"], ["bob"]);
  expect(await network.ask("alice", to, "lost", 5)).toEqual({ ok: false, error: "timeout" });
  const later = network.ask("alice", to, "late", 40);
  network.clock.after(10_000, () => network.heal());
  expect(await later).toMatchObject({ ok: true, text: "late" });
  await network.stop();
});

test("a pulled cable breaks connections after a minute, and whoever asks is told", async () => {
  const network = await createTestNetwork(["alice", "bob"]);
  await network.start("bob", "echo", echo());
  const to = { node: "bob", process: "echo" };
  await network.ask("alice", to, "first");
  network.unplug("bob");
  await network.run(61_000);
  expect(network.node("alice").net.peers.isConnected("bob.os")).toBe(false);
  expect(await network.ask("alice", to, "x", 30)).toEqual({ ok: false, error: "offline" });
  network.plug("bob");
  expect(await network.ask("alice", to, "again")).toMatchObject({ ok: true });
  await network.stop();
});

test("a node that crashed comes back with its processes; the next message finds it", async () => {
  const network = await createTestNetwork(["alice", "bob"]);
  const asked: string[] = [];
  await network.start("bob", "echo", echo(asked));
  const to = { node: "bob", process: "echo" };
  await network.ask("alice", to, "one");
  network.crash("bob");
  await network.run(1_000);
  expect(await network.ask("alice", to, "two")).toEqual({ ok: false, error: "offline" });
  await network.restart("bob");
  expect(await network.ask("alice", to, "three")).toMatchObject({ ok: true, text: "three" });
  expect(asked).toEqual(["one", "three"]);
  await network.stop();
});

test("broken connections are made again, without an error to those who ask later", async () => {
  const network = await createTestNetwork(["alice", "bob", "carol"]);
  for (const name of ["bob", "carol"]) await network.start(name, "echo", echo());
  const ask = (node: string) => network.ask("alice", { node, process: "echo" }, "x");
  await ask("bob");
  await ask("carol");
  expect(network.cut("alice", "bob")).toBe(1);
  await network.run(1_000);
  expect(network.node("alice").net.peers.isConnected("carol.os")).toBe(true);
  expect(await ask("bob")).toMatchObject({ ok: true });
  await network.stop();
});

test("the same seed gives the same run", async () => {
  const run = async (seed: number): Promise<number> => {
    const network = await createTestNetwork(["alice", "bob"], { seed, maxDelayMs: 1_000 });
    await network.start("bob", "echo", echo());
    await network.ask("alice", { node: "bob", process: "echo" }, "x".repeat(100_000));
    const at = network.clock.monotonicMs();
    await network.stop();
    return at;
  };
  expect(await run(5)).toBe(await run(5));
  expect(await run(5)).not.toBe(await run(6));
});

test("names that are not there, or twice, are refused by name", async () => {
  const network = await createTestNetwork(["alice"]);
  expect(() => network.node("bob")).toThrow('There is no node "bob"; there is alice.os');
  await network.stop();
  expect(createTestNetwork(["alice", "alice.os"])).rejects.toThrow("Two nodes are called alice.os");
});

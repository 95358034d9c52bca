/**
 * What is heard again, and when, after the way between nodes was interrupted. Source: spec/network-identity.md §1.8, §6.1.
 */
import { expect, test } from "bun:test";
import type { NativeMain } from "@kinode-ts/kernel";
import { createTestNetwork, type TestNetwork } from "./create-test-network.ts";
import type { NodePlan } from "./simulated-node.ts";

const SEEDS = 10;
const OUTAGE_MS = 60_000;
/** Within this time after a cable is in again there is an answer. */
const BACK_MS = 5_000;

/** Answers, and remembers what it was asked. */
const echo = (asked: string[]): NativeMain => {
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

const DIRECT: readonly NodePlan[] = [{ name: "alice" }, { name: "bob" }];
const WEB: readonly NodePlan[] = [
  { name: "alice", protocols: ["ws"] },
  { name: "bob", protocols: ["ws"] },
];
const ROUTED: readonly NodePlan[] = [
  { name: "router", maxPassthroughs: 10 },
  { name: "alice", behind: ["router"] },
  { name: "bob", behind: ["router"] },
];

async function start(plans: readonly NodePlan[], seed: number, asked: string[]) {
  const network = await createTestNetwork(plans, { seed });
  await network.run(5_000);
  await network.start("bob", "echo", echo(asked));
  return network;
}

const ask = (network: TestNetwork, text: string, seconds: number) =>
  network.node("alice").kernel.ask({
    source: "terminal:terminal:sys" as never,
    target: { node: "bob.os", process: "echo:test:sys" as never },
    body: new TextEncoder().encode(text),
    timeoutSeconds: seconds,
  });

test.each([
  ["the asking node's", "alice", DIRECT],
  ["the answering node's", "bob", DIRECT],
  ["the answering node's, by web socket", "bob", WEB],
  ["the router's", "router", ROUTED],
  ["of a node behind a router, the asking one's,", "alice", ROUTED],
  ["of a node behind a router, the answering one's,", "bob", ROUTED],
] as const)(
  `a minute after %s cable was pulled there are answers within ${BACK_MS / 1_000} s, what was asked meanwhile included, each once (${SEEDS} seeds)`,
  async (_, cable, plans) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const asked: string[] = [];
      const network = await start(plans, seed, asked);
      expect(await network.until(ask(network, "before", 10))).toMatchObject({ ok: true });
      network.unplug(cable);
      // Before anybody can know, and while everybody does.
      const during = [ask(network, "one", 100)];
      await network.run(OUTAGE_MS / 2);
      during.push(ask(network, "two", 100));
      await network.run(OUTAGE_MS / 2 - 1_000);
      network.plug(cable);
      const atMs = network.clock.monotonicMs();
      for (const answer of during) expect(await network.until(answer)).toMatchObject({ ok: true });
      expect([seed, network.clock.monotonicMs() - atMs < BACK_MS]).toEqual([seed, true]);
      expect(asked).toEqual(["before", "one", "two"]);
      await network.stop();
    }
  },
  30_000,
);

test("a node behind a router that had nothing to say is found again by others as soon", async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const asked: string[] = [];
    const network = await start(ROUTED, seed, asked);
    network.unplug("bob");
    // The router has something for it that does not arrive.
    expect(await network.until(ask(network, "lost", 20))).toEqual({ ok: false, error: "offline" });
    await network.run(OUTAGE_MS / 2);
    network.plug("bob");
    await network.run(BACK_MS);
    expect(await network.until(ask(network, "again", BACK_MS / 1_000))).toMatchObject({ ok: true });
    await network.stop();
  }
});

/** Takes everything and says nothing. */
const mute: NativeMain = async (process) => {
  for (;;) await process.receive();
};

test.each([
  ["", { name: "bob" }, 1],
  [" by web socket", { name: "bob", protocols: ["ws"] }, 1],
  [", one of the reference,", { name: "bob", isOurs: false }, 1],
  // It could be on its way back to its router.
  [" behind a router", { name: "bob", behind: ["router"] }, 8],
] as const)(
  "who waits for an answer of a node%s hears that it was killed",
  async (_, plan: NodePlan, seconds) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const router = { name: "router", maxPassthroughs: 10 };
      const network = await createTestNetwork(["alice", router, plan], { seed });
      await network.run(5_000);
      await network.start("bob", "echo", mute);
      const answers = [1, 2, 3].map((each) => ask(network, `${each}`, 600));
      await network.run(1_000);
      network.crash("bob");
      const atMs = network.clock.monotonicMs();
      for (const answer of answers) {
        expect(await network.until(answer)).toEqual({ ok: false, error: "offline" });
      }
      expect(network.clock.monotonicMs() - atMs).toBeLessThan(seconds * 1_000);
      await network.stop();
    }
  },
);

test("who waits for an answer hears that the node was started anew, and nothing is done twice", async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const network = await createTestNetwork(["alice", "bob"], { seed });
    let count = 0;
    await network.start("bob", "echo", async (process) => {
      for (;;) {
        await process.receive();
        count += 1;
      }
    });
    const answer = ask(network, "x", 600);
    await network.run(1_000);
    network.crash("bob");
    await network.restart("bob");
    expect(await network.until(answer)).toEqual({ ok: false, error: "offline" });
    await network.run(20_000);
    expect(count).toBe(1);
    await network.stop();
  }
});

test("a request that is still being worked on is answered although its connection broke", async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const network = await createTestNetwork(["alice", "bob"], { seed });
    await network.start("bob", "echo", async (process) => {
      await process.receive();
      await new Promise<void>((resolve) => void network.clock.after(30_000, resolve));
      await process.host.sendResponse(
        {
          kind: "response",
          inherit: false,
          body: new Uint8Array(0),
          metadata: undefined,
          capabilities: [],
        },
        undefined,
      );
    });
    const answer = ask(network, "x", 60);
    for (let time = 0; time < 5; time += 1) {
      await network.run(5_000);
      network.cut();
    }
    expect(await network.until(answer)).toMatchObject({ ok: true });
    await network.stop();
  }
});

test("connections that break under a stream of messages lose none, double none, and keep the order", async () => {
  const all = Array.from({ length: 400 }, (_, number) => String(number));
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const asked: string[] = [];
    const network = await createTestNetwork(["alice", "bob"], { seed });
    await network.start("bob", "echo", echo(asked));
    await network.start("alice", "talker", async ({ host }) => {
      for (const text of all) {
        await host.sendRequest(
          { node: "bob.os", process: "echo:test:sys" as never },
          {
            kind: "request",
            inherit: false,
            expectsResponse: undefined,
            body: new TextEncoder().encode(text),
            metadata: undefined,
            capabilities: [],
          },
          undefined,
          undefined,
        );
        await new Promise<void>((resolve) => void network.clock.after(10, resolve));
      }
      for (;;) await new Promise<void>(() => {});
    });
    for (let time = 0; time < 20; time += 1) {
      await network.run(100 + network.random.below(200));
      network.cut();
    }
    await network.run(10_000);
    expect([seed, asked]).toEqual([seed, all]);
    await network.stop();
  }
});

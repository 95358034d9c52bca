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

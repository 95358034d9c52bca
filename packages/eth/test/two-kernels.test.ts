/**
 * The module in two real kernels with a network between them: what one provides, the other's processes use.
 */
import { afterEach, expect, test } from "bun:test";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createKernel, type Kernel } from "@kinode-ts/kernel";
import { createMemoryStore, createMemoryStoreData } from "@kinode-ts/store";
import {
  createMemoryNetwork,
  createRecordingPrinter,
  createSeededRandom,
  createVirtualClock,
  type MemoryNetwork,
  type VirtualClock,
} from "@kinode-ts/testing";
import {
  ETH_PROCESS,
  type KernelMessage,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
} from "@kinode-ts/types";
import { createEth } from "../src/index.ts";
import { createFakeNetwork, type FakeNetwork } from "./fake-servers.ts";
import { nodeProvider, urlProvider } from "./eth-node.ts";

const URL_B = "ws://b.example/";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Plays a process: sends, and keeps what comes. */
class Driver implements RuntimeModule {
  readonly id = "driver:distro:sys" as ProcessId;
  readonly public = true;
  readonly received: unknown[] = [];
  context!: ModuleContext;

  start(context: ModuleContext): void {
    this.context = context;
  }

  handle({ message }: KernelMessage): void {
    this.received.push(JSON.parse(decoder.decode(message.body)));
  }

  send(body: unknown): void {
    this.context.send({
      target: { node: "our", process: ETH_PROCESS },
      body: encoder.encode(JSON.stringify(body)),
      expectsResponse: 60,
    });
  }
}

interface World {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly servers: FakeNetwork;
  readonly driver: Driver;
}

const kernels: Kernel[] = [];
afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.shutdown();
});

async function start(): Promise<World> {
  const clock = createVirtualClock();
  const network = createMemoryNetwork();
  const servers = createFakeNetwork(clock);
  const boot = async (our: string, seed: number, providers: unknown): Promise<Driver> => {
    const driver = new Driver();
    const random = createSeededRandom(seed);
    const eth = createEth({
      clock,
      random,
      transport: servers.transport,
      files: {
        read: async (name) =>
          JSON.stringify(
            name === ".eth_providers" ? providers : { public: true, allow: [], deny: [] },
          ),
        write: async () => {},
      },
    });
    const kernel = createKernel(
      {
        store: createMemoryStore(createMemoryStoreData()),
        clock,
        random,
        printer: createRecordingPrinter(),
        signer: createNodeSigner(new Uint8Array(32).fill(seed)),
        network: network.port(our),
        programs: { read: () => Promise.resolve(undefined) },
        executors: [],
        modules: [eth, driver],
      },
      { our },
    );
    kernels.push(kernel);
    await clock.runUntil(kernel.boot());
    return driver;
  };
  await boot("bob.os", 2, [urlProvider(URL_B)]);
  const driver = await boot("alice.os", 1, [nodeProvider("bob.os")]);
  return { clock, network, servers, driver };
}

test("a call goes to the other node and its answer comes back", async () => {
  const { clock, servers, driver } = await start();
  servers.server(URL_B);
  driver.send({ Request: { chain_id: 1, method: "eth_gasPrice", params: [] } });
  await clock.settle();
  expect(driver.received).toEqual([{ Response: "eth_gasPrice!" }]);
});

test("[N96] a subscription at the other node, its updates, its signs of life and its end, through real kernels", async () => {
  const { clock, network, servers, driver } = await start();
  const server = servers.server(URL_B, ({ method }) => ({
    result: method === "eth_chainId" ? "0x1" : "0x10",
  }));
  driver.send({ SubscribeLogs: { sub_id: 5, chain_id: 1, kind: "logs", params: {} } });
  await clock.settle();
  expect(driver.received.splice(0)).toEqual(["Ok"]);
  server.push("0x10", { data: "0x01" });
  await clock.settle();
  expect(driver.received.splice(0)).toEqual([{ Ok: { id: 5, result: { data: "0x01" } } }]);
  const before = network.sent.length;
  await clock.advance(3_600_000);
  expect(network.sent.length - before).toBe(120);
  server.push("0x10", { data: "0x02" });
  await clock.settle();
  expect(driver.received.splice(0)).toHaveLength(1);
  driver.send({ UnsubscribeLogs: 5 });
  await clock.settle();
  expect(driver.received.splice(0)).toEqual(["Ok"]);
  expect(server.methods.at(-1)).toBe("eth_unsubscribe");
});

test("[N96] when the provider is cut off the subscriber is told, and the provider lets go when it next has something", async () => {
  const { clock, network, servers, driver } = await start();
  const server = servers.server(URL_B, ({ method }) => ({
    result: method === "eth_chainId" ? "0x1" : "0x10",
  }));
  driver.send({ SubscribeLogs: { sub_id: 5, chain_id: 1, kind: "logs", params: {} } });
  await clock.settle();
  driver.received.splice(0);
  network.unplug("bob.os");
  await clock.advance(31_000);
  expect(driver.received).toEqual([{ Err: { id: 5, error: "the provider is offline" } }]);
  server.push("0x10", { data: "0x01" });
  await clock.settle();
  expect(server.methods.at(-1)).toBe("eth_unsubscribe");
  expect(driver.received).toHaveLength(1);
});

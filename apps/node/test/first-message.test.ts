/** Source: spec/network-identity.md §3.7. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createKernel } from "@kinode-ts/kernel";
import { createNet, type Transport } from "@kinode-ts/net";
import { createMemoryStore } from "@kinode-ts/store";
import { createSeededRandom } from "@kinode-ts/testing";
import type { ProcessId, RuntimeModule } from "@kinode-ts/types";
import { openHomeFolder } from "../src/boot/home-folder.ts";
import { createSystemClock } from "../src/boot/system-clock.ts";
import { createNodeEth } from "../src/network/create-eth.ts";

const home = openHomeFolder(mkdtempSync(join(tmpdir(), "first-message-")));
afterAll(() => rmSync(home.path, { recursive: true }));

const PROVIDER = {
  name: "far-provider.os",
  public_key: `0x${"ab".repeat(32)}`,
  ips: ["192.0.2.44"],
  ports: { ws: 9_007 },
  routers: [],
};

test("[N100] the nodes that provide names are known before the first message is sent", async () => {
  writeFileSync(
    join(home.path, ".eth_providers"),
    JSON.stringify([
      {
        chain_id: 8_453,
        trusted: false,
        provider: { Node: { use_as_provider: true, kns_update: PROVIDER } },
      },
    ]),
  );
  const [clock, random] = [createSystemClock(), createSeededRandom(1)];
  const signer = createNodeSigner(new Uint8Array(32).fill(1));
  const dialled = Promise.withResolvers<string>();
  const transport: Transport = {
    dial(protocol, host, port) {
      dialled.resolve(`${protocol} ${host}:${port}`);
      return Promise.reject(new Error("nobody there"));
    },
    listen: () => Promise.reject(new Error("no")),
  };
  const routing = { kind: "routers", routers: [] } as const;
  const net = createNet({
    identity: { our: "alice.os", signer, random },
    our: { name: "alice.os", networkingKey: signer.publicKey.toHex(), routing },
    transport,
    clock,
  });
  const config = { clientProxy: undefined, simulation: undefined, rpc: undefined };
  const eth = createNodeEth({ home, config, chainRouting: routing, net, clock, random });
  /** What leaves this node, and whether the provider was known by then. */
  const sent: (readonly [string, boolean])[] = [];
  const first: RuntimeModule = {
    id: "first:distro:sys" as ProcessId,
    start(context) {
      // The earliest that anything but the network's own parts can speak.
      const target = { node: PROVIDER.name, process: "eth:distro:sys" as ProcessId };
      context.send({ target, body: new Uint8Array(1), expectsResponse: 5 });
    },
    handle() {},
  };
  const kernel = createKernel(
    {
      store: createMemoryStore(),
      clock,
      random,
      printer: { print: () => {} },
      signer,
      network: {
        connect: (events) => net.connect(events),
        send(message) {
          sent.push([message.target.node, net.known.keyOf(PROVIDER.name) !== undefined]);
          return net.send(message);
        },
      },
      programs: { read: () => Promise.resolve(undefined) },
      executors: [],
      modules: [net, eth, first],
    },
    { our: "alice.os" },
  );
  await kernel.boot();
  expect(sent).toEqual([[PROVIDER.name, true]]);
  expect(await dialled.promise).toBe("ws 192.0.2.44:9007");
  await kernel.shutdown();
});

/**
 * One node of a measured pair, as a program of its own: a whole kernel, the network over this machine's sockets, and processes.
 * Its parent tells it what to do by messages between the programs. Besides it speaks plain TCP, for the baselines.
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createFunctionExecutor } from "@kinode-ts/kernel";
import { createBunTransport, createNet } from "@kinode-ts/net";
import { freePort } from "@kinode-ts/testing/free-port";
import { guestBytes } from "@kinode-ts/testing/guests";
import { type BenchNode, clock, createBenchNode, idOf, random } from "../bench-node.ts";
import { connectMany, flood } from "./crowd.ts";
import {
  plainConnect,
  plainRoundTrips,
  plainStream,
  plainWindow,
  servePlain,
} from "./plain-tcp.ts";
import { driver, type NetDone, type NetJob, sink } from "./processes.ts";

/** Another node, as this one is told. */
export interface Neighbour {
  readonly name: string;
  readonly key: string;
  readonly port: number;
}

export type Order =
  | { readonly kind: "know"; readonly nodes: readonly Neighbour[] }
  | { readonly kind: "run"; readonly job: NetJob }
  | { readonly kind: "rust"; readonly count: number; readonly target: string }
  | { readonly kind: "connect"; readonly node: string; readonly count: number }
  | { readonly kind: "offline"; readonly node: string }
  | { readonly kind: "crowd"; readonly node: Neighbour; readonly count: number }
  | { readonly kind: "flood"; readonly port: number; readonly millis: number }
  | { readonly kind: "memory" }
  | { readonly kind: "peers" }
  | {
      readonly kind: "plain";
      readonly what: "round-trips" | "window" | "stream" | "connect";
      readonly port: number;
      readonly count: number;
      readonly bytes: number;
    };

const [name = "a.os"] = process.argv.slice(2);
const seed = random.bytes(32);
const signer = createNodeSigner(seed);
const NATIVE = { "/test:sys/pkg/driver.js": driver, "/test:sys/pkg/sink.js": sink };

async function start(): Promise<{
  node: BenchNode;
  net: ReturnType<typeof createNet>;
  port: number;
}> {
  const identity = { our: name, signer, random };
  const port = freePort();
  const net = createNet({
    identity,
    our: {
      name,
      networkingKey: signer.publicKey.toHex(),
      routing: { kind: "direct", ip: "127.0.0.1", ports: new Map([["tcp", port]]) },
    },
    transport: createBunTransport("127.0.0.1"),
    clock,
    limits: { maxPeers: 4_000 },
  });
  const node = await createBenchNode({
    our: name,
    signer,
    network: net,
    modules: [net],
    executors: [createFunctionExecutor(NATIVE)],
  });
  const native = new TextEncoder().encode("native");
  await node.start("driver", "driver.js", native);
  await node.start("sink", "sink.js", native);
  await node.start("rust", "rust.wasm", guestBytes("rust-bench"));
  return { node, net, port };
}

const { node, net, port } = await start();
const plain = servePlain();

async function perform(order: Order): Promise<unknown> {
  switch (order.kind) {
    case "know":
      for (const each of order.nodes) know(each);
      return undefined;
    case "run":
      return await run(order.job);
    case "rust": {
      const { target: measure, count } = order;
      const job = { measure, count, body_bytes: 100, blob_bytes: 0 };
      const answer = await node.ask(idOf("rust"), JSON.stringify(job), 120);
      return JSON.parse(new TextDecoder().decode(answer)) as unknown;
    }
    case "connect":
      return await connect(order.node, order.count);
    case "offline":
      return await offline(order.node);
    case "crowd":
      return await connectMany(order.node, order.count);
    case "flood":
      return await flood(order.port, 60, order.millis);
    case "memory":
      Bun.gc(true);
      return process.memoryUsage.rss();
    case "peers":
      return net.peers.connectionCount;
    case "plain":
      return await runPlain(order);
  }
}

function know({ name: other, key, port: at }: Neighbour): void {
  net.known.set({
    name: other,
    networkingKey: key,
    routing: { kind: "direct", ip: "127.0.0.1", ports: new Map([["tcp", at]]) },
  });
}

async function run(job: NetJob): Promise<NetDone> {
  const answer = await node.ask(idOf("driver"), JSON.stringify(job), 120);
  return JSON.parse(new TextDecoder().decode(answer)) as NetDone;
}

/** Milliseconds of a first message and its answer, with everything a connection takes. */
async function connect(other: string, count: number): Promise<number[]> {
  const each: number[] = [];
  for (let done = 0; done < count; done += 1) {
    net.peers.disconnect(other, "to connect again");
    await Bun.sleep(5);
    const target = `${other}@sink:test:sys`;
    const { millis } = await run({ kind: "acknowledged", target, count: 0, bytes: 1 });
    each.push(millis);
  }
  return each;
}

/** Milliseconds until a process knows that a node is not there. */
async function offline(other: string): Promise<number> {
  const startedMs = performance.now();
  const answer = await node.kernel.ask({
    source: idOf("driver"),
    target: { node: other, process: idOf("sink") },
    body: new Uint8Array(0),
    timeoutSeconds: 30,
  });
  if (answer.ok || answer.error !== "offline") throw new Error("The node is there");
  return performance.now() - startedMs;
}

async function runPlain({ what, port: to, count, bytes }: Order & { kind: "plain" }) {
  if (what === "round-trips") return await plainRoundTrips(to, count, bytes);
  if (what === "window") return await plainWindow(to, count, bytes);
  if (what === "connect") return await plainConnect(to, count, bytes);
  return await plainStream(to, count * bytes);
}

process.on("message", ({ id, order }: { readonly id: number; readonly order: Order }) => {
  perform(order).then(
    (value) => process.send!({ id, value }),
    (error: Error) => process.send!({ id, error: error.message }),
  );
});
process.send!({ ready: { name, key: signer.publicKey.toHex(), port }, plain: plain.port });

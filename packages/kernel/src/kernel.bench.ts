/**
 * What the kernel itself costs per round trip, without any guest: two fibers that are continued from an array.
 * Run: `bun src/kernel.bench.ts`
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createMemoryStore } from "@kinode-ts/store";
import { createRecordingPrinter } from "@kinode-ts/testing";
import {
  type Clock,
  type Ending,
  type Executor,
  messagingCapability,
  type ProcessHost,
  type ProcessId,
  type Request,
  type Response,
} from "@kinode-ts/types";
import { createKernel, type Kernel } from "./index.ts";

const ROUNDS = 1_000_000;
const OUR = "alice.os";
const body = new Uint8Array(16);
const request: Request = {
  kind: "request",
  inherit: false,
  expectsResponse: 5,
  body,
  metadata: undefined,
  capabilities: [],
};
const response: Response = {
  kind: "response",
  inherit: false,
  body,
  metadata: undefined,
  capabilities: [],
};

/** Continuations waiting for their turn: what the host's microtask queue is for real fibers. */
const turns: (() => void)[] = [];
const hosts = new Map<ProcessId, ProcessHost>();

const executor: Executor = {
  accepts: () => true,
  prepare: () =>
    Promise.resolve({
      start: (host) => {
        hosts.set(host.our.process, host);
        return {
          ended: new Promise<Ending>(() => {}),
          kill: () => {},
          usage: () => ({ memoryBytes: 0, cpuMs: 0 }),
        };
      },
    }),
};

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

async function bootWith(processCount: number): Promise<Kernel> {
  const kernel = createKernel(
    {
      store: createMemoryStore(),
      clock,
      random: {
        bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
        u64: () => Math.floor(Math.random() * 2 ** 53),
      },
      printer: createRecordingPrinter(),
      signer: createNodeSigner(new Uint8Array(32)),
      network: { send: () => {}, connect: () => {} },
      programs: { read: () => Promise.resolve(new Uint8Array(1)) },
      executors: [executor],
      modules: [],
    },
    { our: OUR, limits: { sliceMs: 60_000 } },
  );
  await kernel.boot();
  const ids = Array.from({ length: processCount }, (_, index) => `p${index}:test:sys` as ProcessId);
  const peers = ids.slice(0, 2).map((id) => messagingCapability(OUR, id));
  await kernel.register(
    ids.map((id) => ({
      id,
      wasmBytesHandle: "/x.wasm",
      witVersion: 1,
      onExit: { kind: "none" },
      public: false,
      capabilities: peers,
    })),
  );
  await kernel.run(ids);
  return kernel;
}

function roundTrips(rounds: number): number {
  const client = hosts.get("p0:test:sys" as ProcessId)!;
  const server = hosts.get("p1:test:sys" as ProcessId)!;
  let left = rounds;
  const ask = (): void => client.beginAwait(server.our, request, undefined);
  const onServer = (): void => {
    while (server.poll() !== undefined) {
      void server.sendResponse(response, undefined);
      server.sliceIsOver();
    }
    server.park(wakeServer);
  };
  const onClient = (): void => {
    for (;;) {
      if (client.pollAwaited() === undefined) break;
      client.sliceIsOver();
      if (--left === 0) return;
      ask();
    }
    client.park(wakeClient);
  };
  const wakeServer = (): void => void turns.push(onServer);
  const wakeClient = (): void => void turns.push(onClient);
  server.park(wakeServer);
  const start = performance.now();
  ask();
  client.park(wakeClient);
  while (left > 0) turns.shift()!();
  return ((performance.now() - start) * 1e6) / rounds;
}

/** The same two fibers over two arrays: no kernel at all. */
function baseline(rounds: number): number {
  const toServer: object[] = [];
  const toClient: object[] = [];
  const start = performance.now();
  for (let left = rounds; left > 0; left--) {
    toServer.push({ id: left, message: request });
    turns.push(() => void toClient.push({ id: toServer.shift(), message: response }));
    turns.shift()!();
    turns.push(() => void toClient.shift());
    turns.shift()!();
  }
  return ((performance.now() - start) * 1e6) / rounds;
}

const show = (name: string, ns: number): void =>
  console.log(`${name.padEnd(34)} ${ns.toFixed(0)} ns`);

for (const processCount of [10, 10_000]) {
  const before = process.memoryUsage().heapUsed;
  const kernel = await bootWith(processCount);
  Bun.gc(true);
  const bytes = process.memoryUsage().heapUsed - before;
  roundTrips(ROUNDS / 10);
  const figures = [1, 2, 3, 4, 5].map(() => roundTrips(ROUNDS)).sort((a, b) => a - b);
  show(`round trip, ${processCount} processes`, figures[2]!);
  if (processCount > 1_000)
    console.log(`kernel structures per idle process  ${(bytes / processCount).toFixed(0)} bytes`);
  await kernel.shutdown();
  hosts.clear();
  turns.length = 0;
}
baseline(ROUNDS / 10);
show("array queues, no kernel", baseline(ROUNDS));
process.exit(0);

/**
 * A whole kernel for measuring: real clock, real executors, all checks and limits; records in memory unless a store is given.
 * @module
 */
import { createComponentExecutor } from "@kinode-ts/component";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import { createKernel, type Kernel } from "@kinode-ts/kernel";
import { createMemoryStore } from "@kinode-ts/store/memory";
import { createTimer } from "@kinode-ts/system";
import {
  type Clock,
  type Executor,
  messagingCapability,
  networkCapability,
  type NetworkPort,
  type NodeSigner,
  type ProcessId,
  type RuntimeModule,
  type Store,
  TERMINAL_PROCESS,
} from "@kinode-ts/types";

export const OUR = "bench.os";

export const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};
export const random = createSystemRandom();

export interface BenchNode {
  readonly kernel: Kernel;
  /** Registers and starts a process that may message those named in `peers`: processes of `test:sys`, or whole ids. */
  start(
    name: string,
    file: string,
    bytes: Uint8Array,
    peers?: readonly string[],
  ): Promise<ProcessId>;
  /** Sends a request as the terminal and settles with the answer's body. */
  ask(process: ProcessId, body: Uint8Array | string, seconds?: number): Promise<Uint8Array>;
}

export const idOf = (name: string): ProcessId => `${name}:test:sys` as ProcessId;

const peerId = (name: string): ProcessId => (name.includes(":") ? (name as ProcessId) : idOf(name));

export async function createBenchNode(
  options: {
    readonly executors?: readonly Executor[];
    readonly modules?: readonly RuntimeModule[];
    /** Default: in memory. */
    readonly store?: Store;
    /** Default: `OUR`, alone. */
    readonly our?: string;
    readonly signer?: NodeSigner;
    readonly network?: NetworkPort;
  } = {},
): Promise<BenchNode> {
  const { our = OUR } = options;
  const files = new Map<string, Uint8Array>();
  const kernel = createKernel(
    {
      store: options.store ?? createMemoryStore(),
      clock,
      random,
      printer: {
        print(verbosity, source, text) {
          if (verbosity === 0) process.stderr.write(`${source}: ${text}\n`);
        },
      },
      signer: options.signer ?? createNodeSigner(random.bytes(32)),
      network: options.network ?? { connect: () => {}, send: () => {} },
      programs: { read: (handle) => Promise.resolve(files.get(handle)) },
      executors: [createComponentExecutor({ clock, random }), ...(options.executors ?? [])],
      modules: [createTimer({ clock }), ...(options.modules ?? [])],
    },
    { our },
  );
  await kernel.boot();
  return {
    kernel,
    async start(name, file, bytes, peers = []) {
      const id = idOf(name);
      const handle = `/test:sys/pkg/${file}`;
      files.set(handle, bytes);
      const mayMessage = [...peers.map(peerId), TERMINAL_PROCESS];
      await kernel.register([
        {
          id,
          wasmBytesHandle: handle,
          witVersion: 1,
          onExit: { kind: "none" },
          public: true,
          capabilities: [
            ...mayMessage.map((peer) => messagingCapability(our, peer)),
            networkCapability(our),
          ],
        },
      ]);
      const failure = (await kernel.run([id])).get(id);
      if (failure !== undefined) throw new Error(`${name} did not start: ${failure}`);
      return id;
    },
    async ask(process, body, seconds = 60) {
      const answer = await kernel.ask({
        source: TERMINAL_PROCESS,
        target: { node: our, process },
        body: typeof body === "string" ? new TextEncoder().encode(body) : body,
        timeoutSeconds: seconds,
      });
      if (!answer.ok) throw new Error(`${process} did not answer: ${answer.error}`);
      return answer.body;
    },
  };
}

/** The u32 that the hand-made guests take as their count. */
export function countBody(count: number): Uint8Array {
  const body = new Uint8Array(4);
  new DataView(body.buffer).setUint32(0, count, true);
  return body;
}

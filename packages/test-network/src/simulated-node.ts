/**
 * A node of a test network: a whole kernel with the real network module, records that survive a crash, and processes that the
 * test gives.
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createNativeExecutor } from "@kinode-ts/engine";
import {
  createFunctionExecutor,
  createKernel,
  type Kernel,
  type NativeMain,
} from "@kinode-ts/kernel";
import { createNet, type Net } from "@kinode-ts/net";
import { createMemoryStore, createMemoryStoreData } from "@kinode-ts/store";
import { createRecordingPrinter, createSeededRandom, type VirtualClock } from "@kinode-ts/testing";
import {
  messagingCapability,
  networkCapability,
  type NodeId,
  type ProcessId,
  type RuntimeModule,
  TIMER_PROCESS,
} from "@kinode-ts/types";
import { type Internet, MortalClock } from "./internet.ts";

/** A program: a function that gets its process, or the text of a packed script. */
export type SimulatedProgram = NativeMain | string;

export interface NodePlan {
  readonly name: string;
  /** Routers it is behind: nobody can dial it. */
  readonly behind?: readonly string[];
  /** Pairs of others it joins; default 0: it is no router. */
  readonly maxPassthroughs?: number;
  /** What it listens on; default: TCP. */
  readonly protocols?: readonly ("tcp" | "ws")[];
  /** Default true. False: it behaves as a node of the reference, and knows none of our features. */
  readonly isOurs?: boolean;
}

const PORTS = { tcp: 10_000, ws: 9_000 } as const;

interface Running {
  readonly kernel: Kernel;
  readonly net: Net;
  readonly clock: MortalClock;
}

export class SimulatedNode {
  readonly name: NodeId;
  readonly ip: string;
  readonly plan: NodePlan;
  readonly printer = createRecordingPrinter();
  readonly #clock: VirtualClock;
  readonly #internet: Internet;
  readonly #seed: number;
  readonly #data = createMemoryStoreData();
  readonly #programs: Record<string, NativeMain> = {};
  readonly #scripts = new Map<string, string>();
  readonly #modules: RuntimeModule[];
  #others: readonly SimulatedNode[] = [];
  #running: Running | undefined;
  #starts = 0;

  constructor(options: {
    readonly plan: NodePlan;
    readonly index: number;
    readonly clock: VirtualClock;
    readonly internet: Internet;
    readonly seed: number;
    readonly modules?: readonly RuntimeModule[];
  }) {
    this.plan = options.plan;
    this.name = fullName(options.plan.name);
    this.ip = `10.0.${options.index >> 8}.${(options.index & 255) + 1}`;
    this.#clock = options.clock;
    this.#internet = options.internet;
    this.#seed = options.seed * 1_009 + options.index;
    this.#modules = [...(options.modules ?? [])];
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** @throws {Error} it has crashed and was not started again */
  get kernel(): Kernel {
    return this.#alive.kernel;
  }

  /** @throws {Error} it has crashed and was not started again */
  get net(): Net {
    return this.#alive.net;
  }

  get #alive(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} does not run; restart it first`);
    return this.#running;
  }

  /** How others find it. */
  get identity() {
    const ports = new Map<string, number>();
    for (const protocol of this.plan.protocols ?? (["tcp"] as const)) {
      ports.set(protocol, PORTS[protocol]);
    }
    const behind = this.plan.behind?.map(fullName);
    return {
      name: this.name,
      networkingKey: this.#signer.publicKey.toHex(),
      routing:
        behind === undefined
          ? ({ kind: "direct", ip: this.ip, ports } as const)
          : ({ kind: "routers", routers: behind } as const),
    };
  }

  get #signer() {
    const seed = new Uint8Array(32);
    new DataView(seed.buffer).setUint32(0, this.#seed);
    return createNodeSigner(seed);
  }

  know(others: readonly SimulatedNode[]): void {
    this.#others = others;
    for (const other of others) this.#running?.net.known.set(other.identity);
  }

  async boot(): Promise<void> {
    this.#starts += 1;
    const clock = new MortalClock(this.#clock);
    const signer = this.#signer;
    const random = createSeededRandom(this.#seed * 31 + this.#starts);
    const { maxPassthroughs = 0, isOurs = true } = this.plan;
    const net = createNet({
      identity: { our: this.name, signer, random, ...(isOurs ? {} : { features: [] }) },
      our: this.identity,
      transport: this.#internet.transport(this.ip, clock),
      clock,
      maxPassthroughs,
    });
    for (const other of this.#others) net.known.set(other.identity);
    const kernel = createKernel(
      {
        store: createMemoryStore(this.#data),
        clock,
        random,
        printer: this.printer,
        signer,
        network: net,
        programs: { read: (handle) => Promise.resolve(this.#read(handle)) },
        executors: [
          createFunctionExecutor(this.#programs),
          createNativeExecutor({ trusted: () => true }),
        ],
        modules: [net, quietTimer(clock), ...this.#modules],
      },
      { our: this.name, bundled: () => true },
    );
    this.#running = { kernel, net, clock };
    await kernel.boot();
  }

  /** From one moment to the next nothing of it is there; what was durable is kept. */
  crash(): void {
    this.#running?.clock.die();
    this.#running = undefined;
    this.#internet.crash(this.ip);
  }

  async stop(): Promise<void> {
    await this.#running?.kernel.shutdown();
  }

  /** Registers and starts a process `name:test:sys`, or one with a whole id; it may use the network and message all others here. */
  async start(name: string, program: SimulatedProgram): Promise<ProcessId> {
    const id = processId(name);
    const [process, ...origin] = id.split(":");
    const handle = `/${origin.join(":")}/pkg/${process}.js`;
    if (typeof program === "string") this.#scripts.set(handle, program);
    else this.#programs[handle] = program;
    const { kernel } = this.#alive;
    const others = kernel.processes().map((each) => each.id);
    await kernel.register([
      {
        id,
        wasmBytesHandle: handle,
        witVersion: 1,
        onExit: { kind: "restart" },
        public: true,
        capabilities: [
          networkCapability(this.name),
          ...[id, ...others].map((other) => messagingCapability(this.name, other)),
        ],
      },
    ]);
    const failure = (await kernel.run([id])).get(id);
    if (failure !== undefined) throw new Error(`${id} did not start: ${failure}`);
    return id;
  }

  #read(handle: string): Uint8Array | undefined {
    const script = this.#scripts.get(handle);
    if (script !== undefined) return new TextEncoder().encode(script);
    return handle in this.#programs ? new TextEncoder().encode("native") : undefined;
  }
}

/** `alice` is `alice.os`. */
export const fullName = (name: string): NodeId => (name.includes(".") ? name : `${name}.os`);

export const processId = (name: string): ProcessId =>
  (name.includes(":") ? name : `${name}:test:sys`) as ProcessId;

/** The timer module, as far as programs of tests need it. */
function quietTimer(clock: MortalClock): RuntimeModule {
  let answer: (message: Parameters<RuntimeModule["handle"]>[0]) => void = () => {};
  return {
    id: TIMER_PROCESS,
    public: true,
    start: (context) => {
      answer = (message) => context.respond(message, { body: new Uint8Array(0) });
    },
    handle: (message) => {
      try {
        const { SetTimer } = JSON.parse(new TextDecoder().decode(message.message.body)) as {
          SetTimer?: number;
        };
        if (SetTimer !== undefined) clock.after(SetTimer, () => answer(message));
      } catch {
        // A test's program that asks wrongly gets no answer, as from the real module.
      }
    },
  };
}

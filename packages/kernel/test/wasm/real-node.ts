/**
 * A kernel on the machine's own clock with processes in real WebAssembly, for attacks: nothing here waits for quiet.
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createMemoryStore } from "@kinode-ts/store";
import {
  createMemoryNetwork,
  createRecordingPrinter,
  createSeededRandom,
} from "@kinode-ts/testing";
import { guestBytes } from "@kinode-ts/testing/guests";
import {
  decodeProbeReport,
  type ProbeRecord,
  type ProbeScript,
  probeScript,
} from "@kinode-ts/testing/probe";
import { mainThreadMs } from "@kinode-ts/testing/processor-time";
import {
  type Address,
  type Capability,
  type Ending,
  type Executor,
  KERNEL_PROCESS,
  messagingCapability,
  type ModuleContext,
  type OnExit,
  type ProcessId,
  type RunningProcess,
  type RuntimeModule,
  VFS_PROCESS,
} from "@kinode-ts/types";
import { createKernel, type Kernel, type KernelLimits } from "../../src/index.ts";
import { componentExecutor, realClock } from "./wasm-probe.ts";

const DRIVER = "driver:distro:sys" as ProcessId;
const TOOL = "tool:test:sys" as ProcessId;
const PROBE = "probe-1.0.0";
/** Generous: only a node that hangs gets near it. */
const DEADLINE_MS = 60_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const handleOf = (guest: string): string => `/test:sys/pkg/${guest}.wasm`;

export interface RealNodeOptions {
  readonly limits?: Partial<KernelLimits>;
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

export interface GuestOptions {
  /** Name of the fixture; the probe by default. */
  readonly guest?: string;
  readonly onExit?: OnExit;
  readonly capabilities?: readonly Capability[];
}

export class RealNode {
  readonly printer = createRecordingPrinter();
  readonly kernel: Kernel;
  readonly #files: Map<string, Uint8Array>;
  readonly #running = new Map<string, RunningProcess>();
  readonly #reports = new Map<string, ((records: ProbeRecord[]) => void)[]>();
  #driver!: ModuleContext;

  constructor(options: RealNodeOptions) {
    this.#files = new Map(Object.entries(options.files ?? {}));
    this.kernel = createKernel(
      {
        store: createMemoryStore(),
        clock: realClock,
        random: createSeededRandom(7),
        printer: this.printer,
        signer: createNodeSigner(new Uint8Array(32).fill(9)),
        network: createMemoryNetwork().port("alice.os"),
        programs: { read: (handle) => Promise.resolve(this.#read(handle)) },
        executors: [this.#watched(componentExecutor)],
        modules: [this.#driverModule(), this.#fileModule()],
      },
      { our: "alice.os", limits: options.limits ?? {} },
    );
  }

  id(name: string): ProcessId {
    return (name.includes(":") ? name : `${name}:test:sys`) as ProcessId;
  }

  at(name: string): Address {
    return { node: "alice.os", process: this.id(name) };
  }

  messaging(name: string): Capability {
    return messagingCapability("alice.os", this.id(name));
  }

  /** Registers and starts processes that hold messaging for each other. */
  async start(names: readonly string[], options: GuestOptions = {}): Promise<void> {
    await this.kernel.register(
      names.map((name) => ({
        id: this.id(name),
        wasmBytesHandle: handleOf(options.guest ?? PROBE),
        witVersion: 1,
        onExit: options.onExit ?? { kind: "none" },
        public: false,
        capabilities: [
          ...names.map((peer) => this.messaging(peer)),
          ...(options.capabilities ?? []),
        ],
      })),
    );
    await this.kernel.grant(
      names.map((name) => ({ holder: DRIVER, capability: this.messaging(name) })),
    );
    await this.kernel.run(names.map((name) => this.id(name)));
  }

  async grant(holder: string, ...names: readonly string[]): Promise<void> {
    await this.kernel.grant(
      names.map((name) => ({ holder: this.id(holder), capability: this.messaging(name) })),
    );
  }

  /** Two processes that make round trips when told to. */
  async startBystanders(): Promise<void> {
    await this.start(["echo"], { guest: "echo" });
    await this.start(["ping"], { guest: "ping" });
    await this.grant("ping", "echo");
    await this.grant("echo", "ping");
  }

  /** Makes `count` round trips between the bystanders; returns how much of the node's thread they took, in milliseconds. */
  async roundTrips(count: number): Promise<number> {
    const startedMs = mainThreadMs();
    const answer = await this.ask("ping", [count]);
    if (answer !== "done") throw new Error(`No round trips: ${answer}`);
    return mainThreadMs() - startedMs;
  }

  /** Sends numbers as a hand-written guest takes them; settles with the answer as text, or with the failure. */
  async ask(name: string, numbers: readonly number[]): Promise<string> {
    const body = new Uint8Array(new Uint32Array(numbers).buffer);
    const answer = await within(
      this.kernel.ask({ source: TOOL, target: this.at(name), body, timeoutSeconds: 60 }),
      `an answer of ${name}`,
    );
    return answer.ok ? decoder.decode(answer.body) : answer.error;
  }

  post(name: string, script: ProbeScript): void {
    this.#driver.send({ target: this.at(name), body: script.bytes() });
  }

  /** Sends a script and settles with the probe's next report. */
  async tell(name: string, script: ProbeScript = probeScript()): Promise<ProbeRecord[]> {
    const report = this.report(name);
    this.post(name, script.report(this.at(DRIVER)));
    return await report;
  }

  /** The probe's next report. */
  report(name: string): Promise<ProbeRecord[]> {
    const waiting = this.#reports.get(this.id(name)) ?? [];
    this.#reports.set(this.id(name), waiting);
    return within(new Promise((resolve) => void waiting.push(resolve)), `a report of ${name}`);
  }

  get driver(): Address {
    return this.at(DRIVER);
  }

  /** What the executor says of the process's newest run. */
  async ending(name: string): Promise<Ending> {
    return await within(this.#running.get(this.id(name))!.ended, `the end of ${name}`);
  }

  /** Kills; returns how much of the node's thread it took until nothing of the process ran any more, in milliseconds. */
  async killTime(name: string): Promise<number> {
    const { ended } = this.#running.get(this.id(name))!;
    const startedMs = mainThreadMs();
    void this.kernel.kill(this.id(name));
    await within(ended, `the end of ${name}`);
    return mainThreadMs() - startedMs;
  }

  isAlive(name: string): boolean {
    return this.kernel.process(this.id(name))?.state === "running";
  }

  /** Kernel lines a person sees. */
  lines(): string[] {
    return this.printer.texts(0);
  }

  async command(command: unknown): Promise<string> {
    const answer = await this.kernel.ask({
      source: TOOL,
      target: this.at(KERNEL_PROCESS),
      body: encoder.encode(JSON.stringify(command)),
      timeoutSeconds: 5,
    });
    return answer.ok ? decoder.decode(answer.body) : answer.error;
  }

  #read(handle: string): Uint8Array | undefined {
    const file = this.#files.get(handle);
    if (file !== undefined) return file;
    const guest = /^\/test:sys\/pkg\/(.+)\.wasm$/.exec(handle)?.[1];
    return guest === undefined ? undefined : guestBytes(guest);
  }

  /** Notes every run, so that a test sees when it is really over. */
  #watched(executor: Executor): Executor {
    return {
      accepts: (source) => executor.accepts(source),
      prepare: async (source) => {
        const program = await executor.prepare(source);
        return {
          start: (host, limits) => {
            const running = program.start(host, limits);
            this.#running.set(host.our.process, running);
            return running;
          },
        };
      },
    };
  }

  #driverModule(): RuntimeModule {
    return {
      id: DRIVER,
      public: true,
      start: (context) => void (this.#driver = context),
      handle: ({ source, message }) => {
        this.#reports.get(source.process)?.shift()?.(decodeProbeReport(message.body));
      },
    };
  }

  /** The file module, as far as `spawn` needs it. */
  #fileModule(): RuntimeModule {
    let context: ModuleContext;
    return {
      id: VFS_PROCESS,
      start: (given) => void (context = given),
      handle: (message) => {
        const { path } = JSON.parse(decoder.decode(message.message.body)) as { path: string };
        const bytes = this.#read(path);
        context.respond(message, {
          body: encoder.encode(bytes === undefined ? '{"Err":"NotFound"}' : '"Read"'),
          blob: bytes === undefined ? undefined : { mime: undefined, bytes },
        });
      },
    };
  }
}

/** A node that is shut down at the end of `use`, whatever happened. */
export async function withRealNode(
  options: RealNodeOptions,
  use: (node: RealNode) => Promise<void>,
): Promise<void> {
  const node = new RealNode(options);
  await node.kernel.boot();
  try {
    await use(node);
  } finally {
    await node.kernel.shutdown();
  }
}

/** Settles as `work` does, or fails at the deadline. */
export async function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited for ${what} in vain`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets the event loop turn until `done`. */
export async function until(done: () => boolean, what: string): Promise<void> {
  const startedMs = performance.now();
  while (!done()) {
    if (performance.now() - startedMs > DEADLINE_MS) throw new Error(`Waited for ${what} in vain`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export interface Heartbeat {
  /** Beats so far. */
  readonly count: number;
  /**
   * The most that the node's thread computed between two beats, in milliseconds: what any timer or socket of the node had to
   * wait, but for what else the machine did.
   */
  readonly longestMs: number;
  stop(): void;
}

/** A timer of the node that should beat whatever processes do. */
export function startHeartbeat(): Heartbeat {
  let lastMs = mainThreadMs();
  const beat = {
    count: 0,
    longestMs: 0,
    stop: () => clearInterval(timer),
  };
  const timer = setInterval(() => {
    const nowMs = mainThreadMs();
    beat.longestMs = Math.max(beat.longestMs, nowMs - lastMs);
    lastMs = nowMs;
    beat.count++;
  }, 5);
  return beat;
}

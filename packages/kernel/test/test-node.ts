/**
 * A kernel in a test: virtual clock, memory store, memory network, a small file module, and a driver that sends scripts to
 * probes and collects what they report.
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createMemoryStore, createMemoryStoreData, type MemoryStoreData } from "@kinode-ts/store";
import {
  createMemoryNetwork,
  createRecordingPrinter,
  createSeededRandom,
  createVirtualClock,
  type MemoryNetwork,
  type RecordingPrinter,
  type VirtualClock,
} from "@kinode-ts/testing";
import { type ProbeRecord, type ProbeScript, probeScript } from "@kinode-ts/testing/probe";
import {
  type Address,
  type Capability,
  type Executor,
  type KernelMessage,
  messagingCapability,
  type ModuleContext,
  type OnExit,
  type ProcessId,
  type RuntimeModule,
  STATE_PROCESS,
  TIMER_PROCESS,
  VFS_PROCESS,
} from "@kinode-ts/types";
import {
  createFunctionExecutor,
  createKernel,
  type Kernel,
  type KernelLimits,
} from "../src/index.ts";
import { decodeNativeReport, probeMain } from "./native-probe.ts";

/** What plays the processes of a scenario. */
export interface ProbeKind {
  readonly label: string;
  readonly handle: string;
  readonly bytes: Uint8Array;
  readonly executors: readonly Executor[];
  readonly decode: (body: Uint8Array) => ProbeRecord[];
}

export const PROBE_HANDLE = "/test:sys/pkg/probe.wasm";

export const NATIVE_PROBE: ProbeKind = {
  label: "native",
  handle: PROBE_HANDLE,
  bytes: new TextEncoder().encode("probe"),
  executors: [createFunctionExecutor({ [PROBE_HANDLE]: probeMain })],
  decode: decodeNativeReport,
};

export const DRIVER = "driver:distro:sys" as ProcessId;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

export interface TestNodeOptions {
  readonly our?: string;
  readonly clock?: VirtualClock;
  readonly network?: MemoryNetwork;
  readonly data?: MemoryStoreData;
  readonly files?: Map<string, Uint8Array>;
  readonly limits?: Partial<KernelLimits>;
  readonly probe?: ProbeKind;
  readonly executors?: readonly Executor[];
  readonly modules?: readonly RuntimeModule[];
  readonly seed?: number;
  readonly bundled?: (id: ProcessId) => boolean;
  readonly eventPrinting?: boolean;
}

export interface StartOptions {
  readonly onExit?: OnExit;
  readonly public?: boolean;
  readonly capabilities?: readonly Capability[];
  readonly handle?: string;
  readonly run?: boolean;
}

/** Answers `{"path":…,"action":"Read"}` from a map, as the file module does. */
function createFiles(files: Map<string, Uint8Array>): RuntimeModule {
  let context: ModuleContext;
  return {
    id: VFS_PROCESS,
    start: (given) => void (context = given),
    handle: (message) => {
      if (message.message.kind !== "request") return;
      const { path } = JSON.parse(decoder.decode(message.message.body)) as { path: string };
      const bytes = files.get(path);
      const answer = bytes === undefined ? '{"Err":"NotFound"}' : '"Read"';
      context.respond(message, {
        body: encoder.encode(answer),
        blob: bytes === undefined ? undefined : { mime: undefined, bytes },
      });
    },
  };
}

export class Driver implements RuntimeModule {
  readonly id = DRIVER;
  readonly public = true;
  readonly received: KernelMessage[] = [];
  context!: ModuleContext;

  start(context: ModuleContext): void {
    this.context = context;
  }
  handle(message: KernelMessage): void {
    this.received.push(message);
  }
}

export class TestNode {
  readonly our: string;
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly printer: RecordingPrinter = createRecordingPrinter();
  readonly data: MemoryStoreData;
  readonly files: Map<string, Uint8Array>;
  readonly driver = new Driver();
  readonly kernel: Kernel;
  readonly probe: ProbeKind;

  constructor(options: TestNodeOptions = {}) {
    this.our = options.our ?? "alice.os";
    this.clock = options.clock ?? createVirtualClock();
    this.network = options.network ?? createMemoryNetwork();
    this.data = options.data ?? createMemoryStoreData();
    this.probe = options.probe ?? NATIVE_PROBE;
    this.files = options.files ?? new Map();
    this.files.set(this.probe.handle, this.probe.bytes);
    const quiet = (id: ProcessId, isPublic: boolean): RuntimeModule => ({
      id,
      public: isPublic,
      handle: () => {},
    });
    this.kernel = createKernel(
      {
        store: createMemoryStore(this.data),
        clock: this.clock,
        random: createSeededRandom(options.seed ?? 1),
        printer: this.printer,
        signer: createNodeSigner(new Uint8Array(32).fill(this.our.length)),
        network: this.network.port(this.our),
        programs: { read: (handle) => Promise.resolve(this.files.get(handle)) },
        executors: [...(options.executors ?? []), ...this.probe.executors],
        modules: [
          this.driver,
          createFiles(this.files),
          quiet(TIMER_PROCESS, true),
          quiet(STATE_PROCESS, false),
          ...(options.modules ?? []),
        ],
      },
      {
        our: this.our,
        limits: options.limits ?? {},
        eventPrinting: options.eventPrinting ?? false,
        ...(options.bundled === undefined ? {} : { bundled: options.bundled }),
      },
    );
  }

  async boot(): Promise<this> {
    await this.during(this.kernel.boot());
    return this;
  }

  /**
   * Waits for something of the kernel while the virtual clock's turns run and its time stands still.
   * Compiling a component takes real time, for which it waits as well.
   */
  async during<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => void (settled = true);
    work.then(mark, mark);
    const lastMs = performance.now() + 10_000;
    for (;;) {
      await this.clock.settle();
      if (settled) return await work;
      if (performance.now() > lastMs) throw new Error("Still waiting after ten seconds");
      await Bun.sleep(1);
    }
  }

  id(name: string): ProcessId {
    return (name.includes(":") ? name : `${name}:test:sys`) as ProcessId;
  }

  at(name: string): Address {
    return { node: this.our, process: this.id(name) };
  }

  messaging(name: string): Capability {
    return messagingCapability(this.our, this.id(name));
  }

  /** Starts probes that hold messaging for each other. */
  async start(names: readonly string[], options: StartOptions = {}): Promise<void> {
    const peers = names.map((name) => this.messaging(name));
    await this.during(
      this.kernel.register(
        names.map((name) => ({
          id: this.id(name),
          wasmBytesHandle: options.handle ?? this.probe.handle,
          witVersion: 1,
          onExit: options.onExit ?? { kind: "none" },
          public: options.public ?? false,
          capabilities: [...peers, ...(options.capabilities ?? [])],
        })),
      ),
    );
    await this.letDrive(names);
    if (options.run === false) return;
    await this.during(this.kernel.run(names.map((name) => this.id(name))));
    await this.clock.settle();
  }

  /** The driver may message these. */
  async letDrive(names: readonly string[]): Promise<void> {
    const grants = names.map((name) => ({ holder: DRIVER, capability: this.messaging(name) }));
    await this.during(this.kernel.grant(grants));
  }

  async grant(holder: string, ...capabilities: readonly Capability[]): Promise<void> {
    const grants = capabilities.map((capability) => ({ holder: this.id(holder), capability }));
    await this.during(this.kernel.grant(grants));
  }

  /** Sends a script and lets everything that follows happen; time stands still. */
  async post(name: string, script: ProbeScript): Promise<void> {
    this.driver.context.send({ target: this.at(name), body: script.bytes() });
    await this.clock.settle();
  }

  /** Sends a script; returns what the probe has reported since its last report. */
  async tell(name: string, script: ProbeScript = probeScript()): Promise<ProbeRecord[]> {
    const before = this.driver.received.length;
    await this.post(name, script.report(this.at(DRIVER)));
    const report = this.driver.received
      .slice(before)
      .findLast((message) => message.source.process === this.id(name));
    if (report === undefined) throw new Error(`${name} has not reported`);
    return this.probe.decode(report.message.body);
  }

  /** Like `tell`, for a script that was posted earlier and reports by itself. */
  reportsOf(name: string): ProbeRecord[][] {
    return this.driver.received
      .filter((message) => message.source.process === this.id(name))
      .map((message) => this.probe.decode(message.message.body));
  }

  /** What a probe has received since its last report, as short texts. */
  async inbox(name: string): Promise<string[]> {
    return (await this.tell(name)).flatMap(shortText);
  }

  lines(verbosity = 3): string[] {
    return this.printer.texts(verbosity);
  }

  /** Sends a kernel command as a tool would and returns the answer. */
  async command(command: unknown, blob?: string, timeoutSeconds = 1): Promise<unknown> {
    const answer = this.kernel.ask({
      source: this.id("terminal:terminal:sys"),
      target: this.at("kernel:distro:sys"),
      body: encoder.encode(JSON.stringify(command)),
      blob: blob === undefined ? undefined : { mime: undefined, bytes: encoder.encode(blob) },
      timeoutSeconds,
    });
    const outcome = await this.clock.runUntil(answer);
    return outcome.ok ? JSON.parse(decoder.decode(outcome.body)) : outcome.error;
  }
}

/** One received item: `request a body`, `response b body context`, `timeout b context`. */
export function shortText(record: ProbeRecord): string[] {
  if (record.op !== "receive" && record.op !== "send-and-await") return [];
  const { delivery } = record;
  const context = delivery.context === undefined ? "" : ` ${decoder.decode(delivery.context)}`;
  if (delivery.kind === "send-error") {
    return [`${delivery.error.kind} ${nameOf(delivery.error.target!)}${context}`];
  }
  const { message, source } = delivery;
  return [`${message.kind} ${nameOf(source)} ${decoder.decode(message.body)}${context}`];
}

function nameOf(address: Address): string {
  const name = address.process.slice(0, address.process.indexOf(":"));
  return address.node === "alice.os" ? name : `${address.node}@${name}`;
}

export async function createTestNode(options: TestNodeOptions = {}): Promise<TestNode> {
  return await new TestNode(options).boot();
}

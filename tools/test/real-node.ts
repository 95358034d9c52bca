/**
 * A kernel on the real clock with probes in WebAssembly, for tests of what hostile programs can do to others.
 * @module
 */
import { createComponentExecutor } from "@kinode-ts/component";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import { createKernel, type Kernel, type KernelLimits } from "@kinode-ts/kernel";
import { createMemoryStore } from "@kinode-ts/store/memory";
import { createRecordingPrinter, type RecordingPrinter } from "@kinode-ts/testing";
import { guestBytes } from "@kinode-ts/testing/guests";
import { decodeProbeReport, type ProbeRecord, type ProbeScript } from "@kinode-ts/testing/probe";
import {
  type Address,
  type Clock,
  type KernelMessage,
  messagingCapability,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
  VFS_PROCESS,
} from "@kinode-ts/types";

const OUR = "alice.os";
const HANDLE = "/test:sys/pkg/probe.wasm";
const DRIVER = "driver:distro:sys" as ProcessId;
/** A node that has not answered after this long is taken for stopped. */
const DEADLINE_MS = 60_000;

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

export interface RealNode {
  readonly kernel: Kernel;
  readonly printer: RecordingPrinter;
  at(name: string): Address;
  /** Starts probes that may message each other and the files. */
  start(...names: readonly string[]): Promise<void>;
  /** Sends a script and goes on. */
  post(name: string, script: ProbeScript): void;
  /** Sends a script that ends in a report and waits for it. */
  tell(name: string, script: ProbeScript): Promise<ProbeRecord[]>;
}

export async function createRealNode(
  limits: Partial<KernelLimits> = {},
  files: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<RealNode> {
  const printer = createRecordingPrinter();
  const random = createSystemRandom();
  const bytes = guestBytes("probe-1.0.0");
  const driver = createDriver();
  const kernel = createKernel(
    {
      store: createMemoryStore(),
      clock,
      random,
      printer,
      signer: createNodeSigner(random.bytes(32)),
      network: { connect: () => {}, send: () => {} },
      programs: { read: (handle) => Promise.resolve(files.get(handle) ?? bytes) },
      executors: [createComponentExecutor({ clock, random })],
      modules: [driver, createFiles(bytes)],
    },
    { our: OUR, limits },
  );
  await kernel.boot();
  const id = (name: string): ProcessId =>
    (name.includes(":") ? name : `${name}:test:sys`) as ProcessId;
  const at = (name: string): Address => ({ node: OUR, process: id(name) });
  const mayDrive = (name: string): Promise<void> =>
    kernel.grant([{ holder: DRIVER, capability: messagingCapability(OUR, id(name)) }]);
  return {
    kernel,
    printer,
    at,
    async start(...names) {
      const peers = [...names.map(id), VFS_PROCESS];
      await kernel.register(
        names.map((name) => ({
          id: id(name),
          wasmBytesHandle: HANDLE,
          witVersion: 1,
          onExit: { kind: "none" },
          public: false,
          capabilities: peers.map((peer) => messagingCapability(OUR, peer)),
        })),
      );
      for (const name of names) await mayDrive(name);
      const failures = [...(await kernel.run(names.map(id))).values()].filter(Boolean);
      if (failures.length > 0) throw new Error(failures.join("; "));
    },
    post: (name, script) => void driver.context().send({ target: at(name), body: script.bytes() }),
    async tell(name, script) {
      if (name.includes(":") || !driver.knows(name)) await mayDrive(name);
      const report = driver.next(id(name));
      driver.context().send({
        target: at(name),
        body: script.report({ node: OUR, process: DRIVER }).bytes(),
      });
      return decodeProbeReport(await within(report, `${name} has not reported`));
    },
  };
}

/** Rejects after the deadline: a test of starving must fail, not hang. */
export async function within<T>(work: Promise<T>, complaint: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${complaint} within ${DEADLINE_MS} ms`)),
    DEADLINE_MS,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

interface DriverModule extends RuntimeModule {
  context(): ModuleContext;
  /** Body of the next message from a process. */
  next(from: ProcessId): Promise<Uint8Array>;
  knows(name: string): boolean;
}

function createDriver(): DriverModule {
  let context: ModuleContext | undefined;
  const waiting = new Map<ProcessId, (body: Uint8Array) => void>();
  return {
    id: DRIVER,
    public: true,
    start: (given) => void (context = given),
    context: () => context!,
    knows: (name) =>
      context!.holds(DRIVER, messagingCapability(OUR, `${name}:test:sys` as ProcessId)),
    handle(message: KernelMessage) {
      waiting.get(message.source.process)?.(message.message.body);
    },
    next(from) {
      const { promise, resolve } = Promise.withResolvers<Uint8Array>();
      waiting.set(from, resolve);
      return promise;
    },
  };
}

/** Answers every read with the probe: enough for `spawn`. */
function createFiles(bytes: Uint8Array): RuntimeModule {
  let context: ModuleContext;
  return {
    id: VFS_PROCESS,
    start: (given) => void (context = given),
    handle: (message) =>
      context.respond(message, {
        body: new TextEncoder().encode('"Read"'),
        blob: { mime: undefined, bytes },
      }),
  };
}

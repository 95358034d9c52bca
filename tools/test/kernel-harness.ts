/**
 * `bun test --preload` this file, and the tests of a runtime module run through a real kernel: each source is a process in
 * real WebAssembly that sends the message through the kernel's checks, capabilities are the kernel's own, and `ask` settles
 * with what the process received, not with what the module gave away.
 *
 * Messages of other nodes come in through the kernel's network port. Those of other modules, with a given rsvp or a given id,
 * which no process can send, are handed to the module directly. What the module itself sends is recorded as in the stand-in (packages/testing/src/module-harness.ts).
 * @module
 */
import { createComponentExecutor } from "@kinode-ts/component";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createKernel, type Kernel } from "@kinode-ts/kernel";
import { createMemoryStore } from "@kinode-ts/store/memory";
import { createSeededRandom } from "@kinode-ts/testing";
import { guestBytes } from "@kinode-ts/testing/guests";
import {
  type HarnessAnswer,
  type HarnessMessage,
  type ModuleHarness,
  setModuleHarness,
  toBlob,
  toBytes,
  toHarnessAnswer,
} from "@kinode-ts/testing/module-harness";
import { decodeProbeReport, type ProbeRecord, probeScript } from "@kinode-ts/testing/probe";
import {
  type Address,
  type Answer,
  type Capability,
  type Clock,
  type KernelMessage,
  messagingCapability,
  type ModuleContext,
  type ModuleRequest,
  type NetworkEvents,
  type ProcessId,
  type RuntimeModule,
  type U64,
} from "@kinode-ts/types";

const DRIVER = "driver:distro:sys" as ProcessId;
const PROBE_HANDLE = "/test:sys/pkg/probe.wasm";

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};
/** One for all tests, so that the probe is compiled once. */
const executor = createComponentExecutor({ clock, random: createSeededRandom(1) });

class KernelHarness implements ModuleHarness {
  readonly our: string;
  readonly answers: HarnessAnswer[] = [];
  readonly sent: (ModuleRequest & { readonly id: U64 })[] = [];
  readonly prints: { verbosity: number; text: string }[] = [];
  readonly #module: RuntimeModule;
  readonly context: ModuleContext;
  /** The kernel's own, once it started the module. */
  #kernelContext: ModuleContext | undefined;
  readonly #kernel: Kernel;
  readonly #random = createSeededRandom(2);
  #driver!: ModuleContext;
  #network!: NetworkEvents;
  /** Posts that have not reached the module, oldest first, by process. */
  readonly #onTheWay = new Map<string, U64[]>();
  /** The test's number of a message, by the kernel's. */
  readonly #numbers = new Map<U64, U64>();
  readonly #waiting = new Map<
    U64,
    { readonly settle: (answer: HarnessAnswer) => void; byProcess: boolean }
  >();
  readonly #started = new Map<string, Promise<void>>();
  /** What the test asked for so far: each step begins when the one before has been given to the kernel. */
  #steps: Promise<unknown> = Promise.resolve();
  #exists: ((process: ProcessId) => boolean) | undefined;
  #onSend: (request: ModuleRequest & { readonly id: U64 }) => void = () => {};
  #grants = true;
  #nextId = 1;

  constructor(module: RuntimeModule, our: string) {
    this.our = our;
    this.#module = module;
    this.context = this.#createContext();
    this.#kernel = createKernel(
      {
        store: createMemoryStore(),
        clock,
        random: this.#random,
        printer: {
          print: (verbosity, source, text) => {
            if (source === module.id) this.prints.push({ verbosity, text });
          },
        },
        signer: createNodeSigner(new Uint8Array(32).fill(7)),
        network: { connect: (events) => void (this.#network = events), send: () => {} },
        programs: {
          read: (path) =>
            Promise.resolve(path === PROBE_HANDLE ? guestBytes("probe-1.0.0") : undefined),
        },
        executors: [executor],
        modules: [this.#createDriver(), this.#wrapModule()],
      },
      { our },
    );
  }

  start(): Promise<void> {
    this.#step(() => this.#kernel.boot());
    return this.#steps as Promise<void>;
  }

  async delivered(): Promise<void> {
    await this.#steps;
    // from the driver over the process to the module
    while ([...this.#onTheWay.values()].some((ids) => ids.length > 0)) await Bun.sleep(0);
    await Bun.sleep(0);
  }

  post(source: string, message: HarnessMessage): U64 {
    const id = message.id ?? this.#nextId++;
    this.#post(source, message, id);
    return id;
  }

  ask(source: string, message: HarnessMessage): Promise<HarnessAnswer> {
    const id = message.id ?? this.#nextId++;
    const byProcess = this.#canSend(source, message) && message.expectsResponse !== null;
    return new Promise((settle) => {
      this.#waiting.set(id, { settle, byProcess });
      this.#post(source, message, id);
    });
  }

  answer(source: string, id: U64, answer: { body: unknown; blob?: HarnessMessage["blob"] }): void {
    this.#module.handle({
      id,
      source: { node: this.our, process: source as ProcessId },
      target: this.context.address,
      rsvp: undefined,
      message: {
        kind: "response",
        inherit: false,
        body: toBytes(answer.body),
        metadata: undefined,
        capabilities: [],
      },
      blob: toBlob(answer.blob),
    });
  }

  give(process: string, params: string): void {
    const capability = { issuer: this.context.address, params };
    this.#step(async () => {
      await this.#provide(process);
      await this.#kernel.grant([{ holder: process as ProcessId, capability }]);
    });
  }

  takeAll(process: string): void {
    this.#step(async () => {
      const holder = process as ProcessId;
      await this.#kernel.revoke(this.held(process).map((capability) => ({ holder, capability })));
    });
  }

  held(process: string): readonly Capability[] {
    return this.#kernel
      .capabilitiesOf(process as ProcessId)
      .map(({ issuer, params }) => ({ issuer, params }))
      .filter(
        ({ issuer, params }) => issuer.process === this.#module.id && params !== '"messaging"',
      );
  }

  setExists(exists: (process: ProcessId) => boolean): void {
    this.#exists = exists;
  }

  onSend(listener: (request: ModuleRequest & { readonly id: U64 }) => void): void {
    this.#onSend = listener;
  }

  failGrants(): void {
    this.#grants = false;
  }

  #step(step: () => void | Promise<void>): void {
    this.#steps = this.#steps.then(step);
    // a failure of the harness must end the test, not wait for its deadline
    this.#steps.catch((error: unknown) => queueMicrotask(() => Promise.reject(error as Error)));
  }

  #post(source: string, message: HarnessMessage, id: U64): void {
    const byProcess = this.#canSend(source, message);
    this.#step(() =>
      byProcess ? this.#sendFrom(source, message, id) : this.#deliver(source, message, id),
    );
  }

  /** Whether a process of this node could have sent it. */
  #canSend(source: string, message: HarnessMessage): boolean {
    const isOurs = message.node === undefined || message.node === this.our;
    const isPlain = !("rsvp" in message) && message.id === undefined;
    return isOurs && isPlain && !source.endsWith(":distro:sys");
  }

  async #sendFrom(source: string, message: HarnessMessage, id: U64): Promise<void> {
    await this.#provide(source);
    const expectsResponse = message.expectsResponse === undefined ? 5 : message.expectsResponse;
    const blob = toBlob(message.blob);
    const onTheWay = this.#onTheWay.get(source) ?? [];
    this.#onTheWay.set(source, onTheWay);
    onTheWay.push(id);
    const script = probeScript().sendRequest({
      target: this.context.address,
      body: toBytes(message.body),
      context: String(id),
      ...(expectsResponse === null ? {} : { expectsResponse }),
      ...(message.metadata === undefined ? {} : { metadata: message.metadata }),
      ...(blob === undefined ? {} : { blob }),
    });
    this.#driver.send({
      target: { node: this.our, process: source as ProcessId },
      body: script.bytes(),
    });
  }

  #deliver(source: string, message: HarnessMessage, id: U64): void {
    const from = { node: message.node ?? this.our, process: source as ProcessId };
    const expectsResponse = message.expectsResponse === undefined ? 5 : message.expectsResponse;
    const deliver = (arrived: KernelMessage): void => {
      if (from.node === this.our) this.#module.handle(arrived);
      else void this.#network.received(arrived);
    };
    deliver({
      id,
      source: from,
      target: this.context.address,
      rsvp: "rsvp" in message ? message.rsvp : expectsResponse === null ? undefined : from,
      message: {
        kind: "request",
        inherit: false,
        expectsResponse: expectsResponse ?? undefined,
        body: toBytes(message.body),
        metadata: message.metadata,
        capabilities: [],
      },
      blob: toBlob(message.blob),
    });
  }

  /** A process of this name runs, and may message the module; for a public one it needs no capability. */
  #provide(name: string): Promise<void> {
    let started = this.#started.get(name);
    if (started === undefined) {
      started = this.#startProbe(name as ProcessId);
      this.#started.set(name, started);
    }
    return started;
  }

  async #startProbe(id: ProcessId): Promise<void> {
    const messaging = (process: ProcessId) => messagingCapability(this.our, process);
    await this.#kernel.register([
      {
        id,
        wasmBytesHandle: PROBE_HANDLE,
        witVersion: 1,
        onExit: { kind: "none" },
        public: false,
        capabilities: [
          ...(this.#module.public === true ? [] : [messaging(this.#module.id)]),
          messaging(DRIVER),
        ],
      },
    ]);
    // Of the module too: to some modules a manifest must grant the way back.
    await this.#kernel.grant(
      [DRIVER, this.#module.id].map((holder) => ({ holder, capability: messaging(id) })),
    );
    const failure = (await this.#kernel.run([id])).get(id);
    if (failure !== undefined) throw new Error(`${id} did not start: ${failure}`);
    const tell = probeScript().getBlob().report({ node: this.our, process: DRIVER });
    this.#driver.send({
      target: { node: this.our, process: id },
      body: probeScript().on("response", tell).on("send-error", tell).bytes(),
    });
  }

  /** Hears from the processes what they received. */
  #createDriver(): RuntimeModule {
    return {
      id: DRIVER,
      public: true,
      start: (context) => void (this.#driver = context),
      handle: ({ message, blob }) => {
        const records = decodeProbeReport(message.body);
        void blob;
        for (const [index, record] of records.entries()) this.#hear(record, records[index + 1]);
      },
    };
  }

  #hear(record: ProbeRecord, next: ProbeRecord | undefined): void {
    if (record.op !== "receive") return;
    const { delivery } = record;
    const id = Number(new TextDecoder().decode(delivery.context));
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || !waiting.byProcess) return;
    const given = this.answers.find((answer) => answer.id === id);
    if (delivery.kind === "send-error") {
      // The kernel stopped waiting; the test is about what the module says then.
      waiting.byProcess = false;
      if (given !== undefined) this.#settle(id, given);
      return;
    }
    const blob = next?.op === "get-blob" ? next.blob : undefined;
    const { body, metadata } = delivery.message;
    this.#settle(id, toHarnessAnswer(given!.target, id, { body, blob, metadata }));
  }

  #settle(id: U64, answer: HarnessAnswer): void {
    this.#waiting.get(id)!.settle(answer);
    this.#waiting.delete(id);
  }

  #wrapModule(): RuntimeModule {
    const module = this.#module;
    return {
      id: module.id,
      ...(module.public === undefined ? {} : { public: module.public }),
      start: async (context) => {
        this.#kernelContext = context;
        await module.start?.(this.context);
      },
      handle: (message) => {
        const number = this.#onTheWay.get(message.source.process)?.shift();
        if (number !== undefined) this.#numbers.set(message.id, number);
        module.handle(message);
      },
      processEnded: (process) => module.processEnded?.(process),
      stop: () => module.stop?.(),
    };
  }

  #createContext(): ModuleContext {
    return {
      our: this.our,
      address: { node: this.our, process: this.#module.id },
      send: (request) => {
        const id = request.id === undefined ? this.#nextId++ : this.#numberOf(request.id);
        const sent = { ...request, id };
        this.sent.push(sent);
        this.#onSend(sent);
        return sent.id;
      },
      respond: (request: KernelMessage, answer) =>
        this.#respond(request.rsvp ?? request.source, request.id, answer),
      respondTo: (target, id, answer) => this.#respond(target, id, answer),
      holds: (process, capability) => this.#kernelContext!.holds(process, capability),
      grant: (process, capabilities) =>
        this.#grants ? this.#kernelContext!.grant(process, capabilities) : Promise.resolve(false),
      exists: (process) => this.#exists?.(process) ?? this.#kernelContext!.exists(process),
      print: (verbosity, text) => this.#kernelContext!.print(verbosity, text),
    };
  }

  #numberOf(kernelId: U64): U64 {
    return this.#numbers.get(kernelId) ?? kernelId;
  }

  #respond(target: Address, kernelId: U64, answer: Answer): void {
    const id = this.#numberOf(kernelId);
    const recorded = toHarnessAnswer(target, id, answer);
    this.answers.push(recorded);
    this.#kernelContext?.respondTo(target, kernelId, answer);
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined && !waiting.byProcess) this.#settle(id, recorded);
  }
}

setModuleHarness((module, options) => new KernelHarness(module, options?.our ?? "alice.os"));

/**
 * Random programs of real components on two nodes: one uses every buffer of a blob again as soon as it may and overwrites
 * it before, the other never does. Everything anybody sees must be the same, byte for byte.
 * `KINODE_SEEDS=10000 bun test blob-reuse` runs more seeds; a failure names its seed and its last steps.
 * @module
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { BlobPool, createComponentExecutor } from "@kinode-ts/component";
import {
  createMemoryNetwork,
  createSeededRandom,
  createVirtualClock,
  type SeededRandom,
} from "@kinode-ts/testing";
import {
  type ProbeAddress,
  type ProbeBlob,
  type ProbeScript,
  probeScript as script,
} from "@kinode-ts/testing/probe";
import {
  type Executor,
  type LazyLoadBlob,
  networkCapability,
  type ProcessId,
} from "@kinode-ts/types";
import { createFunctionExecutor, type NativeProcess } from "../../src/index.ts";
import { DRIVER, TestNode } from "../test-node.ts";
import { realClock, wasmProbe } from "./wasm-probe.ts";

const SEED_COUNT = Number(process.env["KINODE_SEEDS"] ?? 200);
const STEP_COUNT = 25;
const SEEDS_PER_NODE = 40;
setDefaultTimeout(60_000 + SEED_COUNT * 300);

const NAMES = ["a", "b", "c"];
const KEEPER = "keeper";
const KEEPER_HANDLE = "/test:sys/pkg/keeper.ts";
/** Few sizes, so that buffers are used again soon. */
const SIZES = [0, 1, 40, 40, 40, 300, 300, 20_000];

const USED = new BlobPool({ checks: true, minBytes: 1 });
const NEVER = new BlobPool({ minBytes: Number.MAX_SAFE_INTEGER });
const components = (blobs: BlobPool) =>
  createComponentExecutor({ clock: realClock, random: createSeededRandom(1), blobs });
const executors = { used: components(USED), fresh: components(NEVER) };

/** One node with everything that was ever seen on it. */
class Side {
  readonly node: TestNode;
  /** Blobs that the native process got from its host and never lets go. */
  readonly keptBlobs: LazyLoadBlob[] = [];
  /** What a tool got as answers. */
  readonly answers: unknown[] = [];

  constructor(components: Executor) {
    const clock = createVirtualClock();
    const network = createMemoryNetwork({ clock });
    const keeper = createFunctionExecutor({ [KEEPER_HANDLE]: (process) => this.#keep(process) });
    this.node = new TestNode({
      clock,
      network,
      probe: { ...wasmProbe(), executors: [keeper, components] },
      files: new Map([[KEEPER_HANDLE, new Uint8Array(1)]]),
    });
  }

  /** Keeps what comes, and passes on what it kept: in answers, in requests, and as its newest blob. */
  async #keep(process: NativeProcess): Promise<void> {
    for (let turn = 0; ; turn++) {
      const delivery = await process.receive();
      const blob = turn % 3 === 0 ? process.host.lastBlob() : process.host.getBlob();
      if (blob !== undefined) this.keptBlobs.push(blob);
      if (delivery.kind === "send-error" || delivery.message.kind === "response") continue;
      const { body } = delivery.message;
      const response = { kind: "response", body, metadata: undefined, capabilities: [] } as const;
      const older = this.keptBlobs[turn % 7];
      void process.host.sendResponse({ ...response, inherit: turn % 2 === 0 }, older);
    }
  }

  /** A process that answers with a blob until it is told otherwise. */
  async start(name: string): Promise<void> {
    const { node } = this;
    const peers = [...NAMES, KEEPER].map((peer) => node.messaging(peer));
    const handle = name === KEEPER ? { handle: KEEPER_HANDLE } : {};
    const capabilities = [...peers, networkCapability(node.our)];
    await node.start([name], { capabilities, public: true, ...handle });
    if (name === KEEPER) return;
    const answer = script()
      .getBlob()
      .sendResponse({ blob: { bytes: name.repeat(40) } });
    await node.post(name, script().on("request", answer));
  }

  /** Lets all timeouts pass and every process read its newest blob once more. */
  async finish(): Promise<void> {
    const { node } = this;
    await node.clock.advance(10_000);
    for (const name of NAMES) await node.post(name, script().lastBlob().report(node.at(DRIVER)));
  }

  /** All that was seen: what the driver's module, the native process and the network still hold, and all reports. */
  seen(): unknown {
    const plain = (blob: LazyLoadBlob | undefined) =>
      blob && { mime: blob.mime, bytes: blob.bytes };
    return {
      reports: this.node.driver.received.map(({ source, message, blob }) => ({
        source: source.process,
        body: message.body,
        blob: plain(blob),
      })),
      kept: this.keptBlobs.map(plain),
      sent: this.node.network.sent.map(({ blob }) => plain(blob)),
      answers: this.answers,
      lines: this.node.lines(),
    };
  }
}

type Step = (side: Side) => Promise<void>;

/** Draws the steps of one program; both sides then do the same. */
class Program {
  readonly log: string[] = [];
  readonly #random: SeededRandom;
  #blobs = 0;

  constructor(seed: number) {
    this.#random = createSeededRandom(seed);
  }

  step(): Step {
    const random = this.#random;
    const name = random.pick(NAMES);
    const kind = random.below(100);
    if (kind < 8) return this.#advance(random.below(3_000));
    if (kind < 9) return this.#replace(name);
    if (kind < 16) return this.#debug(random.chance(0.5));
    if (kind < 19) return this.#changeRight(name, random.pick(NAMES), random.chance(0.5));
    if (kind < 26) return this.#ask(name);
    if (kind < 36) return this.#inject(name);
    if (kind < 46) return this.#handle(name, random.pick(["request", "response", "send-error"]));
    return this.#tell(name);
  }

  #advance(ms: number): Step {
    this.log.push(`advance ${ms}`);
    return ({ node }) => node.clock.advance(ms);
  }

  #replace(name: string): Step {
    this.log.push(`kill and start ${name}`);
    return async (side) => {
      await side.node.during(side.node.kernel.kill(side.node.id(name), { keepGrants: true }));
      await side.start(name);
    };
  }

  #debug(stepping: boolean): Step {
    this.log.push(stepping ? "step-through" : "event printing");
    const on = this.#random.chance(0.5);
    return async ({ node }) => {
      if (!stepping) node.kernel.debug.setEventPrinting(on);
      else node.kernel.debug.toggleStepThrough();
      await node.clock.settle();
    };
  }

  #changeRight(holder: string, target: string, given: boolean): Step {
    this.log.push(`${given ? "grant" : "revoke"} ${holder} ${target}`);
    return async ({ node }) => {
      const grant = [{ holder: node.id(holder), capability: node.messaging(target) }];
      await node.during(given ? node.kernel.grant(grant) : node.kernel.revoke(grant));
    };
  }

  /** A tool asks with a blob and keeps the answer. */
  #ask(name: string): Step {
    const bytes = this.#bytes();
    this.log.push(`ask ${name} ${bytes.length}`);
    return async (side) => {
      const { node } = side;
      const answer = node.kernel.ask({
        source: node.id("tool:test:sys"),
        target: node.at(name),
        body: new Uint8Array(2),
        blob: { mime: undefined, bytes: bytes.slice() },
        timeoutSeconds: 2,
      });
      void answer.then((outcome) => side.answers.push(outcome.ok ? outcome.blob?.bytes : 0));
      await node.clock.settle();
    };
  }

  /** A message of the driver's module, some with a blob that it keeps. */
  #inject(name: string): Step {
    const bytes = this.#bytes();
    const again = this.#random.chance(0.4);
    this.log.push(`${again ? "again" : "module"} ${name} ${bytes.length}`);
    return async ({ node }) => {
      const { context, received } = node.driver;
      const older = received.findLast(({ blob }) => blob !== undefined)?.blob;
      const blob = again ? older : { mime: undefined, bytes: bytes.slice() };
      context.send({ target: node.at(name), body: new Uint8Array(1), blob, expectsResponse: 3 });
      await node.clock.settle();
    };
  }

  #handle(name: string, kind: "request" | "response" | "send-error"): Step {
    const handler = this.#reading();
    const times = this.#random.below(3);
    // What answers a request may go on to the next process, never back: chains end.
    const next = [...NAMES, KEEPER][NAMES.indexOf(name) + 1]!;
    if (kind === "request" && this.#random.chance(0.3)) {
      this.#send(handler, { node: "alice.os", process: `${next}:test:sys` as ProcessId });
    }
    for (let i = 0; i < times; i++) {
      const blob = this.#blob();
      handler.sendResponse({
        inherit: this.#random.chance(0.4),
        body: "answer",
        ...(blob === undefined ? {} : { blob }),
      });
    }
    this.#look(handler);
    this.log.push(`handle ${name} ${kind} ×${times}`);
    return ({ node }) => node.post(name, script().on(kind, handler));
  }

  /** Several messages at once, before any is received. */
  #tell(name: string): Step {
    const random = this.#random;
    const told: [string, ProbeScript][] = [];
    for (const sender of random.chance(0.3) ? NAMES : [name]) {
      const text = script();
      for (let i = random.below(3); i >= 0; i--) this.#send(text, this.#target(sender));
      this.#look(text);
      told.push([sender, text.report(this.#driver())]);
    }
    this.log.push(`tell ${told.map(([sender]) => sender).join(" ")}`);
    return async ({ node }) => {
      const { context } = node.driver;
      for (const [sender, text] of told) {
        context.send({ target: node.at(sender), body: text.bytes() });
      }
      await node.clock.settle();
    };
  }

  #send(text: ProbeScript, target: ProbeAddress): void {
    const random = this.#random;
    const blob = this.#blob();
    const awaits = random.chance(0.3);
    const request = {
      target,
      body: `r${this.#blobs}`,
      inherit: random.chance(0.3),
      ...(blob === undefined ? {} : { blob }),
      ...(awaits || random.chance(0.6) ? { expectsResponse: 1 + random.below(3) } : {}),
    };
    if (awaits && target !== "self") text.sendAndAwait(request);
    else if (random.chance(0.2)) text.sendRequests([request, request]);
    else text.sendRequest(request);
    if (random.chance(0.5)) this.#look(text);
  }

  #target(sender: string): ProbeAddress {
    const random = this.#random;
    const drawn = random.below(20);
    if (drawn === 0) return "self";
    if (drawn === 1) return this.#driver();
    if (drawn === 2) return { node: "bob.os", process: "a:test:sys" as ProcessId };
    if (drawn === 3) return { node: "alice.os", process: "nobody:test:sys" as ProcessId };
    const peers = [...NAMES, KEEPER].filter((peer) => peer !== sender);
    return { node: "alice.os", process: `${random.pick(peers)}:test:sys` as ProcessId };
  }

  #driver(): ProbeAddress {
    return { node: "alice.os", process: DRIVER };
  }

  #reading(): ProbeScript {
    const text = script();
    this.#look(text);
    return text;
  }

  #look(text: ProbeScript): void {
    const random = this.#random;
    for (let i = random.below(3); i > 0; i--) {
      if (random.chance(0.6)) text.getBlob();
      else text.lastBlob();
    }
  }

  #blob(): ProbeBlob | undefined {
    const drawn = this.#random.below(10);
    if (drawn === 0) return undefined;
    if (drawn === 1 && this.#random.chance(0.5)) return { from: "get-blob" };
    return { bytes: this.#bytes(), ...(drawn === 2 ? { mime: "text/plain" } : {}) };
  }

  #bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#random.pick(SIZES));
    const seed = ++this.#blobs;
    for (let i = 0; i < bytes.length; i++) bytes[i] = seed * 31 + i;
    return bytes;
  }
}

/** Some programs one after the other on the same two nodes: starting components costs more than running them. */
async function runPrograms(seeds: readonly number[]): Promise<void> {
  const sides = [new Side(executors.used), new Side(executors.fresh)];
  for (const side of sides) {
    await side.node.boot();
    for (const name of [KEEPER, ...NAMES]) await side.start(name);
  }
  for (const seed of seeds) await runProgram(seed, sides);
  for (const side of sides) await side.node.during(side.node.kernel.shutdown());
}

async function runProgram(seed: number, sides: readonly Side[]): Promise<void> {
  const program = new Program(seed);
  try {
    for (let i = 0; i < STEP_COUNT; i++) {
      const step = program.step();
      for (const side of sides) await step(side);
    }
    for (const side of sides) await side.finish();
    expect(sides[0]!.seen()).toEqual(sides[1]!.seen());
  } catch (thrown) {
    const steps = program.log.join("\n");
    throw new Error(`Seed ${seed} differs after\n${steps}\n${String(thrown).slice(0, 2_000)}`);
  }
}

test(`${SEED_COUNT} random programs see the same bytes with used buffers as with fresh ones`, async () => {
  for (let seed = 1; seed <= SEED_COUNT; seed += SEEDS_PER_NODE) {
    const left = Math.min(SEEDS_PER_NODE, SEED_COUNT + 1 - seed);
    await runPrograms(Array.from({ length: left }, (_, i) => seed + i));
  }
  expect(NEVER.reusedCount).toBe(0);
  // Else nothing was proven.
  expect(USED.reusedCount).toBeGreaterThan(SEED_COUNT * 5);
});

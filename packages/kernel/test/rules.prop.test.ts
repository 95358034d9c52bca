/**
 * Random programs of several processes, against the model of the message rules.
 * `KINODE_SEEDS=100000 bun test rules.prop` runs more seeds; a failure names its seed and its last steps.
 * @module
 */
import { expect, test } from "bun:test";
import { BlobPool } from "@kinode-ts/component";
import { createMemoryStore } from "@kinode-ts/store";
import { createRecordingPrinter, createSeededRandom, type SeededRandom } from "@kinode-ts/testing";
import {
  type Address,
  type Capability,
  type Clock,
  type Delivery,
  type Ending,
  type Executor,
  messagingCapability,
  type ModuleContext,
  type ProcessHost,
  type ProcessId,
  type RuntimeModule,
  VFS_PROCESS,
} from "@kinode-ts/types";
import { createKernel, type Kernel } from "../src/index.ts";
import { RulesModel } from "./rules-model.ts";

const SEED_COUNT = Number(process.env["KINODE_SEEDS"] ?? 2_000);
const STEP_COUNT = 80;
const OUR = "alice.os";
const NAMES = ["a", "b", "c", "d"];
const encoder = new TextEncoder();
const blobs = new BlobPool({ checks: true, minBytes: 1 });
const decoder = new TextDecoder();

/** Time that moves when the test says so, without a promise: thousands of programs run in seconds. */
class SteppedClock implements Clock {
  #nowMs = 0;
  #timers: { dueMs: number; fire: () => void }[] = [];
  #turns: (() => void)[] = [];

  nowMs = (): number => Math.floor(this.#nowMs);
  monotonicMs = (): number => this.#nowMs;
  after = (delayMs: number, fire: () => void) => {
    const timer = { dueMs: this.#nowMs + delayMs, fire };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  };
  afterTurn = (turn: () => void): void => void this.#turns.push(turn);

  turn(): void {
    const turns = this.#turns;
    this.#turns = [];
    for (const turn of turns) turn();
  }

  advanceTo(nowMs: number): void {
    this.turn();
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.dueMs <= nowMs)
        .sort((x, y) => x.dueMs - y.dueMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.fire();
      this.turn();
    }
    this.#nowMs = nowMs;
  }
}

const READ_FILES = messagingCapability(OUR, VFS_PROCESS);

/** Answers every read with a file. */
function createFiles(): RuntimeModule {
  let context: ModuleContext;
  return {
    id: VFS_PROCESS,
    start: (given) => void (context = given),
    handle: (message) =>
      context.respond(message, {
        body: encoder.encode('"Read"'),
        blob: { mime: undefined, bytes: new Uint8Array(1) },
      }),
  };
}

/** The kernel and the model, driven by the same steps. */
class Pair {
  readonly model = new RulesModel();
  readonly clock = new SteppedClock();
  readonly kernel: Kernel;
  readonly log: string[] = [];
  readonly #hosts = new Map<string, ProcessHost>();
  readonly #random: SeededRandom;
  #nowMs = 0;
  #bodies = 0;

  constructor(seed: number) {
    this.#random = createSeededRandom(seed);
    const executor: Executor = {
      accepts: () => true,
      prepare: () => Promise.resolve({ start: (host) => this.#start(host) }),
    };
    this.kernel = createKernel(
      {
        store: createMemoryStore(),
        clock: this.clock,
        random: createSeededRandom(seed + 1),
        printer: createRecordingPrinter(),
        // Signatures play no part in these rules.
        signer: {
          publicKey: new Uint8Array(32),
          sign: () => new Uint8Array(64),
          verify: () => true,
        },
        network: { send: () => {}, connect: () => {} },
        programs: { read: () => Promise.resolve(new Uint8Array(1)) },
        executors: [executor],
        modules: [createFiles()],
      },
      { our: OUR },
    );
  }

  async boot(): Promise<void> {
    await this.pump(this.kernel.boot());
    for (const name of NAMES) await this.create(name);
  }

  /** One random step on both sides. */
  async step(): Promise<void> {
    const random = this.#random;
    const name = random.pick(NAMES);
    if (!this.model.isAlive(name)) {
      const parent = random.pick(NAMES);
      const canSpawn = this.model.isAlive(parent) && !this.model.isAwaiting(parent);
      return canSpawn && random.chance(0.7)
        ? await this.#spawn(parent, name)
        : await this.create(name);
    }
    const kind = random.below(100);
    if (kind < 2) return this.#kill(name);
    if (kind < 6) return this.#changeRight(name);
    if (kind < 10) return this.#advance(random.below(3_000));
    // A process that waits for an answer can do nothing else.
    if (this.model.isAwaiting(name) || kind < 45) return void this.#receive(name);
    if (kind < 63) return this.#respond(name);
    if (kind < 66) return this.#save(name);
    this.#send(name, kind >= 90);
  }

  /** Lets every process take what it has. */
  drain(): void {
    this.#advance(20_000);
    for (const name of NAMES) {
      while (this.model.isAlive(name) && this.#receive(name) !== undefined);
      expect(this.#rightsOf(name)).toEqual(this.model.rightsOf(name));
    }
  }

  #rightsOf(name: string): string[] {
    return this.kernel
      .capabilitiesOf(idOf(name))
      .filter(({ issuer }) => issuer.process !== VFS_PROCESS)
      .map(({ issuer }) => `${name}>${nameOf(issuer)}`)
      .sort();
  }

  async #spawn(parent: string, name: string): Promise<void> {
    const wanted = NAMES.filter(() => this.#random.chance(0.7));
    this.log.push(`spawn ${parent} ${name} ${wanted.join("")}`);
    this.model.spawn(parent, name, wanted);
    const spawned = this.#hosts.get(parent)!.spawn({
      name,
      wasmPath: "/x",
      onExit: { kind: "none" },
      requestCapabilities: [...wanted.map(rightOf), READ_FILES],
      grantCapabilities: [],
      public: false,
    });
    await this.pump(spawned);
    expect(await spawned).toEqual({ ok: true, value: idOf(name) });
    // Its program is prepared in its own time.
    while (this.#hosts.get(name)?.killed !== false) await Promise.resolve();
  }

  #save(name: string): void {
    const target = this.#random.pick(NAMES);
    this.log.push(`save ${name} ${target}`);
    this.model.save(name, target);
    void this.#hosts.get(name)!.saveCapabilities([rightOf(target)]);
  }

  async create(name: string): Promise<void> {
    const peers = NAMES.filter(() => this.#random.chance(0.7));
    this.log.push(`create ${name} ${peers.join("")}`);
    this.model.create(name, peers);
    const registration = {
      id: idOf(name),
      wasmBytesHandle: "/x",
      witVersion: 1,
      onExit: { kind: "none" },
      public: false,
      capabilities: [...peers.map(rightOf), READ_FILES],
    } as const;
    await this.pump(this.kernel.register([registration]));
    await this.pump(this.kernel.run([idOf(name)]));
  }

  async pump(work: Promise<unknown>): Promise<void> {
    let done = false;
    const mark = (): void => void (done = true);
    work.then(mark, mark);
    while (!done) {
      this.clock.turn();
      await Promise.resolve();
    }
    await work;
  }

  #start(host: ProcessHost) {
    this.#hosts.set(nameOf(host.our), host);
    return {
      ended: new Promise<Ending>(() => {}),
      kill: () => {},
      usage: () => ({ memoryBytes: 0, cpuMs: 0 }),
    };
  }

  #kill(name: string): void {
    this.log.push(`kill ${name}`);
    this.model.kill(name);
    void this.kernel.kill(idOf(name));
  }

  #changeRight(name: string): void {
    const target = this.#random.pick(NAMES);
    const given = this.#random.chance(0.6);
    this.log.push(`${given ? "grant" : "revoke"} ${name} ${target}`);
    const change = [{ holder: idOf(name), capability: messagingCapability(OUR, idOf(target)) }];
    if (given) {
      this.model.grant(name, target);
      void this.kernel.grant(change);
    } else {
      this.model.revoke(name, target);
      void this.kernel.revoke(change);
    }
  }

  // The fraction makes every moment different, so that no two timeouts fall together.
  #advance(ms: number): void {
    this.#nowMs += ms + 1 / 1_024;
    this.log.push(`advance ${ms}`);
    this.clock.advanceTo(this.#nowMs);
    this.model.advanceTo(this.#nowMs);
  }

  #send(name: string, awaits: boolean): void {
    this.#advance(7);
    const random = this.#random;
    const target = random.pick(NAMES);
    if (awaits && target === name) return;
    const options = {
      inherit: random.chance(0.5),
      expects: awaits || random.chance(0.6) ? random.below(6) : undefined,
      body: `m${this.#bodies++}`,
      context: random.chance(0.5) ? `c${this.#bodies}` : undefined,
      blob: random.chance(0.3) ? `b${this.#bodies}` : undefined,
      rights: random.chance(0.3) ? NAMES.filter(() => random.chance(0.5)) : [],
    };
    this.log.push(`${awaits ? "await" : "send"} ${name} ${target} ${JSON.stringify(options)}`);
    this.model.send(name, target, options, awaits);
    const host = this.#hosts.get(name)!;
    const address: Address = { node: random.chance(0.2) ? "our" : OUR, process: idOf(target) };
    const request = {
      kind: "request",
      inherit: options.inherit,
      expectsResponse: options.expects,
      body: encoder.encode(options.body),
      metadata: undefined,
      capabilities: options.rights.map(rightOf),
    } as const;
    if (awaits) host.beginAwait(address, request, blobOf(options.blob));
    else void host.sendRequest(address, request, bytesOf(options.context), blobOf(options.blob));
  }

  #respond(name: string): void {
    const random = this.#random;
    const blob = random.chance(0.3) ? `b${this.#bodies}` : undefined;
    const options = { inherit: random.chance(0.3), body: `r${this.#bodies++}`, blob };
    this.log.push(`respond ${name} ${JSON.stringify(options)}`);
    this.model.respond(name, options);
    const { inherit, body } = options;
    const response = {
      kind: "response",
      inherit,
      body: encoder.encode(body),
      metadata: undefined,
      capabilities: [],
    } as const;
    void this.#hosts.get(name)!.sendResponse(response, blobOf(blob));
  }

  #receive(name: string): string | undefined {
    const host = this.#hosts.get(name)!;
    const awaiting = this.model.isAwaiting(name);
    const expected = this.model.receive(name);
    const delivery = awaiting ? host.pollAwaited() : host.poll();
    const seen =
      delivery === undefined ? undefined : describe(delivery, host, this.#bodies % 5 === 0);
    this.log.push(`receive ${name} ${seen}`);
    expect(seen).toBe(expected);
    return seen;
  }
}

function idOf(name: string): ProcessId {
  return `${name}:test:sys` as ProcessId;
}

function rightOf(name: string): Capability {
  return messagingCapability(OUR, idOf(name));
}

function nameOf(address: Address): string {
  return address.process[0]!;
}

function bytesOf(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : encoder.encode(text);
}

/** Blobs in buffers that are overwritten as soon as the kernel gives them back. */
function blobOf(text: string | undefined) {
  if (text === undefined) return undefined;
  const bytes = blobs.take(text.length);
  encoder.encodeInto(text, bytes);
  return blobs.lease(undefined, bytes);
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : decoder.decode(bytes);
}

function describe(delivery: Delivery, host: ProcessHost, keeps: boolean): string {
  const seen = `${host.hasBlob()} ${textOf(host.peekBlob!()?.bytes)}`;
  if (keeps) expect(host.getBlob()).toBe(host.hasBlob() ? host.lastBlob() : undefined);
  const context = textOf(delivery.context);
  if (delivery.kind === "send-error") {
    const { kind, target, message, blob } = delivery.error;
    return `${kind} ${nameOf(target)} ${textOf(message.body)} ${textOf(blob?.bytes)} ${context} | ${seen}`;
  }
  const { message, source } = delivery;
  const body = textOf(message.body);
  if (message.kind === "request") {
    const rights = message.capabilities.map(({ issuer }) => nameOf(issuer)).join("");
    return `request ${nameOf(source)} ${body} ${message.expectsResponse} ${rights} | ${seen}`;
  }
  return `response ${nameOf(source)} ${body} ${context} | ${seen}`;
}

async function runProgram(seed: number): Promise<void> {
  const pair = new Pair(seed);
  try {
    await pair.boot();
    for (let step = 0; step < STEP_COUNT; step++) await pair.step();
    pair.drain();
  } catch (thrown) {
    const steps = pair.log.slice(-25).join("\n");
    throw new Error(`Seed ${seed} differs from the model after\n${steps}\n${String(thrown)}`);
  }
}

test(
  `${SEED_COUNT} random programs see what the model of the message rules says`,
  async () => {
    for (let seed = 1; seed <= SEED_COUNT; seed++) await runProgram(seed);
    // Else nothing was proven about buffers that are used again.
    expect(blobs.reusedCount).toBeGreaterThan(SEED_COUNT / 4);
  },
  60_000 + SEED_COUNT * 10,
);

test("the property test can fail: a broken model is noticed", async () => {
  const pair = new Pair(1);
  await pair.boot();
  const drifting = new Pair(2);
  await drifting.boot();
  // The second model never hears of this message.
  const host = (drifting as unknown as { model: RulesModel }).model;
  host.send("a", "a", {
    inherit: false,
    expects: undefined,
    body: "only here",
    context: undefined,
    blob: undefined,
    rights: [],
  });
  expect(() => drifting.drain()).toThrow();
  expect(() => pair.drain()).not.toThrow();
});

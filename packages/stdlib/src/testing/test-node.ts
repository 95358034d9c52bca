/**
 * A node in memory for unit tests of processes: the kernel's message rules on virtual time, without capabilities to
 * pass or disks to wait for. What it leaves out: capability checks (see `refuse`), quotas, other nodes.
 * @module
 */
import type {
  GuestBlob,
  GuestCapability,
  GuestRuntime,
  GuestSpawn,
  GuestSpawnResult,
} from "@kinode-ts/types";
import { sendErrorOf, TestProcess, TestProcessKilled } from "./test-process.ts";
import { timerModule } from "./test-timer.ts";

/** A message on its way. */
export interface TestMessage {
  readonly id: number;
  readonly source: string;
  readonly target: string;
  readonly rsvp: string | undefined;
  readonly kind: "request" | "response";
  readonly inherit: boolean;
  readonly expectsResponse: number | undefined;
  readonly body: Uint8Array;
  readonly metadata: string | undefined;
  readonly capabilities: readonly GuestCapability[];
  readonly blob: GuestBlob | undefined;
}

export interface TestAnswer {
  readonly body: string;
  readonly blob?: GuestBlob | undefined;
  readonly metadata?: string | undefined;
  readonly source: string;
}

/** A program: what a bundle does with its `kinode`. It calls `kinode.main(…)`. */
export type TestProgram = (kinode: GuestRuntime) => void;

/** A stand-in for a runtime module; `reply` takes bytes, text, or what becomes JSON, and may be called later. */
export type TestModule = (
  request: TestMessage & { readonly text: string; readonly value: unknown },
  reply: (body: string | object, blob?: GuestBlob) => void,
) => void;

export interface TestNodeOptions {
  readonly name?: string;
  /** Chooses among `count` possible next steps. Default: always the first. */
  readonly pick?: (count: number) => number;
  /** Whether `receive` answers without a promise when a message is there, as native hosts do. */
  readonly receivesDirectly?: boolean;
  /**
   * Whether processes have the short way of the sandbox (`GuestFast`). A real one stands still while it waits: nothing
   * outside of such a process may wake up its code.
   */
  readonly isFast?: boolean;
  /** Whether a message is refused, as for a missing capability. */
  readonly refuse?: (message: TestMessage) => boolean;
}

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** Steps at one moment of virtual time; what takes more goes round in circles. */
const MAX_STEPS = 1_000_000;
/** Rounds of microtasks after which a process that does nothing is taken for idle. */
const IDLE_ROUNDS = 64;
const TURN = Promise.resolve();
const TESTER = "tester:tester:sys";

export class TestNode {
  readonly name: string;
  readonly receivesDirectly: boolean;
  readonly isFast: boolean;
  /** Everything printed. */
  readonly lines: {
    readonly process: string;
    readonly verbosity: number;
    readonly text: string;
  }[] = [];
  /** Stored states by process id. */
  readonly states: Map<string, Uint8Array> = new Map();
  /** Programs that `spawn` can start, by VFS path. */
  readonly programs: Map<string, TestProgram> = new Map();
  /** How each process ended. */
  readonly endings: Map<string, "returned" | "killed" | Error> = new Map();
  nowMs = 0;
  readonly #pick: (count: number) => number;
  readonly #refuse: (message: TestMessage) => boolean;
  readonly #modules = new Map<string, TestModule>();
  readonly #processes = new Map<string, TestProcess>();
  readonly #asked = new Map<
    number,
    { readonly source: string; readonly resolve: (answer: TestAnswer) => void }
  >();
  #wire: TestMessage[] = [];
  #timers: Timer[] = [];
  #lastId = 0;

  constructor(options: TestNodeOptions = {}) {
    this.name = options.name ?? "test.os";
    this.receivesDirectly = options.receivesDirectly ?? false;
    this.isFast = options.isFast ?? false;
    this.#pick = options.pick ?? (() => 0);
    this.#refuse = options.refuse ?? (() => false);
    this.addModule("timer:distro:sys", timerModule(this));
  }

  addModule(id: string, module: TestModule): void {
    this.#modules.set(id, module);
  }

  /** Starts a process. Its host is returned for tests that look inside. */
  start(id: string, program: TestProgram, onExit: "none" | "restart" = "none"): TestProcess {
    const process = new TestProcess(this, id, { kind: onExit });
    this.#processes.set(id, process);
    this.endings.delete(id);
    program(process);
    void this.#supervise(id, program, process);
    return process;
  }

  async #supervise(id: string, program: TestProgram, process: TestProcess): Promise<void> {
    try {
      await process.run();
      this.endings.set(id, process.killed ? "killed" : "returned");
    } catch (thrown) {
      const killed = thrown instanceof TestProcessKilled;
      this.endings.set(id, killed ? "killed" : toError(thrown));
    }
    if (this.#processes.get(id) !== process) return;
    this.#processes.delete(id);
    const restarts = process.getOnExit().kind === "restart" && !process.killed;
    process.killed = true;
    if (restarts) this.start(id, program, "restart");
  }

  /** As the kernel's command: on-exit is not honoured. */
  kill(id: string): void {
    const process = this.#processes.get(id);
    if (process === undefined) return;
    this.#processes.delete(id);
    process.killed = true;
    process.resume();
    this.endings.set(id, "killed");
  }

  isRunning(id: string): boolean {
    return this.#processes.has(id);
  }

  get running(): string[] {
    return [...this.#processes.keys()];
  }

  spawnFor(parent: string, request: GuestSpawn): GuestSpawnResult {
    const program = this.programs.get(request.wasmPath);
    if (program === undefined) return { ok: false, error: "no-file-at-path" };
    const [, packageName, publisher] = parent.split(":");
    const id = `${request.name ?? this.freshId()}:${packageName}:${publisher}`;
    if (this.#processes.has(id)) return { ok: false, error: "name-taken" };
    this.start(id, program, request.onExit.kind === "restart" ? "restart" : "none");
    return { ok: true, process: id };
  }

  /** Sends a request from outside, as a process that waits would, and settles with the first answer. */
  ask(
    target: string,
    body: string | object,
    options: { blob?: GuestBlob; from?: string; metadata?: string; expectsResponse?: number } = {},
  ): Promise<TestAnswer> {
    return new Promise((resolve) => {
      const message = this.#outside(target, body, options);
      this.#asked.set(message.id, { source: message.source, resolve });
      this.route({
        ...message,
        rsvp: message.source,
        expectsResponse: options.expectsResponse ?? 5,
      });
    });
  }

  /** Sends a request from outside that expects no answer. */
  tell(
    target: string,
    body: string | object,
    options: { blob?: GuestBlob; from?: string; metadata?: string } = {},
  ): void {
    this.route(this.#outside(target, body, options));
  }

  #outside(
    target: string,
    body: string | object,
    options: { blob?: GuestBlob | undefined; from?: string; metadata?: string },
  ): TestMessage {
    const { blob, metadata, from = TESTER } = options;
    return {
      id: this.freshId(),
      source: from.includes("@") ? from : `${this.name}@${from}`,
      target: target.includes("@") ? target : `${this.name}@${target}`,
      rsvp: undefined,
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: bytesOf(body),
      metadata,
      capabilities: [],
      blob,
    };
  }

  // --- used by processes ---------------------------------------------------------------------------

  freshId(): number {
    return ++this.#lastId;
  }

  route(message: TestMessage): void {
    this.#wire.push(message);
  }

  /** Calls `fire` when virtual time has come; returns how to cancel. */
  after(ms: number, fire: () => void): () => void {
    const timer = { at: this.nowMs + ms, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  // --- running ---------------------------------------------------------------------------------------

  /**
   * Runs until nothing more happens at the present time.
   * @throws {Error} processes go on and on without waiting for time to pass, as two that answer each other's answers
   */
  async settle(): Promise<void> {
    let steps = 0;
    for (let idle = 0; idle < IDLE_ROUNDS;) {
      idle = this.#step() ? 0 : idle + 1;
      if (++steps > MAX_STEPS) throw new Error(this.#endless());
      await TURN;
    }
  }

  #endless(): string {
    const [message] = this.#wire;
    const newest = message === undefined ? "" : `, at last ${message.source} to ${message.target}`;
    return `Still busy after ${MAX_STEPS} steps at one moment${newest}; does something go round in circles?`;
  }

  /** Lets virtual time pass, running everything that becomes due. */
  async advance(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    for (;;) {
      await this.settle();
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) break;
      this.nowMs = Math.max(this.nowMs, next.at);
      this.#timers = this.#timers.filter((other) => other !== next);
      next.fire();
    }
    this.nowMs = until;
  }

  /** One step: a message arrives, or a process goes on. False when there is nothing to do. */
  #step(): boolean {
    const ready = [...this.#processes.values()].filter((process) => process.canResume);
    // One line of messages per pair of sender and receiver keeps both orders that the kernel guarantees.
    const heads = new Map<string, TestMessage>();
    for (const message of this.#wire) {
      const line = `${message.source} ${message.target}`;
      if (!heads.has(line)) heads.set(line, message);
    }
    const count = ready.length + heads.size;
    if (count === 0) return false;
    const choice = this.#pick(count);
    if (choice < ready.length) ready[choice]!.resume();
    else this.#arrive([...heads.values()][choice - ready.length]!);
    return true;
  }

  #arrive(message: TestMessage): void {
    this.#wire = this.#wire.filter((other) => other !== message);
    if (this.#refuse(message)) {
      this.#inform(message, "timeout");
      return;
    }
    if (!message.target.startsWith(`${this.name}@`)) {
      this.#inform(message, "offline");
      return;
    }
    const id = message.target.slice(this.name.length + 1);
    const process = this.#processes.get(id);
    const module = this.#modules.get(id);
    // A question may be asked in the name of a process that is there; others pass on its id (`inherit`) with their own name.
    const isAsker = this.#asked.get(message.id)?.source === message.target;
    if (message.kind === "response" && isAsker) this.#answered(message);
    else if (process !== undefined) process.deliver({ kind: "message", message });
    else if (module !== undefined) this.#askModule(id, module, message);
    else if (message.kind === "response") this.#answered(message);
    else this.#inform(message, "timeout");
  }

  #askModule(id: string, module: TestModule, message: TestMessage): void {
    if (message.kind === "response") {
      this.#answered(message);
      return;
    }
    const text = new TextDecoder().decode(message.body);
    module({ ...message, text, value: jsonOf(text) }, (body, blob) =>
      this.route({
        ...this.#outside(message.rsvp ?? message.source, body, { from: id, blob }),
        id: message.id,
        kind: "response",
      }),
    );
  }

  #answered(message: TestMessage): void {
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    const { source, blob, metadata } = message;
    asked?.resolve({ body: new TextDecoder().decode(message.body), blob, metadata, source });
  }

  #inform(message: TestMessage, error: "offline" | "timeout"): void {
    if (message.kind !== "request" || message.expectsResponse === undefined) return;
    const process = this.#processes.get(message.source.slice(this.name.length + 1));
    process?.deliver({ kind: "error", id: message.id, error: sendErrorOf(message, error) });
  }
}

/** Bytes and text as they are, anything else as JSON. */
function bytesOf(body: string | object): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

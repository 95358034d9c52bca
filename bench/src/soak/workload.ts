/**
 * Seeded random load at a steady rate on a node full of processes: steps, pages, web sockets, ends.
 * @module
 */
import { connectControl, type NodeControl } from "../node-control.ts";
import type { Ledger, Stepped } from "./ledger.ts";
import type { Crowd } from "./soak-package.ts";

const TICK_MS = 50;
/** Long: late is told apart from lost. */
const STEP_SECONDS = 300;
const LATE_MS = 15_000;
const PAGE_TIMEOUT_MS = 60_000;
/** What the node answers when a process took longer than `LATE_MS` for its page. */
const TIMED_OUT = 408;
/** After a process ended its pages may be missing for so long. */
const RECOVERY_MS = 10_000;
/** The largest file or blob of a step. */
const LARGE_BYTES = 256 << 10;
const DATABASES = 8;
const SOCKETS = 10;
const OPS = ["vfs", "kv", "sqlite", "timer", "message", "chain", "http"] as const;
/** Of scripts alone. */
const SCRIPT_OPS = [...OPS, "schedule"] as const;

export interface WorkloadOptions {
  readonly home: string;
  readonly port: number;
  readonly crowd: Crowd;
  readonly ledger: Ledger;
  readonly seed: number;
  readonly stepsPerSecond: number;
  readonly pagesPerSecond: number;
  readonly socketMessagesPerSecond: number;
  /** Workers that are ended and start again. */
  readonly crashesPerMinute: number;
  /** Workers that are killed for good. */
  readonly killsPerMinute: number;
}

/** The same numbers for the same seed. */
function createRandom(seed: number): (below: number) => number {
  let x = seed >>> 0 || 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

export class Workload {
  readonly ledger: Ledger;
  /** Processes that were ended on purpose. */
  readonly ended = new Set<string>();
  readonly #options: WorkloadOptions;
  readonly #control: NodeControl;
  readonly #random: (below: number) => number;
  readonly #scripts: ReadonlySet<string>;
  readonly #busy = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #quietUntilMs = new Map<string, number>();
  readonly #pending = new Set<Promise<void>>();
  readonly #sockets: EchoSocket[] = [];
  readonly #due = { steps: 0, pages: 0, sockets: 0, crashes: 0, kills: 0 };
  #outside: Bun.Server<undefined> | undefined;
  #number = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.ledger = options.ledger;
    this.#control = connectControl(options.home, options.port);
    this.#random = createRandom(options.seed);
    this.#scripts = new Set(options.crowd.scripts);
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  get deadCount(): number {
    return this.#dead.size;
  }

  /**
   * Starts the server that workers fetch from, lets every worker do everything twice, so that it has opened and allocated what
   * it needs, and opens the web sockets.
   */
  async open(): Promise<void> {
    this.#outside = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => new Response(new URL(request.url).searchParams.get("n") ?? ""),
    });
    const { workers, scripts } = this.#options.crowd;
    for (const process of [...workers, ...workers]) {
      const opened = await this.#step(process, this.#opsOf(process), LARGE_BYTES);
      if (!opened) throw new Error(`${process} does not take steps: ${this.ledger.faults.at(-1)}`);
    }
    for (const process of scripts.slice(0, SOCKETS)) {
      const socket = new EchoSocket(this.#options.port, process, this.ledger);
      await socket.opened;
      this.#sockets.push(socket);
    }
  }

  /** Load until the time is over; then everything under way is waited for. */
  async run(durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    let lastMs = performance.now();
    while (performance.now() < endMs) {
      await Bun.sleep(TICK_MS);
      const nowMs = performance.now();
      this.#tick((nowMs - lastMs) / 1_000);
      lastMs = nowMs;
    }
    await Promise.all(this.#pending);
    for (const socket of this.#sockets) socket.close();
    await this.#outside?.stop(true);
  }

  #tick(seconds: number): void {
    const due = this.#due;
    const options = this.#options;
    due.steps += seconds * options.stepsPerSecond;
    due.pages += seconds * options.pagesPerSecond;
    due.sockets += seconds * options.socketMessagesPerSecond;
    due.crashes += (seconds / 60) * options.crashesPerMinute;
    due.kills += (seconds / 60) * options.killsPerMinute;
    for (; due.kills >= 1; due.kills--) this.#begin(this.#kill());
    for (; due.crashes >= 1; due.crashes--) this.#begin(this.#crash());
    for (; due.steps >= 1; due.steps--) {
      const process = this.#pick(options.crowd.workers);
      if (process !== undefined)
        this.#begin(this.#step(process, this.#chooseOps(process)).then(() => {}));
    }
    for (; due.pages >= 1; due.pages--) this.#begin(this.#page());
    for (; due.sockets >= 1; due.sockets--) {
      this.#sockets[this.#random(this.#sockets.length)]?.send(++this.#number);
    }
  }

  #begin(work: Promise<void>): void {
    const done = work.catch((thrown: unknown) => this.ledger.fault(String(thrown)));
    this.#pending.add(done);
    void done.finally(() => this.#pending.delete(done));
  }

  /** One that has nothing to do, or nothing after a few tries. */
  #pick(from: readonly string[]): string | undefined {
    for (let tries = 0; tries < 20; tries++) {
      const process = from[this.#random(from.length)]!;
      if (!this.#busy.has(process) && !this.#dead.has(process) && !this.#isRecovering(process))
        return process;
    }
    return undefined;
  }

  /** One that may be ended: those with a web socket may not. */
  #pickMortal(): string | undefined {
    const { workers, scripts } = this.#options.crowd;
    const spared = new Set(scripts.slice(0, SOCKETS));
    return this.#pick(workers.filter((process) => !spared.has(process)));
  }

  #isRecovering(process: string): boolean {
    return (this.#quietUntilMs.get(process) ?? 0) > performance.now();
  }

  #opsOf(process: string): readonly string[] {
    return this.#scripts.has(process) ? SCRIPT_OPS : OPS;
  }

  #chooseOps(process: string): string[] {
    const ops = this.#opsOf(process);
    const first = this.#random(ops.length);
    const second = this.#random(ops.length);
    return first === second ? [ops[first]!] : [ops[first]!, ops[second]!];
  }

  #chooseSize(): number {
    return this.#random(8) === 0
      ? 65_536 + this.#random(LARGE_BYTES - 65_536)
      : 1 + this.#random(2_000);
  }

  /** @returns whether the answer came */
  async #step(
    process: string,
    ops: readonly string[],
    size = this.#chooseSize(),
  ): Promise<boolean> {
    const { relays } = this.#options.crowd;
    const step = ++this.#number;
    const relay = () => `our@${relays[this.#random(relays.length)]}`;
    const body = {
      step,
      ops,
      peers: [relay(), relay(), relay()],
      url: `http://127.0.0.1:${this.#outside!.port}/`,
      size,
      database: this.#options.crowd.workers.indexOf(process) % DATABASES,
    };
    this.#busy.add(process);
    this.ledger.sent(process);
    const startedMs = performance.now();
    try {
      const answer = await this.#control.send(process, body, STEP_SECONDS);
      if (answer.kind === "response") {
        const stepped = JSON.parse(answer.body) as Stepped & { readonly error?: string };
        if (stepped.error === undefined) {
          this.ledger.stepped(process, step, ops, stepped);
          return true;
        }
        this.ledger.fault(`${process} step ${step}: ${stepped.error}`);
      } else if (this.ended.has(process)) this.ledger.explained++;
      else this.ledger.fault(`${process} step ${step} ${ops.join("+")}: ${JSON.stringify(answer)}`);
      return false;
    } finally {
      if (performance.now() - startedMs > LATE_MS) this.ledger.late++;
      this.#busy.delete(process);
    }
  }

  async #page(): Promise<void> {
    const { crowd, port } = this.#options;
    const process = crowd.workers[this.#random(crowd.workers.length)]!;
    if (this.#dead.has(process) || this.#isRecovering(process)) return;
    const number = String(++this.#number);
    const response = await fetch(`http://127.0.0.1:${port}/${process}/?n=${number}`, {
      signal: AbortSignal.timeout(PAGE_TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.status === 200 && text === number) this.ledger.right("page");
    else if (response.status === TIMED_OUT) this.ledger.late++;
    else if (this.ended.has(process) && response.status !== 200) this.ledger.explained++;
    else this.ledger.fault(`${process} page ${number}: ${response.status} ${text.slice(0, 80)}`);
  }

  async #crash(): Promise<void> {
    const process = this.#pickMortal();
    if (process === undefined) return;
    this.ended.add(process);
    this.#quietUntilMs.set(process, performance.now() + RECOVERY_MS);
    await this.#control.send(process, {
      step: 0,
      ops: ["crash"],
      peers: [],
      url: "",
      size: 1,
      database: 0,
    });
    this.ledger.sent(process);
    this.ledger.right("crash");
  }

  async #kill(): Promise<void> {
    const process = this.#pickMortal();
    if (process === undefined) return;
    this.ended.add(process);
    this.#dead.add(process);
    await this.#control.kill(process);
    this.ledger.right("kill");
  }
}

/** A web socket whose other end sends back what it gets, in order. */
class EchoSocket {
  readonly opened: Promise<void>;
  readonly #socket: WebSocket;
  readonly #process: string;
  readonly #ledger: Ledger;
  readonly #expected: string[] = [];
  #closing = false;

  constructor(port: number, process: string, ledger: Ledger) {
    this.#process = process;
    this.#ledger = ledger;
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/${process}/echo`);
    this.opened = new Promise((resolve, reject) => {
      this.#socket.onopen = () => resolve();
      this.#socket.onerror = () => reject(new Error(`No web socket of ${process}`));
    });
    this.#socket.onmessage = ({ data }) => this.#received(String(data));
    this.#socket.onclose = () => {
      if (!this.#closing) ledger.fault(`The web socket of ${process} was closed`);
    };
  }

  send(number: number): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#expected.push(String(number));
    this.#socket.send(String(number));
  }

  close(): void {
    this.#closing = true;
    if (this.#expected.length > 0)
      this.#ledger.fault(`${this.#process} owes ${this.#expected.length} web socket answers`);
    this.#socket.close();
  }

  #received(text: string): void {
    const expected = this.#expected.shift();
    if (text === expected) this.#ledger.right("web socket");
    else this.#ledger.fault(`${this.#process} sent "${text.slice(0, 40)}", not "${expected}"`);
  }
}

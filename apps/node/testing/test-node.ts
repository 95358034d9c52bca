/**
 * A node as `kinode start` composes it – kernel, files on disk, HTTP, timers, bundled packages, sandboxed programs – with a
 * virtual clock, repeatable names and keys, and a home folder that is gone afterwards.
 *
 * Time stands still unless the test moves it: timers, timeouts and scheduling follow the virtual clock, only disk and sockets
 * take real time, for which every method here waits.
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kernel } from "@kinode-ts/kernel";
import { assemblePackage, readPackage } from "@kinode-ts/kit";
import { createSeededRandom, type VirtualClock } from "@kinode-ts/testing";
import { createPrinter, formatPlain, PrintFilter } from "@kinode-ts/terminal";
import { type LazyLoadBlob, parseAddress, TERMINAL_PROCESS } from "@kinode-ts/types";
import { composeNode, type RunningNode } from "../src/boot/compose.ts";
import { loadPackages } from "../src/boot/load-packages.ts";
import { openHomeFolder } from "../src/boot/home-folder.ts";
import { readToken } from "../src/boot/run-file.ts";
import { readStartFlags } from "../src/boot/start-config.ts";
import { watchOpenQuestions } from "./open-questions.ts";
import { createTestClock } from "./test-clock.ts";

/** For compiling, disk and sockets; what takes longer hangs. */
const DEADLINE_MS = 60_000;
const DEFAULT_TIMEOUT_SECONDS = 5;
/** For a process that asks for something at its start and gets no answer. */
const START_PATIENCE_MS = 5_000;
/** Below the five seconds that a test has by default. */
const DEFAULT_MAX_COMPUTE_MS = 3_000;

export interface TestNodeOptions {
  /** Name of the node. Default `test.local`. */
  readonly name?: string;
  /**
   * Processor time that programs may compute while the test waits for one thing, in milliseconds; then the test is told which
   * one did. Default 3,000.
   */
  readonly maxComputeMs?: number;
}

export interface AskOptions {
  /** Seconds on the virtual clock; they pass only when the test advances it. Default 5. */
  readonly timeoutSeconds?: number;
  readonly blob?: LazyLoadBlob;
}

export interface Answer {
  /** The body read as JSON; its text when it is not JSON. */
  readonly body: unknown;
  readonly blob: LazyLoadBlob | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function readJson(bytes: Uint8Array): unknown {
  const text = decoder.decode(bytes);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export class TestNode implements AsyncDisposable {
  readonly clock: VirtualClock;
  /** Every line printed so far, as the terminal would show it at level 1. */
  readonly lines: readonly string[];
  readonly #boot: () => Promise<RunningNode>;
  readonly #token: string;
  readonly #folder: string;
  #node: RunningNode;
  #cookie: string | undefined;

  /** Use `startTestNode`. */
  constructor(parts: {
    readonly clock: VirtualClock;
    readonly lines: readonly string[];
    readonly node: RunningNode;
    readonly boot: () => Promise<RunningNode>;
    readonly token: string;
    readonly folder: string;
  }) {
    this.clock = parts.clock;
    this.lines = parts.lines;
    this.#node = parts.node;
    this.#boot = parts.boot;
    this.#token = parts.token;
    this.#folder = parts.folder;
  }

  get name(): string {
    return this.#node.kernel.our;
  }

  /** Where its apps are, for clients of a test's own; wait for them with `during`. */
  get url(): string {
    return this.#node.url;
  }

  get kernel(): Kernel {
    return this.#node.kernel;
  }

  /**
   * Builds a package folder in memory and installs it with everything it asks for, or puts it in the place of the version that
   * is there. Settles when its processes have the answers they asked for at their start: their pages are bound.
   * @returns its package id
   */
  async install(folder: string): Promise<string> {
    const { zip, id } = await assemblePackage(folder);
    await readPackage(zip);
    const { hash } = await this.#control<{ hash: string }>("packages/inspect", zip);
    using open = watchOpenQuestions(this.kernel, id);
    await this.#control(`packages/install?hash=${hash}`, '{"denied":[]}');
    const deadline = performance.now() + START_PATIENCE_MS;
    await this.clock.settle();
    while (open.count > 0 && performance.now() < deadline) {
      // oxlint-disable-next-line no-await-in-loop -- until it is so
      await this.during(Bun.sleep(1));
    }
    return id;
  }

  /** Bounds the disk space of a package; undefined: no bound. */
  async limitDisk(id: string, bytes: number | undefined): Promise<void> {
    const body = JSON.stringify({ diskBytes: bytes ?? null });
    await this.#control(`packages/${encodeURIComponent(id)}/limit`, body);
  }

  /**
   * Sends a request as the terminal and waits for the answer.
   * @param target - a process id, `counter:notes:alice.os`, or an address
   * @param body - text as it is, anything else as JSON
   * @throws {Error} nobody answered within `timeoutSeconds` of virtual time
   */
  async ask(target: string, body: unknown, options: AskOptions = {}): Promise<Answer> {
    const address = parseAddress(target.includes("@") ? target : `${this.name}@${target}`);
    const answer = await this.during(
      this.kernel.ask({
        source: TERMINAL_PROCESS,
        target: address,
        body: encoder.encode(typeof body === "string" ? body : JSON.stringify(body)),
        blob: options.blob,
        timeoutSeconds: options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
      }),
    );
    if (answer.ok) return { body: readJson(answer.body), blob: answer.blob };
    throw new Error(`${target} did not answer: ${answer.error}`);
  }

  /** Asks for a page as a logged-in browser would. @param path - e.g. `/counter:notes:alice.os/` */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("cookie", (this.#cookie ??= await this.#logIn()));
    const whole = fetch(`${this.#node.url}${path}`, { redirect: "manual", ...init, headers }).then(
      async (response) => {
        const { status, headers: answered } = response;
        const body = await response.arrayBuffer();
        return new Response(body.byteLength === 0 ? null : body, { status, headers: answered });
      },
    );
    return await this.during(whole);
  }

  /** Moves time forward, firing each timer at its own moment. */
  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  /** Waits for something that also takes real time (disk, sockets), while virtual time stands still. */
  async during<T>(work: Promise<T>): Promise<T> {
    return await during(this.clock, work);
  }

  /** Stops the node and starts it again on the same home. `kernel` is another one afterwards. @param offMs - time meanwhile */
  async restart(offMs = 0): Promise<void> {
    await this.during(this.#node.stop());
    await this.clock.advance(offMs);
    this.#cookie = undefined;
    this.#node = await this.during(this.#boot());
  }

  async stop(): Promise<void> {
    await this.during(this.#node.stop());
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #logIn(): Promise<string> {
    const answer = await this.during(fetch(this.#node.issueLoginLink(), { redirect: "manual" }));
    return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  }

  async #control<T>(path: string, body: string | Uint8Array): Promise<T> {
    const response = await this.during(
      fetch(`${this.#node.url}/~/api/${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${this.#token}` },
        body: body as string | Uint8Array<ArrayBuffer>,
      }),
    );
    const answer = (await response.json()) as T & { error?: { message: string } };
    if (!response.ok) throw new Error(answer.error?.message ?? `status ${response.status}`);
    return answer;
  }
}

async function during<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let settled = false;
  const mark = (): void => void (settled = true);
  work.then(mark, mark);
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    await clock.settle();
    if (settled) return await work;
    if (performance.now() > deadline) {
      throw new Error(
        `Nothing happened in ${DEADLINE_MS / 1000} s; does it wait for time to pass? Move it with advance(ms)`,
      );
    }
    await Bun.sleep(1);
  }
}

/** Time does not pass for anybody but those who compute for long. */
function busiest(kernel: Kernel | undefined): string {
  const used = (kernel?.processes() ?? [])
    .map(({ id, usage }) => ({ id, cpuMs: usage?.cpuMs ?? 0 }))
    .toSorted((one, other) => other.cpuMs - one.cpuMs)[0];
  return used === undefined || used.cpuMs === 0 ? "A program" : used.id;
}

/** Starts a node with the bundled packages; dispose it with `await using` or `stop()`. */
export async function startTestNode(options: TestNodeOptions = {}): Promise<TestNode> {
  const folder = mkdtempSync(join(tmpdir(), "kinode-test-"));
  let kernel: Kernel | undefined;
  const clock = createTestClock({
    maxComputeMs: options.maxComputeMs ?? DEFAULT_MAX_COMPUTE_MS,
    whoComputes: () => busiest(kernel),
  });
  const lines: string[] = [];
  const home = openHomeFolder(join(folder, "home"));
  const seed = new Uint8Array(32).fill(7);
  const packages = await loadPackages([]);
  const boot = (): Promise<RunningNode> =>
    composeNode({
      config: readStartFlags(
        home.path,
        { port: "0", detached: true, loggingOff: true, network: false },
        {},
      ),
      home,
      identity: {
        name: options.name ?? "test.local",
        networkingSeed: seed,
        jwtSecret: seed,
        newPassword: undefined,
        verifyPassword: () => Promise.resolve(undefined),
      },
      packages,
      port: 0,
      clock,
      random: createSeededRandom(1),
      printer: createPrinter({
        clock,
        filter: new PrintFilter(1, new Map()),
        log: () => {},
        show: (line) => lines.push(formatPlain(line)),
      }),
      onShutdown: () => {},
      onKernel: (composed) => (kernel = composed),
    });
  const node = await during(clock, boot());
  return new TestNode({ clock, lines, node, boot, token: readToken(home) ?? "", folder });
}

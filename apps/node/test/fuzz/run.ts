/**
 * Sends cases to one module and watches.
 * @module
 */
import { readdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { errorText, type ProcessId, type RuntimeModule } from "@kinode-ts/types";
import { boundsOf } from "./bounds.ts";
import { type Case, createCase, describeCase } from "./cases.ts";
import { toText } from "./json-text.ts";
import type { Outcome } from "./puppets.ts";
import { createTargets, type Target } from "./seeds.ts";
import { isSpecified } from "./specified.ts";
import { OUR, ROOT_NAME, SECRET, SOURCES, World } from "./world.ts";

export interface RunOptions {
  readonly module: string;
  readonly cases: number;
  readonly seed: number;
  readonly from?: number;
  readonly onProgress?: (done: number) => void;
  /** For tests of the fuzzer: a module that takes the place of the one with its id, and what it is sent. */
  readonly bad?: { readonly module: RuntimeModule; readonly target: Target };
}

export interface Report {
  readonly module: string;
  readonly seconds: number;
  readonly answered: number;
  /** Answers that were no error: damage must not keep cases from getting anywhere. */
  readonly succeeded: number;
  /** Told by the timeout, where that is documented. */
  readonly silent: number;
  /** Not answered because of who sent them, as documented; only where the run tells them apart. */
  readonly ignored?: number;
  /** Longest that a module held the thread for one message, and for which. */
  readonly slowestMs: number;
  readonly slowestCase: string;
  /** Longest that the event loop stood still, the making of cases included. */
  readonly stoodStillMs: number;
  readonly grownBytes: number;
  readonly mostFiles: number;
  readonly faults: readonly string[];
}

const PER_TURN = 25;
const PER_CHECK = 500;
const PER_SILENT_CHECK = 20_000;
/** Under way at once. */
const MAX_OPEN = 400;
/** The same where many are answered by nothing but their timeout. */
const MAX_SILENT_OPEN = 8_000;
const MAX_SILENCE_MS = 40_000;
/** What a module may hold the thread with one message. */
export const MAX_HANDLE_MS = 250;
/** Of the whole program, whatever is in use of it. */
const MAX_RESIDENT_BYTES = 2 * 1024 * 1024 * 1024;
const MAX_FAULTS = 5;
const MAX_SHRINK_TRIES = 200;
/** Faults that a smaller case is looked for. */
const MAX_SHRUNK = 2;

/** Short names occur in words, and `unknown` stands for none. */
const NAME = userInfo().username;
const USER = NAME.length > 5 && NAME !== "unknown" ? `|${escape(NAME)}` : "";

const LEAKS: readonly (readonly [string, RegExp])[] = [
  [
    "shows a path of the host",
    new RegExp(`${ROOT_NAME}|${escape(tmpdir())}/|${escape(process.cwd())}${USER}`),
  ],
  ["shows what it must not read", new RegExp(SECRET)],
];

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const latin = new TextDecoder("latin1");

/** What is wrong with an outcome; `undefined`: nothing. */
function faultOf(made: Case, outcome: Outcome, target: Target): string | undefined {
  if (outcome.kind !== "answer") {
    const isSilent = target.silentAbout?.test(new TextDecoder().decode(made.body)) ?? false;
    return isSilent ? undefined : `was not answered (${outcome.kind})`;
  }
  const body = latin.decode(outcome.body);
  const text = body + latin.decode(outcome.blob?.bytes ?? new Uint8Array(0));
  const leak = LEAKS.find(([, pattern]) => pattern.test(text));
  if (leak !== undefined) return `${leak[0]}: ${text.slice(0, 300)}`;
  const { specified } = target;
  if (specified === undefined || specified.refusal?.test(body) === true) return undefined;
  const isRefusalDue = isSpecified(specified, made.body) === false;
  return isRefusalDue ? `answered what is not as specified: ${text.slice(0, 300)}` : undefined;
}

function isError(body: Uint8Array): boolean {
  return latin.decode(body.subarray(0, 7)) === '{"Err":';
}

class Run {
  readonly #options: RunOptions;
  readonly #open = new Map<
    number,
    { readonly made: Case; readonly seen: (outcome: Outcome) => void }
  >();
  readonly faults: string[] = [];
  world!: World;
  target!: Target;
  answered = 0;
  succeeded = 0;
  silent = 0;
  stoodStillMs = 0;
  mostFiles = 0;
  readonly #reports: Promise<void>[] = [];
  #token = 0;
  #wake: () => void = () => {};

  constructor(options: RunOptions) {
    this.#options = options;
  }

  outcome(token: number, outcome: Outcome): void {
    const open = this.#open.get(token);
    if (open === undefined) {
      this.faults.push(`request ${token} had two outcomes, the second ${outcome.kind}`);
      return;
    }
    this.#open.delete(token);
    if (outcome.kind === "answer") this.answered++;
    else this.silent++;
    if (outcome.kind === "answer" && !isError(outcome.body)) this.succeeded++;
    open.seen(outcome);
    this.#wake();
  }

  async all(): Promise<void> {
    const { cases, from = 0, seed, onProgress } = this.#options;
    const perCheck = this.target.silentAbout === undefined ? PER_CHECK : PER_SILENT_CHECK;
    for (let index = from; index < from + cases && this.faults.length < MAX_FAULTS; index++) {
      this.#send(createCase(this.target, seed, index));
      if (index % PER_TURN === 0) await this.#turn();
      await this.#below(this.target.silentAbout === undefined ? MAX_OPEN : MAX_SILENT_OPEN);
      if ((index + 1) % perCheck === 0 || index === from + cases - 1) {
        await this.#below(1);
        await this.#flush();
        this.#check(index);
        onProgress?.(index + 1 - from);
      }
    }
    await Promise.all(this.#reports);
  }

  #send(made: Case): void {
    const { node, source, target, body, blob, metadata, expectsResponse } = made;
    const request = {
      kind: "request",
      inherit: false,
      expectsResponse,
      body,
      metadata,
      capabilities: [],
    } as const;
    const given = blob === undefined ? undefined : { mime: undefined, bytes: blob };
    if (node !== undefined) {
      const from = { node, process: source as ProcessId };
      const rsvp = expectsResponse === undefined ? undefined : from;
      const to = { node: OUR, process: target };
      this.world.receive({
        id: made.index,
        source: from,
        target: to,
        rsvp,
        message: request,
        blob: given,
      });
      return;
    }
    const token = this.#token++;
    if (expectsResponse !== undefined) {
      this.#open.set(token, {
        made,
        seen: (outcome) => {
          const fault = faultOf(made, outcome, this.target);
          if (fault !== undefined) this.#reports.push(this.#report(made, fault));
        },
      });
    }
    this.world.puppet(source).send(target, request, token, given);
  }

  /** Modules work in order for each source: once this is answered, so is what expected no answer. */
  async #flush(): Promise<void> {
    if (this.target.silentAbout !== undefined) return;
    const body = new TextEncoder().encode(toText(this.target.seeds[0]!.body));
    const target = this.target.process as ProcessId;
    for (const source of SOURCES) {
      const plain = { node: undefined, blob: undefined, metadata: undefined, expectsResponse: 20 };
      this.#send({ index: -1, source, target, body, ...plain });
    }
    await this.#below(1);
  }

  async #turn(): Promise<void> {
    const startedMs = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    this.stoodStillMs = Math.max(this.stoodStillMs, performance.now() - startedMs);
  }

  /** Waits until fewer are under way. */
  async #below(count: number): Promise<void> {
    let quietSinceMs = performance.now();
    while (this.#open.size >= count) {
      const before = this.#open.size;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, 100);
      await promise;
      clearTimeout(timer);
      if (this.#open.size !== before) quietSinceMs = performance.now();
      if (performance.now() - quietSinceMs < MAX_SILENCE_MS) continue;
      for (const { made } of [...this.#open.values()].slice(0, MAX_FAULTS)) {
        this.faults.push(`never had an outcome: ${describeCase(made)}`);
      }
      this.#open.clear();
    }
  }

  #check(index: number): void {
    for (const path of this.world.changes())
      this.faults.push(`up to case ${index}: "${path}" is not as it was`);
    for (const fault of this.world.faults.splice(0))
      this.faults.push(`up to case ${index}: ${fault}`);
    const slowest = this.world.slowest;
    if (slowest !== undefined && slowest.ms > MAX_HANDLE_MS) {
      this.faults.push(`up to case ${index}: one message took ${Math.round(slowest.ms)} ms`);
    }
    const resident = process.memoryUsage().rss;
    if (resident > MAX_RESIDENT_BYTES)
      this.faults.push(`up to case ${index}: ${resident} bytes of memory`);
    const files = countFiles();
    this.mostFiles = Math.max(this.mostFiles, files);
    if (files > boundsOf(this.#options.module).files)
      this.faults.push(`up to case ${index}: ${files} files are open`);
    this.world.restock();
  }

  async #report(made: Case, fault: string): Promise<void> {
    const place = this.faults.push(`${fault}; ${describeCase(made)}`) - 1;
    if (this.#reports.length >= MAX_SHRUNK) return;
    const small = await this.#shrink(made, fault.slice(0, 12));
    if (small !== made) this.faults[place] += `\n    smaller: ${describeCase(small)}`;
  }

  /** Takes parts of the body away as long as the same goes wrong. */
  async #shrink(made: Case, kind: string): Promise<Case> {
    let small = made;
    let tries = 0;
    const attempt = async (body: Uint8Array, blob: Uint8Array | undefined): Promise<boolean> => {
      if (tries++ >= MAX_SHRINK_TRIES) return false;
      const candidate = { ...small, body, blob };
      const fails = (await this.#again(candidate))?.startsWith(kind) ?? false;
      if (fails) small = candidate;
      return fails;
    };
    await attempt(small.body, undefined);
    for (let size = small.body.length >> 1; size >= 1; size >>= 1) {
      for (let at = 0; at + size <= small.body.length;) {
        const { body, blob } = small;
        const rest = Uint8Array.of(...body.slice(0, at), ...body.slice(at + size));
        if (!(await attempt(rest, blob))) at += size;
      }
    }
    return small;
  }

  #again(made: Case): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const token = this.#token++;
    const { source, target, body, blob, metadata } = made;
    this.#open.set(token, {
      made,
      seen: (outcome) => resolve(faultOf(made, outcome, this.target)),
    });
    const request = {
      kind: "request",
      inherit: false,
      expectsResponse: 1,
      body,
      metadata,
      capabilities: [],
    } as const;
    this.world
      .puppet(source)
      .send(
        target,
        request,
        token,
        blob === undefined ? undefined : { mime: undefined, bytes: blob },
      );
    return promise;
  }
}

/** Files that this program has open. */
export function countFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

/** Of the heap, after a collection. */
export function usedBytes(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}

/** Runs the cases of one module in a world of their own. */
export async function fuzzModule(options: RunOptions): Promise<Report> {
  const run = new Run(options);
  const noteRejection = (reason: unknown): void =>
    void run.faults.push(`nobody handled: ${errorText(reason)}`);
  const noteException = (reason: unknown): void =>
    void run.faults.push(`nobody caught: ${errorText(reason)}`);
  process.on("unhandledRejection", noteRejection);
  process.on("uncaughtException", noteException);
  run.world = await World.create(
    (token, outcome) => run.outcome(token, outcome),
    options.bad?.module,
  );
  try {
    const target = options.bad?.target ?? createTargets(run.world.port).get(options.module);
    if (target === undefined) throw new Error(`There is no module "${options.module}"`);
    run.target = target;
    const before = usedBytes();
    const startedMs = performance.now();
    await run.all();
    const seconds = (performance.now() - startedMs) / 1_000;
    const grownBytes = usedBytes() - before;
    if (grownBytes > boundsOf(options.module).growthBytes)
      run.faults.push(`${grownBytes} bytes of memory are still in use`);
    const { slowest } = run.world;
    return {
      module: options.module,
      seconds,
      answered: run.answered,
      succeeded: run.succeeded,
      silent: run.silent,
      slowestMs: slowest?.ms ?? 0,
      slowestCase:
        slowest === undefined ? "" : latin.decode(slowest.message.message.body.slice(0, 120)),
      stoodStillMs: run.stoodStillMs,
      grownBytes,
      mostFiles: run.mostFiles,
      faults: run.faults,
    };
  } finally {
    await run.world.stop();
    process.off("unhandledRejection", noteRejection);
    process.off("uncaughtException", noteException);
  }
}

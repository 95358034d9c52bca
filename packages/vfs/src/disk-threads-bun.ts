/**
 * Threads that wait for the disk, so that nobody else has to.
 *
 * A call goes to a thread that is free. While calls are quick, one thread is enough; another is started only when a call has
 * waited for all of them. Each drive gets its turn, and at most half of the threads: a dead disk leaves the rest to others.
 * A thread that does not come back is given up, and those who wait for it get an error.
 * @module
 */
import { close } from "node:fs";
import { placeOf } from "./caller-memory-bun.ts";
import { askToTell, openSlot, putCall, type Slot, takeAnswer } from "./disk-slot.ts";
import type { AnswerText, CallText, HostCalls } from "./disk-thread-bun.ts";
import { ioError, ioErrorText, VfsError } from "./errors.ts";
import { LookChoice } from "./look-choice.ts";

export interface DiskThreadLimits {
  /** Threads that are at work or free. Each takes about 4 MB. */
  readonly maxThreadCount: number;
  /** Of them, those that one drive may keep. */
  readonly maxPerDrive: number;
  /** Threads given up and not back; beyond, they count as at work. Bounds what dead disks cost. */
  readonly maxLostCount: number;
  /** After this, a call is answered with ETIMEDOUT. */
  readonly giveUpMs: number;
  /** How long a call waits for a free thread before another one is started. */
  readonly startAfterMs: number;
  /** How long answers are looked for; 0: not at all, they are told. */
  readonly lookMs: number;
}

export const DEFAULT_DISK_THREAD_LIMITS: DiskThreadLimits = {
  maxThreadCount: 8,
  maxPerDrive: 4,
  maxLostCount: 8,
  giveUpMs: 30_000,
  startAfterMs: 5,
  lookMs: navigator.hardwareConcurrency > 1 ? 0.03 : 0,
};

type Arguments<N extends keyof HostCalls> =
  Parameters<HostCalls[N]> extends [unknown, ...infer Rest] ? Readonly<Rest> : never;

/** One call. */
export interface DiskCall<N extends keyof HostCalls = keyof HostCalls> {
  readonly name: N;
  readonly args: Arguments<N>;
  /** Calls of one drive wait for each other when all are slow. */
  readonly drive: string;
  /** At most `CALL_DATA_BYTES`. */
  readonly input?: Uint8Array;
  /**
   * The caller's own memory, for more bytes: the thread reads or fills it where it lies. Nobody may move it meanwhile; it is
   * kept until the thread has left the call, also when that was given up.
   */
  readonly memory?: Uint8Array | undefined;
  /** Gets the value of a call that was given up, when it comes after all. */
  readonly late?: (value: ReturnType<HostCalls[N]>) => void;
  /** When the thread has really left the call, also after it was given up. */
  readonly left?: () => void;
}

export interface DiskAnswer<T> {
  readonly value: T;
  /** The bytes that came with it, if they are not in `memory`. */
  readonly bytes: Uint8Array;
}

interface Job {
  readonly call: DiskCall;
  readonly resolve: (answer: DiskAnswer<unknown>) => void;
  readonly reject: (error: VfsError) => void;
  readonly late: (value: unknown) => void;
  /** When it was asked for, then when a thread took it. */
  sinceMs: number;
}

/** The calls of one drive. */
interface Lane {
  readonly drive: string;
  readonly jobs: Job[];
  /** Files that nobody uses any more. */
  closings: number[];
  runningCount: number;
  /** Of the running ones, those that were given up. */
  lostCount: number;
}

interface Thread {
  readonly worker: Worker;
  readonly slot: Slot;
  /** Whether answers are looked for; else they are told. */
  isLooked: boolean;
  work: { readonly job: Job; readonly lane: Lane } | undefined;
  isLost: boolean;
}

/** Beside this file, as source or built. */
const PROGRAM = new URL(
  import.meta.url.endsWith(".ts") ? "./disk-thread-bun.ts" : "./disk-thread-bun.js",
  import.meta.url,
);

const ignore = (): void => {};

/** Files that wait to be closed with a call. */
const MAX_CLOSINGS = 256;

const NO_BYTES = new Uint8Array(0);

/** How often the times of slow calls are looked at. */
const TICK_MS = 250;

export class DiskThreads {
  readonly #limits: DiskThreadLimits;
  readonly #program: URL;
  readonly #now: () => number;
  readonly #threads = new Set<Thread>();
  /** The last one to become free is the next one to work. */
  readonly #free: Thread[] = [];
  readonly #busy = new Set<Thread>();
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that have jobs and may get a thread, in turn. */
  readonly #ready = new Set<Lane>();
  #lostCount = 0;
  readonly #choice = new LookChoice();
  #isLooking = false;
  #lookUntilMs = 0;
  #isAwaited = false;
  #clock: NodeJS.Timeout | undefined;
  #startTimer: NodeJS.Timeout | undefined;

  /**
   * @param program - another one for tests
   * @param now - for tests: the time after which calls are given up, in milliseconds
   */
  constructor(
    limits: Partial<DiskThreadLimits> = {},
    program: URL = PROGRAM,
    now: () => number = () => performance.now(),
  ) {
    this.#program = program;
    this.#now = now;
    this.#limits = { ...DEFAULT_DISK_THREAD_LIMITS, ...limits };
  }

  /** Threads there are, those given up included. */
  get threadCount(): number {
    return this.#threads.size;
  }

  /** @throws {VfsError} what the call throws, also a timeout: see `isUnknownEnd` */
  run<N extends keyof HostCalls>(call: DiskCall<N>): Promise<DiskAnswer<ReturnType<HostCalls[N]>>> {
    return new Promise((resolve, reject) => {
      const lane = this.#laneOf(call.drive);
      // NOTE: a disk that keeps so many threads would take the next one, too.
      if (lane.lostCount >= this.#limits.maxPerDrive) return reject(this.#timeout());
      const { late = ignore } = call;
      const job = { call, resolve, reject, late, sinceMs: this.#now() };
      lane.jobs.push(job as unknown as Job);
      this.#offer(lane);
      this.#serve();
    });
  }

  /** Closes a file when a thread has time for it: with the next call of its drive, or soon in a call of its own. */
  closeSoon(fd: number, drive: string): void {
    const lane = this.#laneOf(drive);
    lane.closings.push(fd);
    if (lane.closings.length > MAX_CLOSINGS) this.#closeNow(lane);
    else this.#clock ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** A failure says nothing that a write has not said; on a dead disk they wait for its next call. */
  #closeNow({ drive }: Lane): void {
    this.run({ name: "nothing", args: [], drive }).catch(ignore);
  }

  /** Ends all threads; calls that wait are never answered. */
  [Symbol.dispose](): void {
    for (const { closings } of this.#lanes.values()) for (const fd of closings) close(fd, ignore);
    for (const { work } of this.#busy) if (work?.job.call.memory) abandoned.push(work.job);
    clearInterval(this.#clock);
    clearTimeout(this.#startTimer);
    for (const { worker } of this.#threads) worker.terminate();
    this.#threads.clear();
    this.#free.length = 0;
    this.#busy.clear();
    this.#ready.clear();
  }

  #laneOf(drive: string): Lane {
    let lane = this.#lanes.get(drive);
    if (lane === undefined) {
      lane = { drive, jobs: [], closings: [], runningCount: 0, lostCount: 0 };
      this.#lanes.set(drive, lane);
    }
    return lane;
  }

  #offer(lane: Lane): void {
    const { jobs, runningCount } = lane;
    if (jobs.length > 0 && runningCount < this.#limits.maxPerDrive) this.#ready.add(lane);
    else this.#ready.delete(lane);
    if (jobs.length + runningCount + lane.closings.length === 0) this.#lanes.delete(lane.drive);
  }

  /** Gives work to free threads. */
  #serve(): void {
    for (const lane of this.#ready) {
      const thread = this.#free.pop() ?? this.#start(lane.jobs[0]!);
      if (thread === undefined) break;
      // To the end of the line.
      this.#ready.delete(lane);
      const job = lane.jobs.shift()!;
      lane.runningCount++;
      this.#give(thread, job, lane);
      this.#offer(lane);
    }
    this.#watchTimes();
  }

  #start(job: Job): Thread | undefined {
    const { maxThreadCount, maxLostCount, startAfterMs } = this.#limits;
    const count = this.#threads.size - Math.min(this.#lostCount, maxLostCount);
    if (count >= maxThreadCount) return undefined;
    if (count > 0 && this.#now() - job.sinceMs < startAfterMs) return undefined;
    const worker = new Worker(this.#program);
    const slot = openSlot();
    const thread: Thread = { worker, slot, isLooked: false, work: undefined, isLost: false };
    worker.onmessage = ({ data }: MessageEvent<string>) => {
      this.#told(thread, data);
    };
    worker.onerror = ({ message }) => this.#ended(thread, message);
    worker.addEventListener("close", () => this.#ended(thread, "it ended"));
    // What waits for an answer keeps the program going: #watchTimes.
    worker.unref();
    worker.postMessage(slot.memory);
    this.#threads.add(thread);
    return thread;
  }

  #give(thread: Thread, job: Job, lane: Lane): void {
    const { name, args, input = NO_BYTES, memory } = job.call;
    job.sinceMs = this.#now();
    thread.work = { job, lane };
    this.#busy.add(thread);
    thread.isLooked = this.#limits.lookMs > 0 && this.#choice.next();
    const at = memory === undefined ? null : placeOf(memory);
    const closings = lane.closings.slice(0, MAX_CLOSINGS);
    const text = JSON.stringify([closings, at, name, ...args] satisfies CallText);
    if (!putCall(thread.slot, text, input, !thread.isLooked)) {
      this.#settle(thread, [0, ioError("ENAMETOOLONG").message]);
      return;
    }
    lane.closings = lane.closings.slice(closings.length);
    if (thread.isLooked) {
      this.#lookUntilMs = job.sinceMs + this.#limits.lookMs;
      this.#look();
    }
  }

  #told(thread: Thread, longText: string): void {
    // A message may be late: its answer was seen before.
    const text = thread.work === undefined ? undefined : longText || takeAnswer(thread.slot);
    if (text === undefined || text === "") return;
    this.#settle(thread, JSON.parse(text) as AnswerText);
    this.#serve();
  }

  /** Looks for answers in each turn of the event loop, which goes on meanwhile; after a short time they are to be told. */
  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(() => {
      this.#isLooking = false;
      const isOver = performance.now() >= this.#lookUntilMs;
      for (const thread of this.#busy) {
        if (!thread.isLooked) continue;
        if (isOver) askToTell(thread.slot);
        const text = takeAnswer(thread.slot);
        if (text === undefined || text === "") {
          if (isOver) thread.isLooked = false;
          else this.#look();
        } else this.#settle(thread, JSON.parse(text) as AnswerText);
      }
      this.#serve();
    });
  }

  /** As long as anybody waits, one timer looks at the times; it also keeps the program from ending. */
  #watchTimes(): void {
    if (this.#ready.size > 0) this.#wait();
    const isAwaited = this.#busy.size > this.#lostCount;
    if (isAwaited === this.#isAwaited) return;
    this.#isAwaited = isAwaited;
    if (isAwaited) this.#clock = (this.#clock ?? setInterval(() => this.#tick(), TICK_MS)).ref();
    else this.#clock?.unref();
  }

  #tick(): void {
    for (const lane of this.#lanes.values()) {
      // Else they go along with what runs next.
      if (lane.closings.length > 0 && lane.jobs.length === 0) this.#closeNow(lane);
    }
    this.#giveUp();
    this.#serve();
    if (this.#busy.size + this.#ready.size > 0) return;
    clearInterval(this.#clock);
    this.#clock = undefined;
  }

  /** Calls that wait get another thread soon, if there may be one. */
  #wait(): void {
    this.#startTimer ??= setTimeout(() => {
      this.#startTimer = undefined;
      this.#serve();
    }, this.#limits.startAfterMs);
  }

  #settle(thread: Thread, [byteCount, error, value]: AnswerText): void {
    const { job, wasLost } = this.#release(thread);
    this.#choice.note(thread.isLooked, this.#now() - job.sinceMs);
    if (this.#threads.size - this.#lostCount > this.#limits.maxThreadCount) this.#end(thread);
    else this.#free.push(thread);
    if (error !== null) job.reject(ioErrorText(error));
    else if (wasLost) job.late(value);
    else job.resolve({ value, bytes: thread.slot.data.slice(0, byteCount) });
    job.call.left?.();
  }

  /** The thread is out of its call. */
  #release(thread: Thread): { readonly job: Job; readonly wasLost: boolean } {
    const { job, lane } = thread.work!;
    const wasLost = thread.isLost;
    thread.work = undefined;
    this.#busy.delete(thread);
    lane.runningCount--;
    if (thread.isLost) {
      thread.isLost = false;
      lane.lostCount--;
      this.#lostCount--;
    }
    this.#offer(lane);
    return { job, wasLost };
  }

  /** A thread that has ended by itself. */
  #ended(thread: Thread, why: string): void {
    if (!this.#threads.delete(thread)) return;
    const index = this.#free.indexOf(thread);
    if (index >= 0) this.#free.splice(index, 1);
    if (thread.work === undefined) return;
    const { job } = this.#release(thread);
    job.reject(ioError("EIO", new Error(`The disk thread failed: ${why}`)));
    job.call.left?.();
    this.#serve();
  }

  #end(thread: Thread): void {
    this.#threads.delete(thread);
    thread.worker.terminate();
  }

  /** Answers those who have waited too long. */
  #giveUp(): void {
    const beforeMs = this.#now() - this.#limits.giveUpMs;
    for (const thread of this.#busy) {
      const { job, lane } = thread.work!;
      if (thread.isLost || job.sinceMs > beforeMs) continue;
      thread.isLost = true;
      lane.lostCount++;
      this.#lostCount++;
      const error = this.#timeout();
      unknownEnds.add(error);
      job.reject(error);
    }
    for (const lane of this.#lanes.values()) {
      const isDead = lane.lostCount >= this.#limits.maxPerDrive;
      while (lane.jobs.length > 0 && (isDead || lane.jobs[0]!.sinceMs <= beforeMs)) {
        const job = lane.jobs.shift()!;
        job.reject(this.#timeout());
        job.call.left?.();
      }
      this.#offer(lane);
    }
  }

  #timeout(): VfsError {
    const seconds = Math.round(this.#limits.giveUpMs / 1_000);
    return ioErrorText(`${TIMED_OUT}: the disk has not answered for ${seconds} s`);
  }
}

const TIMED_OUT = "Connection timed out (os error 110)";

/** Errors of calls that were begun. */
const unknownEnds = new WeakSet<object>();

/** Whether it is not known what will become of a call: it was begun, and the disk has not answered. */
export function isUnknownEnd(error: unknown): boolean {
  return error instanceof VfsError && unknownEnds.has(error);
}

/** Memory that a thread may still be at work on although its threads were disposed of: never given back. */
const abandoned: Job[] = [];

let shared: DiskThreads | undefined;

/** The threads of this program, for all its disks. */
export function diskThreads(): DiskThreads {
  return (shared ??= new DiskThreads());
}

/** Few: what they do takes long for a good reason, and small calls must not wait for it. */
const LONG_LIMITS: Partial<DiskThreadLimits> = {
  maxThreadCount: 4,
  maxPerDrive: 2,
  maxLostCount: 4,
  lookMs: 0,
};

let sharedLong: DiskThreads | undefined;

/** Others for what takes long on a good disk, too: writing out, and whole trees. */
export function longDiskThreads(): DiskThreads {
  return (sharedLong ??= new DiskThreads(LONG_LIMITS));
}

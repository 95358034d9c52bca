/**
 * Terminals that commands are typed in: the node's console and, by name, others. Each has a current folder and commands
 * that run.
 * @module
 */
import type { ProcessId } from "@kinode-ts/stdlib";
import { killScript, isAlive } from "./run-script.ts";

/** Sessions kept; the one unused for the longest time is forgotten first, and starts anew with its next line. */
const MAX_SESSIONS = 64;
/** Processes remembered of a session, for the interrupt. */
const MAX_STARTED = 64;

/** One command line that is being carried out. */
export class Job {
  #interrupted = false;
  readonly #end = Promise.withResolvers<"interrupted">();

  /** Settles when it is interrupted. */
  get end(): Promise<"interrupted"> {
    return this.#end.promise;
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  interrupt(): void {
    this.#interrupted = true;
    this.#end.resolve("interrupted");
  }
}

/** Takes a part of the output of a script that runs; false when nobody reads any more. */
export type TakePart = (text: string) => Promise<boolean>;

export class Session {
  /** Where relative paths start. */
  folder = "/";
  /** Settles when the newest change of folder is done; the next line waits for it. */
  ready: Promise<unknown> = Promise.resolve();
  readonly #jobs = new Set<Job>();
  readonly #started: ProcessId[] = [];
  readonly #takers = new Map<string, TakePart>();

  begin(): Job {
    const job = new Job();
    this.#jobs.add(job);
    return job;
  }

  finish(job: Job): void {
    this.#jobs.delete(job);
  }

  /** Remembers a process that a command of this session has started. */
  started(process: ProcessId): void {
    this.#started.push(process);
    if (this.#started.length > MAX_STARTED) this.#started.shift();
  }

  /** Forgets one that has ended. */
  ended(process: ProcessId): void {
    const at = this.#started.findIndex((other) => other.equals(process));
    if (at >= 0) this.#started.splice(at, 1);
    this.#takers.delete(process.toString());
  }

  /** What this process, which was started, gives in parts goes to `take` until it has ended. */
  takeParts(process: ProcessId, take: TakePart): void {
    this.#takers.set(process.toString(), take);
  }

  takerOf(process: ProcessId): TakePart | undefined {
    return this.#takers.get(process.toString());
  }

  hasStarted(process: ProcessId): boolean {
    return this.#started.some((other) => other.equals(process));
  }

  /** Ends everything that runs; how many commands that were. */
  async interrupt(): Promise<number> {
    const jobs = [...this.#jobs];
    for (const job of jobs) job.interrupt();
    const alive: ProcessId[] = [];
    for (const process of this.#started.splice(0)) {
      // oxlint-disable-next-line no-await-in-loop -- at most MAX_STARTED short questions to the kernel
      if (await isAlive(process)) alive.push(process);
    }
    await Promise.all(alive.map((process) => killScript(process)));
    // A line in progress and the process it waits for are one command.
    return Math.max(jobs.length, alive.length);
  }
}

export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** The session of this name, `""` for the console. */
  get(name: string): Session {
    const session = this.#sessions.get(name) ?? new Session();
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS) this.#sessions.delete(oldest!);
    return session;
  }

  /** The session whose command started this process. */
  findByProcess(process: ProcessId): Session | undefined {
    return [...this.#sessions.values()].find((session) => session.hasStarted(process));
  }

  /** Where the parts of this process's output go, if anywhere. */
  takerOf(process: ProcessId): TakePart | undefined {
    for (const session of this.#sessions.values()) {
      const taker = session.takerOf(process);
      if (taker !== undefined) return taker;
    }
    return undefined;
  }
}

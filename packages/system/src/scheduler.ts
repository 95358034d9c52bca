/**
 * The runtime module `scheduler:distro:sys`: sends processes a request at the times they asked for, also after a restart.
 * An extension; the reference has timers alone. The wire is in docs/modules/scheduler.md.
 *
 * It goes by the wall clock and looks at it at least once a minute, so that a clock that was set, or a machine that slept,
 * is noticed.
 * @module
 */
import {
  errorText,
  packageOf,
  SCHEDULER_PROCESS,
  type Clock,
  type KernelMessage,
  type ModuleContext,
  type PackageId,
  type ProcessId,
  type RuntimeModule,
  type SignedRequest,
  type Store,
  type StoreChange,
  type TimerHandle,
} from "@kinode-ts/types";
import { encodeJson } from "@kinode-ts/codec/module-json";
import { DEFAULT_SYSTEM_LIMITS, type SystemLimits } from "./limits.ts";
import { keyOf, ScheduleTable, type Schedule } from "./schedule-table.ts";
import { RuleError, timesOf } from "./schedule-times.ts";
import {
  decodeRow,
  decodeScheduleAction,
  encodeRow,
  specFields,
  type ScheduleSpec,
} from "./schedule-wire.ts";

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly store: Pick<Store, "records">;
  /** Puts changes in the node's one order of commits; settles when they are durable. */
  readonly commit: (changes: readonly StoreChange[]) => Promise<void>;
  readonly limits?: Partial<SystemLimits>;
}

const SPACE = "schedules";
/** A firing later than this is a missed time. */
const MET_WITHIN_MS = 60_000;
/** The wall clock is looked at this often: it may have been set. */
const LOOK_MS = 60_000;
/** Processes get this long to start before they are told what they missed. */
const SETTLE_MS = 2_000;
/** A process that does not exist keeps its schedules this long: an update removes it for a moment. */
const GONE_MS = 60_000;
/** A clock set back further than this was wrong before: times are computed anew. */
const SET_BACK_MS = 3_600_000;
/** A pattern that is never due costs a long search; its package waits this long before it may try again. */
const COOLDOWN_MS = 250;
/** Schedules seen to before the event loop turns. */
const PER_TURN = 20;

/** For local processes that may message it. Schedules outlive the process's and the node's restarts, not the process. */
export function createScheduler(options: SchedulerOptions): RuntimeModule {
  return new Scheduler(options);
}

class Scheduler implements RuntimeModule {
  readonly id = SCHEDULER_PROCESS;
  readonly #options: SchedulerOptions;
  readonly #clock: Clock;
  readonly #limits: SystemLimits;
  readonly #table = new ScheduleTable();
  /** Owners that do not exist, and since when on the monotonic clock. */
  readonly #gone = new Map<ProcessId, number>();
  /** Until when a package may not ask for patterns, on the monotonic clock. */
  readonly #cooldowns = new Map<PackageId, number>();
  #context: ModuleContext | undefined;
  #alarm: { readonly atMs: number; readonly handle: TimerHandle } | undefined;
  /** The latest wall clock seen. */
  #seenMs = 0;
  #isSettled = false;
  #isStopped = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#limits = { ...DEFAULT_SYSTEM_LIMITS, ...options.limits };
  }

  async start(context: ModuleContext): Promise<void> {
    this.#context = context;
    this.#seenMs = this.#clock.nowMs();
    for (const { key, value } of await this.#options.store.records(SPACE)) this.#load(key, value);
    for (const owner of this.#table.owners()) this.#noteGone(owner);
    this.#alarm = {
      atMs: Number.NEGATIVE_INFINITY,
      handle: this.#clock.after(SETTLE_MS, () => {
        this.#isSettled = true;
        this.#look();
      }),
    };
  }

  handle(message: KernelMessage): void {
    const context = this.#context!;
    const { source, message: request } = message;
    if (source.node !== context.our) {
      context.print(1, `scheduler: dropped a message from another node, ${source.node}`);
      return;
    }
    if (request.kind !== "request") return;
    const action = decodeScheduleAction(request.body, this.#limits.maxScheduleBodyLength);
    switch (action?.kind) {
      case undefined:
        return this.#fail(message, "MalformedRequest");
      case "Schedule":
        return this.#schedule(message, request, action.spec);
      case "Unschedule":
        return this.#unschedule(message, request, action.id);
      case "List": {
        const schedules = this.#table.of(source.process).map(listed);
        return this.#answer(message, request, { Schedules: schedules });
      }
    }
  }

  processEnded(process: ProcessId): void {
    if (this.#table.has(process)) this.#noteGone(process);
  }

  stop(): void {
    this.#isStopped = true;
    this.#alarm?.handle.cancel();
    this.#alarm = undefined;
  }

  // --- what processes ask for --------------------------------------------------------------------

  #schedule(message: KernelMessage, request: SignedRequest, spec: ScheduleSpec): void {
    const owner = message.source.process;
    const old = this.#table.find(owner, spec.id);
    if (old === undefined) {
      const refusal = this.#refusal(owner);
      if (refusal !== undefined) return this.#fail(message, { TooMany: refusal });
    } else if (isSameRule(old.spec, spec)) {
      // Asked for at each start of the process: what it missed meanwhile is not forgotten.
      old.spec = spec;
      return this.#keep(message, request, old, () => {});
    }
    const nowMs = this.#clock.nowMs();
    const made = this.#make(owner, spec, nowMs);
    if ("fault" in made) return this.#fail(message, made.fault);
    this.#table.put(made);
    this.#setAlarm();
    this.#keep(message, request, made, () => this.#table.remove(made));
  }

  /** Why a process may not have one more. */
  #refusal(owner: ProcessId): string | undefined {
    const { maxSchedulesPerPackageCount, maxSchedulesCount } = this.#limits;
    if (this.#table.countOf(owner) >= maxSchedulesPerPackageCount) {
      return `${packageOf(owner)} has ${maxSchedulesPerPackageCount} schedules, which is the most a package may have`;
    }
    if (this.#table.size < maxSchedulesCount) return undefined;
    return `this node has ${maxSchedulesCount} schedules, which is the most it keeps`;
  }

  #make(owner: ProcessId, spec: ScheduleSpec, nowMs: number): Schedule | { fault: unknown } {
    const { rule } = spec;
    // A moment that has just passed was meant to be now.
    const isJustPast = "at" in rule && rule.at <= nowMs && rule.at >= nowMs - MET_WITHIN_MS;
    const lastMs = isJustPast ? rule.at - 1 : nowMs;
    const isPattern = "cron" in rule;
    if (isPattern && this.#isCooling(owner)) {
      const text = `${packageOf(owner)} just asked for a pattern that cannot be used; ask again in ${COOLDOWN_MS} ms`;
      return { fault: { TooMany: text } };
    }
    try {
      const times = timesOf(rule, nowMs);
      const nextMs = times.next(lastMs);
      if (nextMs !== undefined) return { owner, spec, startMs: nowMs, lastMs, times, nextMs };
      if (!isPattern) return { fault: { BadTime: "this moment has passed" } };
      this.#cool(owner);
      return { fault: { BadCron: "this pattern is never due" } };
    } catch (thrown) {
      if (!(thrown instanceof RuleError)) throw thrown;
      const name = thrown.fault === "bad-cron" ? "BadCron" : "BadTimeZone";
      return { fault: { [name]: thrown.message } };
    }
  }

  #isCooling(owner: ProcessId): boolean {
    const until = this.#cooldowns.get(packageOf(owner));
    return until !== undefined && this.#clock.monotonicMs() < until;
  }

  #cool(owner: ProcessId): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [each, until] of this.#cooldowns) if (until <= nowMs) this.#cooldowns.delete(each);
    this.#cooldowns.set(packageOf(owner), nowMs + COOLDOWN_MS);
  }

  /** Answers once the schedule is on disk. */
  #keep(
    message: KernelMessage,
    request: SignedRequest,
    schedule: Schedule,
    undo: () => void,
  ): void {
    const { id } = schedule.spec;
    this.#options.commit([putRow(schedule)]).then(
      () => this.#answer(message, request, { Scheduled: { id, next_ms: schedule.nextMs } }),
      (reason: unknown) => {
        undo();
        this.#fail(message, { IOError: errorText(reason) });
      },
    );
  }

  #unschedule(message: KernelMessage, request: SignedRequest, id: string): void {
    const found = this.#table.find(message.source.process, id);
    const answer = { Unscheduled: { id, existed: found !== undefined } };
    if (found === undefined) return this.#answer(message, request, answer);
    this.#table.remove(found);
    this.#options.commit([deleteRow(found)]).then(
      () => this.#answer(message, request, answer),
      (reason: unknown) => this.#fail(message, { IOError: errorText(reason) }),
    );
  }

  #answer(message: KernelMessage, request: SignedRequest, json: unknown): void {
    if (message.rsvp === undefined && request.expectsResponse === undefined) return;
    this.#context!.respond(message, { body: encodeJson(json), metadata: request.metadata });
  }

  #fail(message: KernelMessage, error: unknown): void {
    this.#context!.respond(message, { body: encodeJson({ Err: error }) });
  }

  // --- time --------------------------------------------------------------------------------------

  #setAlarm(): void {
    if (!this.#isSettled || this.#isStopped) return;
    const monotonicMs = this.#clock.monotonicMs();
    const nextMs = this.#table.nextMs();
    if (nextMs === undefined && this.#gone.size === 0) {
      this.#alarm?.handle.cancel();
      this.#alarm = undefined;
      return;
    }
    const delayMs = Math.max(0, (nextMs ?? Number.POSITIVE_INFINITY) - this.#clock.nowMs());
    const atMs = monotonicMs + Math.min(LOOK_MS, delayMs);
    if (this.#alarm !== undefined) {
      if (this.#alarm.atMs <= atMs) return;
      this.#alarm.handle.cancel();
    }
    const handle = this.#clock.after(atMs - monotonicMs, () => this.#look());
    this.#alarm = { atMs, handle };
  }

  /** Sees to everything that is due, a few at a time. */
  #look(): void {
    this.#alarm?.handle.cancel();
    this.#alarm = undefined;
    if (this.#isStopped) return;
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#seenMs - SET_BACK_MS) this.#startOver(nowMs);
    this.#seenMs = nowMs;
    const changes: StoreChange[] = [];
    this.#dropGone(changes);
    let left = PER_TURN;
    while (left-- > 0) {
      const schedule = this.#table.takeDue(nowMs);
      if (schedule === undefined) break;
      this.#seeTo(schedule, nowMs, changes);
    }
    this.#write(changes);
    if (left < 0) this.#clock.afterTurn(() => this.#look());
    else this.#setAlarm();
  }

  /** The clock was ahead by far: what was computed from it would come far too late. */
  #startOver(nowMs: number): void {
    for (const schedule of this.#table.all()) {
      if (schedule.lastMs <= nowMs) continue;
      schedule.lastMs = nowMs;
      const nextMs = schedule.times.next(nowMs);
      if (nextMs !== undefined) this.#table.move(schedule, (schedule.nextMs = nextMs));
    }
  }

  #seeTo(schedule: Schedule, nowMs: number, changes: StoreChange[]): void {
    if (!this.#context!.exists(schedule.owner)) {
      this.#noteGone(schedule.owner);
      this.#table.move(schedule, nowMs + LOOK_MS);
      return;
    }
    const due = schedule.times.between(schedule.lastMs, nowMs);
    if (due !== undefined) {
      const isMet = nowMs - due.lastMs <= MET_WITHIN_MS;
      const missed = isMet ? due.count - 1 : due.count;
      if (isMet || schedule.spec.catchUp === "once") this.#fire(schedule, due.lastMs, missed);
      schedule.lastMs = due.lastMs;
    }
    const nextMs = schedule.times.next(nowMs);
    if (nextMs === undefined) {
      this.#table.remove(schedule);
      changes.push(deleteRow(schedule));
    } else {
      this.#table.move(schedule, (schedule.nextMs = nextMs));
      changes.push(putRow(schedule));
    }
  }

  #fire({ owner, spec }: Schedule, dueMs: number, missed: number): void {
    const fired = { id: spec.id, due_ms: dueMs, missed, body: spec.body ?? null };
    const target = { node: this.#context!.our, process: owner };
    this.#context!.send({ target, body: encodeJson({ Fired: fired }) });
  }

  #write(changes: readonly StoreChange[]): void {
    if (changes.length === 0) return;
    this.#options.commit(changes).catch((reason: unknown) => {
      // In memory it goes on; after a restart these times may come once more.
      this.#context!.print(1, `scheduler: cannot write what was done: ${errorText(reason)}`);
    });
  }

  // --- processes that are gone ---------------------------------------------------------------------

  #noteGone(owner: ProcessId): void {
    if (this.#gone.has(owner) || this.#context!.exists(owner)) return;
    this.#gone.set(owner, this.#clock.monotonicMs());
    this.#setAlarm();
  }

  #dropGone(changes: StoreChange[]): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [owner, sinceMs] of this.#gone) {
      const isBack = this.#context!.exists(owner);
      if (!isBack && nowMs - sinceMs < GONE_MS) continue;
      this.#gone.delete(owner);
      if (isBack) continue;
      for (const schedule of this.#table.of(owner)) {
        this.#table.remove(schedule);
        changes.push(deleteRow(schedule));
      }
    }
  }

  // --- rows ----------------------------------------------------------------------------------------

  #load(key: string, value: string): void {
    const row = decodeRow(value);
    try {
      if (row === undefined) throw new TypeError("it is not a schedule");
      const times = timesOf(row.spec.rule, row.startMs);
      // A clock that was ahead when this was written must not silence it.
      const lastMs = row.lastMs > this.#seenMs + SET_BACK_MS ? this.#seenMs : row.lastMs;
      const nextMs = times.next(lastMs);
      if (nextMs !== undefined) this.#table.put({ ...row, lastMs, times, nextMs });
    } catch (thrown) {
      this.#context!.print(0, `scheduler: cannot read the schedule ${key}: ${errorText(thrown)}`);
    }
  }
}

function isSameRule(a: ScheduleSpec, b: ScheduleSpec): boolean {
  return a.catchUp === b.catchUp && JSON.stringify(a.rule) === JSON.stringify(b.rule);
}

function listed(schedule: Schedule): unknown {
  return { ...specFields(schedule.spec), next_ms: schedule.nextMs };
}

function putRow(schedule: Schedule): StoreChange {
  return { kind: "put-record", space: SPACE, key: keyOf(schedule), value: encodeRow(schedule) };
}

function deleteRow(schedule: Schedule): StoreChange {
  return { kind: "delete-record", space: SPACE, key: keyOf(schedule) };
}

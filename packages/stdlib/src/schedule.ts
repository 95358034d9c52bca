/**
 * Client of `scheduler:distro:sys`: functions that run at set times, also after a restart of the node.
 * The manifest must ask for messaging with the scheduler and grant it, or it cannot reach us.
 * Source: docs/modules/scheduler.md. An extension: nodes of the reference kind have no scheduler.
 * @module
 */
import { KinodeError, SCHEDULER_PROCESS } from "@kinode-ts/types";
import { json } from "./body.ts";
import { dispatcher } from "./current.ts";
import type { Duration } from "./duration.ts";
import { toMilliseconds } from "./duration.ts";
import type { IncomingRequest } from "./message.ts";
import type { Fail, Is } from "./module-answer.ts";
import { askModule, hasForm, isListOf, isText, payloadOf, readNamed } from "./module-answer.ts";

const SCHEDULER = `our@${SCHEDULER_PROCESS}`;
const SENDER_SUFFIX = `@${SCHEDULER_PROCESS}`;
const HINT = `Add "${SCHEDULER_PROCESS}" to request_capabilities and to grant_capabilities in the manifest`;

/** When: a cron pattern, a step, or one moment. */
export type When =
  /** Five fields, or six with seconds first; `@daily` and the like. In UTC. */
  | string
  | {
      readonly cron: string;
      /** Name such as `Europe/Berlin`. Default: UTC. */
      readonly timeZone?: string | undefined;
    }
  /** At least a second; steps are counted from when it was first asked for. */
  | { readonly every: Duration }
  /** Milliseconds since 1970, or a date. */
  | { readonly at: number | Date };

/** What becomes of missed times, and what is kept with the schedule. */
export interface ScheduleOptions {
  /**
   * What becomes of times that pass while the node is off: one run for all of them, as soon as it is back, or none.
   * Default: one.
   */
  readonly catchUp?: "once" | "none" | undefined;
  /** Kept with the schedule and handed to the function; at most 4,096 characters. */
  readonly body?: string | undefined;
}

/** One firing. */
export interface Firing {
  readonly id: string;
  /** The time it was due, milliseconds since 1970: for a run that makes up for others, the last of them. */
  readonly dueMs: number;
  /** Times that passed without a run of their own before this one; counted up to 100. */
  readonly missed: number;
  readonly body: string | undefined;
}

/** What is run at the set times; what it throws is shown and ends nothing. */
export type FiringHandler = (firing: Firing) => void | Promise<void>;

/** A schedule of this process. */
export interface ScheduleEntry {
  readonly id: string;
  readonly nextMs: number;
}

const WIRE_CODES = [
  "BadCron",
  "BadTimeZone",
  "BadTime",
  "TooMany",
  "IOError",
  "MalformedRequest",
] as const;

/** Names of the wire; `SendError`: no answer came in time; `UnexpectedAnswer`: what came is none of the scheduler's answers. */
export type ScheduleErrorCode = (typeof WIRE_CODES)[number] | "SendError" | "UnexpectedAnswer";

type ScheduleFault = { readonly code: ScheduleErrorCode; readonly id: string };

/** The scheduler refused, or could not be reached; `code` says which. */
export class ScheduleError extends KinodeError<ScheduleFault> {
  override name = "ScheduleError";
  constructor(code: ScheduleErrorCode, id: string, detail: string, cause?: unknown) {
    super({ code, id }, `Cannot schedule "${id}": ${detail === "" ? code : detail}`, {
      ...(code === "SendError" ? { hint: HINT } : {}),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isFired = hasForm<{ id: string; due_ms: number; missed: number; body: string | null }>({
  id: isText,
  due_ms: isNumber,
  missed: isNumber,
  body: (value): value is string | null => value === null || isText(value),
});
const isScheduled = hasForm<{ next_ms: number }>({ next_ms: isNumber });
const isUnscheduled = hasForm<{ existed: boolean }>({
  existed: (value): value is boolean => typeof value === "boolean",
});
const isEntries = isListOf(
  hasForm<{ id: string; next_ms: number }>({ id: isText, next_ms: isNumber }),
);

interface Handlers {
  readonly dispatcher: unknown;
  readonly byId: Map<string, FiringHandler>;
}
let handlers: Handlers | undefined;

/** The functions of this process; its dispatcher looks here first. */
function handlersHere(): Map<string, FiringHandler> {
  const here = dispatcher();
  if (handlers?.dispatcher !== here) {
    const byId = new Map<string, FiringHandler>();
    handlers = { dispatcher: here, byId };
    here.intercept((message) => handle(message, byId));
  }
  return handlers.byId;
}

function handle(
  message: IncomingRequest,
  byId: ReadonlyMap<string, FiringHandler>,
): Promise<undefined> | undefined | false {
  if (!message.sender.endsWith(SENDER_SUFFIX) || !message.isLocal) return false;
  const firing = readFiring(message);
  const run = firing === undefined ? undefined : byId.get(firing.id);
  if (firing === undefined || run === undefined) return false;
  return run(firing)?.then(() => undefined);
}

/** What a message of the scheduler says; `undefined` for any other message. For processes with a loop of their own. */
export function readFiring(message: IncomingRequest): Firing | undefined {
  if (!message.sender.endsWith(SENDER_SUFFIX) || !message.isLocal) return undefined;
  const fired = readNamed(message, "Fired", isFired);
  if (fired === undefined) return undefined;
  const { id, due_ms: dueMs, missed, body } = fired;
  return { id, dueMs, missed, body: body ?? undefined };
}

/**
 * Runs a function at set times, while `serve` runs. Call it at each start of the process, before `serve`: the times outlive
 * the process's restarts, its functions do not. The same id again replaces the schedule; with the same times it goes on,
 * so that what was missed meanwhile is made up for.
 * @returns when it is due next, milliseconds since 1970. Rejects with a `ScheduleError`.
 */
export async function schedule(
  id: string,
  when: When,
  run: FiringHandler,
  options: ScheduleOptions = {},
): Promise<number> {
  const { catchUp: catch_up, body } = options;
  const byId = handlersHere();
  const before = byId.get(id);
  byId.set(id, isOnce(when) ? forgetting(byId, id, run) : run);
  try {
    const action = { Schedule: { id, ...fieldsOf(when), catch_up, body } };
    return (await ask(id, action, "Scheduled", isScheduled)).next_ms;
  } catch (thrown) {
    if (before === undefined) byId.delete(id);
    else byId.set(id, before);
    throw thrown;
  }
}

const isOnce = (when: When): boolean => typeof when !== "string" && "at" in when;

/** It fires no second time: a process that schedules thousands must not keep their functions. */
function forgetting(
  byId: Map<string, FiringHandler>,
  id: string,
  run: FiringHandler,
): FiringHandler {
  const once: FiringHandler = (firing) => {
    if (byId.get(id) === once) byId.delete(id);
    return run(firing);
  };
  return once;
}

/** Ends a schedule; false when there was none. Rejects with a `ScheduleError`. */
export async function unschedule(id: string): Promise<boolean> {
  const { existed } = await ask(id, { Unschedule: { id } }, "Unscheduled", isUnscheduled);
  handlersHere().delete(id);
  return existed;
}

/** The schedules of this process. Rejects with a `ScheduleError`. */
export async function schedules(): Promise<ScheduleEntry[]> {
  const list = await ask("*", "List", "Schedules", isEntries);
  return list.map(({ id, next_ms: nextMs }) => ({ id, nextMs }));
}

function fieldsOf(when: When): Record<string, unknown> {
  if (typeof when === "string") return { cron: when };
  if ("cron" in when) return { cron: when.cron, time_zone: when.timeZone };
  if ("every" in when) return { every: Math.ceil(toMilliseconds(when.every)) };
  return { at: Math.floor(Number(when.at)) };
}

/** The payload of the answer. Rejects with a `ScheduleError`. */
async function ask<T>(id: string, action: unknown, name: string, isPayload: Is<T>): Promise<T> {
  const fail: Fail<ScheduleErrorCode> = (code, detail, cause) =>
    new ScheduleError(code, id, detail, cause);
  const { value } = await askModule(SCHEDULER, json(action), {}, WIRE_CODES, fail);
  return payloadOf(value, name, isPayload, fail);
}

/**
 * Bodies of `scheduler:distro:sys`: what is asked, and rows of what was asked.
 * @module
 */
import { isProcessId, type ProcessId } from "@kinode-ts/types";
import { decodeVariant } from "@kinode-ts/codec/module-json";
import type { Rule } from "./schedule-times.ts";

/** What becomes of times that passed while nobody could be told: one firing for all of them, or nothing. */
export type CatchUp = "once" | "none";

/** A schedule as it was asked for. */
export interface ScheduleSpec {
  readonly id: string;
  readonly rule: Rule;
  readonly catchUp: CatchUp;
  /** Handed back with each firing. */
  readonly body: string | undefined;
}

export type ScheduleAction =
  | { readonly kind: "Schedule"; readonly spec: ScheduleSpec }
  | { readonly kind: "Unschedule"; readonly id: string }
  | { readonly kind: "List" };

/** A schedule as it is kept. */
export interface ScheduleRow {
  readonly owner: ProcessId;
  readonly spec: ScheduleSpec;
  /** When it was first asked for: steps of `every` begin here. */
  readonly startMs: number;
  /** The last due time that was seen to, or `startMs`. */
  readonly lastMs: number;
}

const MAX_ID_LENGTH = 200;
const MIN_STEP_MS = 1_000;
/** Ten years. */
const MAX_STEP_MS = 315_360_000_000;
/** The last moment of the web's dates. */
const MAX_TIME_MS = 8_640_000_000_000_000;
const RULES = ["cron", "every", "at"] as const;

/** @returns `undefined`: not as documented */
export function decodeScheduleAction(
  body: Uint8Array,
  maxBodyLength: number,
): ScheduleAction | undefined {
  const [kind, value] = decodeVariant(body) ?? [];
  if (kind === "List") return value === null ? { kind } : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  if (kind === "Unschedule") return isId(fields["id"]) ? { kind, id: fields["id"] } : undefined;
  if (kind !== "Schedule") return undefined;
  const spec = readSpec(fields, maxBodyLength);
  return spec === undefined ? undefined : { kind, spec };
}

function readSpec(
  fields: Record<string, unknown>,
  maxBodyLength: number,
): ScheduleSpec | undefined {
  const { id, catch_up: catchUp = null, body = null } = fields;
  const rule = readRule(fields);
  if (!isId(id) || rule === undefined) return undefined;
  if (catchUp !== null && catchUp !== "once" && catchUp !== "none") return undefined;
  if (body !== null && (typeof body !== "string" || body.length > maxBodyLength)) return undefined;
  return { id, rule, catchUp: catchUp ?? "once", body: body ?? undefined };
}

/** Exactly one of the three; a time zone only beside a pattern. */
function readRule(fields: Record<string, unknown>): Rule | undefined {
  const given = RULES.filter((name) => fields[name] !== undefined && fields[name] !== null);
  const { cron, every, at, time_zone: timeZone = null } = fields;
  if (given.length !== 1 || (timeZone !== null && typeof timeZone !== "string")) return undefined;
  if (given[0] === "cron") {
    return typeof cron === "string" ? { cron, timeZone: timeZone ?? "UTC" } : undefined;
  }
  if (timeZone !== null) return undefined;
  if (given[0] === "every") {
    return isWithin(every, MIN_STEP_MS, MAX_STEP_MS) ? { every } : undefined;
  }
  return isWithin(at, 0, MAX_TIME_MS) ? { at } : undefined;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_ID_LENGTH;
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** Fields of a schedule as `List` and `Schedule` write them. */
export function specFields({ id, rule, catchUp, body }: ScheduleSpec): Record<string, unknown> {
  const { timeZone, ...times } = { timeZone: undefined, ...rule };
  return { id, ...times, time_zone: timeZone, catch_up: catchUp, body };
}

export function rowKey(owner: ProcessId, id: string): string {
  return JSON.stringify([owner, id]);
}

export function encodeRow(row: ScheduleRow): string {
  const { owner, spec, startMs, lastMs } = row;
  return JSON.stringify({ owner, spec: specFields(spec), start_ms: startMs, last_ms: lastMs });
}

/** @returns `undefined`: not a row of ours */
export function decodeRow(text: string): ScheduleRow | undefined {
  try {
    const row = JSON.parse(text) as Record<string, unknown>;
    const { owner, start_ms: startMs, last_ms: lastMs } = row;
    const spec = readSpec(row["spec"] as Record<string, unknown>, Number.POSITIVE_INFINITY);
    if (spec === undefined || typeof owner !== "string" || !isProcessId(owner)) return undefined;
    if (!Number.isFinite(startMs) || !Number.isFinite(lastMs)) return undefined;
    return { owner, spec, startMs: startMs as number, lastMs: lastMs as number };
  } catch {
    return undefined;
  }
}

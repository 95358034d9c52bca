/**
 * One event as a line of the log file, and as a line for the terminal.
 * Source: spec/packages-and-tools.md §25.10.
 * @module
 */
import { plainValue, shortened } from "./plain-value.ts";

/** How important an event is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** From the least to the most important. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** What is known about an event besides its text; a function is called only when somebody wants to know. */
export type LogFields =
  Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>);

/** An event whose fields are plain data. */
export interface LogEvent {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const MAX_LINE = 32_768;
const MAX_TERMINAL_LINE = 4_096;

/** Never throws. */
export function logEvent(level: LogLevel, message: unknown, fields?: LogFields | Error): LogEvent {
  return { level, message: shortened(textOf(message)), fields: plainFields(fields) };
}

function textOf(message: unknown): string {
  if (typeof message === "string") return message;
  try {
    return JSON.stringify(plainValue(message)) ?? String(message);
  } catch {
    return "[unreadable]";
  }
}

function plainFields(fields: LogFields | Error | undefined): Readonly<Record<string, unknown>> {
  if (fields === undefined) return {};
  let given: unknown;
  try {
    given = typeof fields === "function" ? fields() : fields;
  } catch {
    given = { fields: "[unreadable]" };
  }
  const named = given instanceof Error ? { error: given } : given;
  const plain = plainValue(named);
  return typeof plain === "object" && plain !== null && !Array.isArray(plain)
    ? (plain as Record<string, unknown>)
    : { value: plain };
}

/**
 * `{"timestamp","level","fields":{"message", …},"target"}` and a line feed, as the reference's library writes it. A field
 * of the name `message` gives way to the text.
 */
export function fileLine({ level, message, fields }: LogEvent, target: string, at: Date): string {
  const head = { timestamp: at.toISOString(), level: level.toUpperCase() };
  const line = JSON.stringify({
    ...head,
    fields: Object.assign({ message }, fields, { message }),
    target,
  });
  if (line.length <= MAX_LINE) return `${line}\n`;
  const preview = shortened(JSON.stringify(fields));
  return `${JSON.stringify({ ...head, fields: { message, too_large: preview }, target })}\n`;
}

/** `WARN disk is slow path="/a" ms=7` */
export function terminalLine({ level, message, fields }: LogEvent): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const line = [level.toUpperCase(), message, ...parts].join(" ");
  return shortened(line, MAX_TERMINAL_LINE);
}

/**
 * The `console` of a script: each call is one line on the node's terminal.
 * Part of the engine's prelude and of the native executor, so that both show the same text.
 * @module
 */

/** The five calls scripts use; `debug` is shown only when the person asks for detail. */
export interface GuestConsole {
  error(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  info(...values: unknown[]): void;
  log(...values: unknown[]): void;
  debug(...values: unknown[]): void;
}

/** Values as one line: strings as they are, errors with their stack, objects as JSON. Never throws. */
function formatConsoleLine(values: readonly unknown[]): string {
  return values.map(formatValue).join(" ");
}

function formatValue(value: unknown): string {
  try {
    if (typeof value === "string") return value;
    if (value instanceof Error) return formatError(value);
    if (typeof value === "object" && value !== null) return formatObject(value);
    if (typeof value === "bigint") return `${value}n`;
    return String(value);
  } catch {
    return "[value that cannot be shown]";
  }
}

function formatError(error: Error): string {
  const head = String(error);
  const stack = error.stack ?? "";
  return stack.includes(head) ? stack : `${head}\n${stack}`.trimEnd();
}

function formatObject(value: object): string {
  if (value instanceof Uint8Array) return `Uint8Array(${value.length})`;
  const ancestors: object[] = [];
  return JSON.stringify(value, function (this: object, _key, item: unknown) {
    if (typeof item === "bigint") return `${item}n`;
    if (typeof item !== "object" || item === null) return item;
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop();
    if (ancestors.includes(item)) return "[circular]";
    ancestors.push(item);
    return item;
  });
}

/** @param print - `kinode.printToTerminal`; verbosity 0 is always shown, 1 is detail */
export function createGuestConsole(print: (verbosity: number, text: string) => void): GuestConsole {
  const always = (...values: unknown[]): void => print(0, formatConsoleLine(values));
  return {
    error: always,
    warn: always,
    info: always,
    log: always,
    debug: (...values) => print(1, formatConsoleLine(values)),
  };
}

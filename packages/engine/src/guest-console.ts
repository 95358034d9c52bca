/**
 * The `console` of a script: each call is a message on the node's terminal.
 * Part of the engine's prelude and of the native executor, so that both show the same text.
 * Source: Console Standard (WHATWG), formatting as Node does it.
 * @module
 */

/** What scripts call; `debug` is shown only when the person asks for detail. */
export interface GuestConsole {
  error(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  info(...values: unknown[]): void;
  log(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  trace(...values: unknown[]): void;
  assert(condition?: unknown, ...values: unknown[]): void;
  dir(value?: unknown): void;
  table(value?: unknown): void;
  group(...values: unknown[]): void;
  groupEnd(): void;
  count(label?: unknown): void;
  countReset(label?: unknown): void;
  time(label?: unknown): void;
  timeLog(label?: unknown, ...values: unknown[]): void;
  timeEnd(label?: unknown): void;
}

export interface ConsolePowers {
  /** `kinode.printToTerminal`; verbosity 0 is always shown, 1 is detail. */
  readonly print: (verbosity: number, text: string) => void;
  /** See `inspect.ts`; asked for only when something other than text is printed. */
  readonly inspect: (value: unknown) => string;
  /** Milliseconds from some moment on. */
  readonly nowMs: () => number;
}

function substitute(kind: string, value: unknown, inspect: ConsolePowers["inspect"]): string {
  switch (kind) {
    case "s":
      return typeof value === "object" && value !== null ? inspect(value) : String(value);
    case "d":
      return String(typeof value === "bigint" ? value : Number(value));
    case "i":
      return String(Number.parseInt(String(value), 10));
    case "f":
      return String(Number.parseFloat(String(value)));
    case "j":
      return JSON.stringify(value) ?? "undefined";
    case "c":
      return "";
    default:
      return inspect(value);
  }
}

/** Values as text. Never throws. */
function formatValues(values: readonly unknown[], inspect: ConsolePowers["inspect"]): string {
  const rest = [...values];
  const parts: string[] = [];
  if (typeof rest[0] === "string") {
    const format = rest.shift() as string;
    if (rest.length === 0 || !format.includes("%")) parts.push(format);
    else {
      parts.push(
        format.replaceAll(/%([sdifjoOc%])/g, (found, kind: string) => {
          if (kind === "%") return "%";
          return rest.length === 0 ? found : substitute(kind, rest.shift(), inspect);
        }),
      );
    }
  }
  for (const value of rest) parts.push(typeof value === "string" ? value : inspect(value));
  return parts.join(" ");
}

export function createGuestConsole({ print, inspect, nowMs }: ConsolePowers): GuestConsole {
  let indent = "";
  const counts = new Map<string, number>();
  const starts = new Map<string, number>();

  function line(verbosity: number, values: readonly unknown[]): void {
    let text: string;
    try {
      text = formatValues(values, inspect);
    } catch {
      text = "[value that cannot be shown]";
    }
    print(verbosity, indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`));
  }

  const always = (...values: unknown[]): void => line(0, values);
  const labelOf = (label: unknown): string =>
    label === undefined ? "default" : `${label as string}`;

  function timed(label: unknown, values: readonly unknown[]): void {
    const name = labelOf(label);
    const start = starts.get(name);
    if (start === undefined) line(0, [`Timer "${name}" does not exist`]);
    else line(0, [`${name}: ${(nowMs() - start).toFixed(3)} ms`, ...values]);
  }

  return {
    error: always,
    warn: always,
    info: always,
    log: always,
    debug: (...values) => line(1, values),
    trace(...values) {
      const stack = new Error("here").stack ?? "";
      const frames = stack.split("\n").filter((each) => /^\s+at /.test(each));
      line(0, [`Trace: ${formatValues(values, inspect)}\n${frames.slice(1).join("\n")}`]);
    },
    assert(condition, ...values) {
      if (condition) return;
      if (typeof values[0] === "string") values[0] = `Assertion failed: ${values[0]}`;
      else values.unshift("Assertion failed");
      line(0, values);
    },
    dir: (value) => line(0, [inspect(value)]),
    table: always,
    group(...values) {
      if (values.length > 0) line(0, values);
      indent += "  ";
    },
    groupEnd() {
      indent = indent.slice(2);
    },
    count(label) {
      const name = labelOf(label);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      line(0, [`${name}: ${counts.get(name)}`]);
    },
    countReset: (label) => void counts.delete(labelOf(label)),
    time: (label) => void starts.set(labelOf(label), nowMs()),
    timeLog: (label, ...values) => timed(label, values),
    timeEnd(label) {
      timed(label, []);
      starts.delete(labelOf(label));
    },
  };
}

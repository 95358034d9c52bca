/**
 * Logging: to a file of the package, to the terminal, and to another process.
 * Source: spec/packages-and-tools.md §25.10.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import type { Target } from "../address.ts";
import { atEnd } from "../end-tasks.ts";
import { print } from "../print.ts";
import type { Verbosity } from "../print.ts";
import { our } from "../send.ts";
import { LogFile } from "./log-file.ts";
import type { LogEvent, LogFields, LogLevel } from "./log-line.ts";
import { fileLine, LOG_LEVELS, logEvent, terminalLine } from "./log-line.ts";
import { RemoteLog } from "./remote-log.ts";

export type { LogFields, LogLevel } from "./log-line.ts";

/** Events of a level and of all more important ones. */
export type LogThreshold = LogLevel | "off";

/** What goes where. Source: spec/packages-and-tools.md §25.10. */
export interface LoggingOptions {
  /** What goes to `/<package id>/log/<process>.log`. Default `"info"`. */
  readonly file?: LogThreshold | undefined;
  /** What goes to the terminal. Default `"info"`. */
  readonly terminal?: LogThreshold | undefined;
  /** A process that gets `{"Log": [bytes of a line]}` for each event; no answer is expected. */
  readonly remote?: { readonly target: Target; readonly level: LogLevel } | undefined;
  /** How verbose a terminal must be to show a level. Default: error 0, warn 1, info 2, debug 3. */
  readonly levels?: Readonly<Partial<Record<LogLevel, Verbosity>>> | undefined;
  /** Of the file in bytes, from 4 KiB to 16 MiB; when there is more, the older half is dropped. Default 1 MiB. */
  readonly maxSize?: number | undefined;
}

type LogFunction = (message: unknown, fields?: LogFields | Error) => void;

const DEFAULT_LEVELS: Readonly<Record<LogLevel, Verbosity>> = {
  error: 0,
  warn: 1,
  info: 2,
  debug: 3,
};
const DEFAULT_MAX_SIZE = 1024 * 1024;
const LEAST_MAX_SIZE = 4 * 1024;
const GREATEST_MAX_SIZE = 16 * 1024 * 1024;

type Sink = (event: LogEvent, line: () => string) => void;

interface Outlet {
  readonly from: LogThreshold;
  readonly sink: Sink;
}

let flushAll: () => Promise<void> = () => Promise.resolve();

function takes(threshold: LogThreshold, level: LogLevel): boolean {
  return threshold !== "off" && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold);
}

const ignore: LogFunction = () => {};

/** The function for one level: where nobody wants it, one that does nothing. */
function logFunction(level: LogLevel, outlets: readonly Outlet[]): LogFunction {
  const sinks = outlets.filter(({ from }) => takes(from, level)).map(({ sink }) => sink);
  if (sinks.length === 0) return ignore;
  return (message, fields) => {
    const event = logEvent(level, message, fields);
    let line: string | undefined;
    const lineOnce = (): string => (line ??= fileLine(event, our().process, new Date()));
    for (const sink of sinks) sink(event, lineOnce);
  };
}

function terminalOutlet({ terminal = "info", levels }: LoggingOptions): Outlet {
  const verbosity = { ...DEFAULT_LEVELS, ...levels };
  return { from: terminal, sink: (event) => print(terminalLine(event), verbosity[event.level]) };
}

/**
 * Writes events: a text and what else is known. Never throws and never waits. Fields may be anything: cycles and what is
 * too large are cut. Before `initLogging` events go to the terminal only.
 */
export interface Log {
  readonly debug: LogFunction;
  readonly info: LogFunction;
  readonly warn: LogFunction;
  readonly error: LogFunction;
  /** Whether anybody wants events of this level. */
  isOn(level: LogLevel): boolean;
  /** Settles when everything so far is with the VFS and sent, or could not be. */
  flush(): Promise<void>;
}

type MutableLog = { -readonly [Key in keyof Log]: Log[Key] };

const current: MutableLog = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  isOn: (level) => current[level] !== ignore,
  flush: () => flushAll(),
};

/** Writes events; see `Log`. */
export const log: Log = current;

function connect(outlets: readonly Outlet[]): void {
  for (const level of LOG_LEVELS) current[level] = logFunction(level, outlets);
}

connect([terminalOutlet({})]);

/**
 * Starts logging as the options say, also from events that come while the file is being opened; calling it again changes
 * that. Settles when the file is there. A file that cannot be written is told once at the terminal and costs nothing
 * else. What is logged right before the process returns or throws is written; when it is killed, or ended by the
 * sandbox, lines of the last write to the disk may be missing.
 * @throws {RangeError} a size that is no number of bytes within its bounds
 */
export async function initLogging(options: LoggingOptions = {}): Promise<void> {
  const { maxSize = DEFAULT_MAX_SIZE } = options;
  if (!(maxSize >= LEAST_MAX_SIZE && maxSize <= GREATEST_MAX_SIZE)) {
    const bounds = `${LEAST_MAX_SIZE} to ${GREATEST_MAX_SIZE}`;
    throw new RangeError(`maxSize ${maxSize} is not from ${bounds} bytes`);
  }
  const earlier = flushAll;
  const outlets = [terminalOutlet(options)];
  const flushes = [earlier];
  let opened = Promise.resolve();
  const { file = "info", remote } = options;
  if (file !== "off") {
    const target = our().process;
    const logFile = new LogFile({
      process: target,
      maxSize,
      lostLine: (count) =>
        fileLine(
          logEvent("warn", "lines were lost: more was logged than could be written", { count }),
          target,
          new Date(),
        ),
      report: (error) => print(`The log file cannot be written: ${errorText(error)}`),
    });
    outlets.push({ from: file, sink: (_event, line) => logFile.add(line()) });
    flushes.push(() => logFile.flush());
    opened = logFile.open();
  }
  if (remote !== undefined) {
    const report = (error: unknown): void =>
      print(`Nothing can be logged to another process: ${errorText(error)}`);
    const remoteLog = new RemoteLog(remote.target, report);
    outlets.push({ from: remote.level, sink: (_event, line) => remoteLog.add(line()) });
    flushes.push(() => remoteLog.flush());
  }
  flushAll = async () => void (await Promise.all(flushes.map((flush) => flush())));
  connect(outlets);
  atEnd(log.flush);
  await opened;
}

/**
 * Messages as they pass, for the person's command `trace`: who watches, and what waits to be fetched.
 * Wire: docs/modules/terminal.md.
 * @module
 */
import {
  type Address,
  type Clock,
  type KernelMessage,
  LOG_PROCESS,
  packageOf,
  type ProcessId,
  type SendErrorKind,
  type TimerHandle,
} from "@kinode-ts/types";
import { sanitizeWords } from "./sanitize.ts";

/** Called with every message that goes through; the failure says that it did not arrive. */
export type MessageWatcher = (message: KernelMessage, failure: SendErrorKind | undefined) => void;

/** Starts to watch; the function that comes back ends it. */
export type WatchMessages = (watcher: MessageWatcher) => () => void;

export interface TracesOptions {
  readonly our: string;
  readonly clock: Clock;
  readonly watch: WatchMessages;
}

/** What has passed since the last time. */
export interface Traced {
  readonly messages: readonly string[];
  /** Messages that came too fast, before these. */
  readonly missed: number;
}

/** Messages that wait to be fetched, for each trace. */
export const MAX_WAITING_MESSAGES = 500;
/** Processes that may trace at the same time. */
export const MAX_TRACES = 8;
const MAX_SHOWN_CHARACTERS = 240;
const ID_DIGITS = 6;

interface Trace {
  /** A process or a package; `undefined`: everything. */
  readonly wanted: string | undefined;
  lines: string[];
  missed: number;
  /** Answers who waits for the next message. */
  wake: (() => void) | undefined;
}

export class Traces {
  readonly #options: TracesOptions;
  readonly #traces = new Map<ProcessId, Trace>();
  #unwatch: (() => void) | undefined = undefined;

  constructor(options: TracesOptions) {
    this.#options = options;
  }

  /**
   * What has passed since the last call of this process; waits for something up to `seconds`. The first call begins.
   * @returns `undefined`: too many others trace
   */
  async fetch(
    source: ProcessId,
    wanted: string | undefined,
    seconds: number,
  ): Promise<Traced | undefined> {
    const trace = this.#find(source, wanted);
    if (trace === undefined) return undefined;
    trace.wake?.();
    if (trace.lines.length === 0 && seconds > 0) await this.#next(trace, seconds);
    const { lines: messages, missed } = trace;
    trace.lines = [];
    trace.missed = 0;
    return { messages, missed };
  }

  /** Ends the trace of a process, if it has one. */
  end(source: ProcessId): void {
    const trace = this.#traces.get(source);
    this.#traces.delete(source);
    trace?.wake?.();
    if (this.#traces.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #find(source: ProcessId, wanted: string | undefined): Trace | undefined {
    const known = this.#traces.get(source);
    if (known?.wanted === wanted && known !== undefined) return known;
    known?.wake?.();
    if (known === undefined && this.#traces.size >= MAX_TRACES) return undefined;
    const trace: Trace = { wanted, lines: [], missed: 0, wake: undefined };
    this.#traces.set(source, trace);
    this.#unwatch ??= this.#options.watch((message, failure) => this.#note(message, failure));
    return trace;
  }

  async #next(trace: Trace, seconds: number): Promise<void> {
    let timer: TimerHandle | undefined;
    await new Promise<void>((resolve) => {
      trace.wake = resolve;
      timer = this.#options.clock.after(seconds * 1_000, resolve);
    });
    timer?.cancel();
    trace.wake = undefined;
  }

  #note(message: KernelMessage, failure: SendErrorKind | undefined): void {
    const { source, target } = message;
    // The questions of a trace itself would never end.
    if (source.process === LOG_PROCESS || target.process === LOG_PROCESS) return;
    let line: string | undefined;
    for (const trace of this.#traces.values()) {
      if (!concerns(trace.wanted, source) && !concerns(trace.wanted, target)) continue;
      if (trace.lines.length >= MAX_WAITING_MESSAGES) {
        trace.missed++;
        continue;
      }
      line ??= describe(message, failure, this.#options);
      trace.lines.push(line);
      trace.wake?.();
    }
  }
}

function concerns(wanted: string | undefined, { process }: Address): boolean {
  return wanted === undefined || process === wanted || packageOf(process) === wanted;
}

function describe(
  message: KernelMessage,
  failure: SendErrorKind | undefined,
  { our, clock }: TracesOptions,
): string {
  const { id, source, target, message: content, blob } = message;
  const name = ({ node, process }: Address): string =>
    node === our ? process : `${node}@${process}`;
  const expects = content.kind === "request" ? content.expectsResponse : undefined;
  const parts = [
    timeOfDay(clock.nowMs()),
    // Enough of the number to tell an answer's request.
    String(id).slice(-ID_DIGITS).padStart(ID_DIGITS, "0"),
    failure ?? content.kind,
    `${name(source)} → ${name(target)}`,
    ...(expects === undefined ? [] : [`(${expects} s)`]),
    bodyText(content.body),
    ...(blob === undefined ? [] : [`+ ${blob.bytes.length} bytes`]),
  ];
  return sanitizeWords(parts.join("  "));
}

/** `15:21:03.123` in local time. */
function timeOfDay(nowMs: number): string {
  const date = new Date(nowMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function bodyText(body: Uint8Array): string {
  const head = body.subarray(0, MAX_SHOWN_CHARACTERS * 4);
  const isCut = body.length > head.length;
  let text: string;
  try {
    // A character may be cut in two at the end.
    text = new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: isCut });
  } catch {
    return `<${body.length} bytes>`;
  }
  return isCut || text.length > MAX_SHOWN_CHARACTERS
    ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}… (${body.length} bytes)`
    : text;
}

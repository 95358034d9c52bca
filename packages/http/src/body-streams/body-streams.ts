/**
 * The bodies in parts of a module, by process and number. Each process has bounds of its own; a side that does nothing
 * costs its own stream.
 * Source: packages/types/src/body-stream.ts.
 * @module
 */
import type {
  BodyStreamAnswer,
  Clock,
  KernelMessage,
  LazyLoadBlob,
  ProcessId,
  TimerHandle,
} from "@kinode-ts/types";
import type { BodyAction } from "./actions.ts";
import { BodyReader } from "./body-reader.ts";
import { BodyWriter } from "./body-writer.ts";
import { DEFAULT_BODY_STREAM_LIMITS, type BodyStreamLimits } from "./limits.ts";

export interface BodyStreamsOptions {
  readonly clock: Clock;
  readonly limits?: Partial<BodyStreamLimits> | undefined;
  /**
   * Whether a body is given up of which nothing comes for the idle time while it is read; and, while a process has more than
   * half of its streams, one of which hardly anything comes. Default: senders may be silent.
   */
  readonly endsSilentSenders?: boolean;
  /** What the taker of a body that is given up gets to see. Default: an `AbortError`. */
  readonly abortReason?: () => unknown;
  /** Answers a request in the way of the module, blob included. */
  readonly answer: (
    request: KernelMessage,
    answer: BodyStreamAnswer,
    blob: LazyLoadBlob | undefined,
  ) => void;
}

/** What the opener of a stream wants to know. */
export interface ReadHooks {
  /** The process read, or gave the stream up: it is at work. */
  readonly active?: () => void;
}

export interface WriteHooks {
  /** Called once, however it ended. */
  readonly over?: () => void;
  /** The taker went away, or took nothing for too long, or the process wrote without waiting. */
  readonly abandoned?: () => void;
}

interface OpenReader {
  readonly reader: BodyReader;
  readonly hooks: ReadHooks;
  /** What had come when it was last looked at; `undefined`: it is new. */
  seenBytes: number | undefined;
}

interface OpenWriter {
  readonly writer: BodyWriter;
  readonly hooks: WriteHooks;
}

interface ProcessStreams {
  readonly readers: Map<number, OpenReader>;
  readonly writers: Map<number, OpenWriter>;
  /** All is said, and the taker has not yet taken all of it. */
  readonly ending: Set<BodyWriter>;
  /** Numbers of streams that the other side closed: late requests are told so. */
  readonly closed: Set<string>;
  waitingBytes: number;
  lastReadId: number;
}

const MAX_CLOSED_COUNT = 256;
/** In a quarter of the idle time at least so much must come of a body while streams are scarce. */
const LEAST_BYTES_WHEN_SCARCE = 16 * 1024;

export class BodyStreams {
  readonly limits: BodyStreamLimits;
  readonly #options: BodyStreamsOptions;
  readonly #processes = new Map<ProcessId, ProcessStreams>();
  #sweep: TimerHandle | undefined;

  constructor(options: BodyStreamsOptions) {
    this.#options = options;
    this.limits = { ...DEFAULT_BODY_STREAM_LIMITS, ...options.limits };
  }

  /** Open streams of all processes. */
  get count(): number {
    let count = 0;
    for (const { readers, writers, ending } of this.#processes.values()) {
      count += readers.size + writers.size + ending.size;
    }
    return count;
  }

  /** Whether a process may open one more stream to read. */
  canRead(process: ProcessId): boolean {
    const streams = this.#processes.get(process);
    return streams === undefined || streams.readers.size < this.limits.maxStreamsPerProcess;
  }

  /** Whether a process may open a stream to write of this number. */
  canWrite(process: ProcessId, stream: number): boolean {
    const streams = this.#processes.get(process);
    if (streams === undefined) return true;
    const { writers, ending } = streams;
    const count = writers.size + ending.size;
    return !writers.has(stream) && count < this.limits.maxStreamsPerProcess;
  }

  /** A number that no stream to read of this process has. */
  freshReadId(process: ProcessId): number {
    const streams = this.#of(process);
    do streams.lastReadId = (streams.lastReadId + 1) >>> 0;
    while (streams.readers.has(streams.lastReadId));
    return streams.lastReadId;
  }

  /**
   * Gives a process a body to read.
   * @returns false, with the source cancelled, when the number is taken or there are too many
   */
  openRead(
    process: ProcessId,
    stream: number,
    source: ReadableStream<Uint8Array>,
    hooks: ReadHooks = {},
  ): boolean {
    const { readers, closed } = this.#of(process);
    if (readers.has(stream) || !this.canRead(process)) {
      source.cancel().catch(() => {});
      return false;
    }
    closed.delete(`read ${stream}`);
    const reader = new BodyReader(source, this.#nowMs());
    readers.set(stream, { reader, hooks, seenBytes: undefined });
    this.#watch();
    return true;
  }

  /** A body that a process writes; `undefined` when the number is taken or there are too many. */
  openWrite(
    process: ProcessId,
    stream: number,
    hooks: WriteHooks = {},
  ): ReadableStream<Uint8Array> | undefined {
    if (!this.canWrite(process, stream)) return undefined;
    const streams = this.#of(process);
    const writer = new BodyWriter(this.limits.highWaterBytes, {
      abortReason: this.#options.abortReason ?? givenUp,
      nowMs: () => this.#nowMs(),
      waited: (bytes) => {
        streams.waitingBytes += bytes;
      },
      abandoned: () => this.#abandoned(process, streams, stream, writer),
      finished: () => this.#finished(process, streams, writer),
      over: () => hooks.over?.(),
    });
    streams.closed.delete(`write ${stream}`);
    streams.writers.set(stream, { writer, hooks });
    this.#watch();
    return writer.body;
  }

  /** One request of a process; answers it, now or when there is something to say. */
  handle(message: KernelMessage, action: BodyAction): void {
    const { process } = message.source;
    switch (action.kind) {
      case "BodyRead":
        return this.#read(message, process, action.stream, action.maxBytes);
      case "BodyWrite":
        return this.#write(message, process, action.stream);
      case "BodyEnd":
        return this.#end(message, process, action.stream);
      case "BodyAbort":
        return this.#abort(message, process, action);
    }
  }

  /** Whether a process waits for bytes of a stream. */
  isReading(process: ProcessId, stream: number): boolean {
    return this.#processes.get(process)?.readers.get(stream)?.reader.isReading ?? false;
  }

  /** Whether a process has a stream of this number to write. */
  isWriting(process: ProcessId, stream: number): boolean {
    return this.#processes.get(process)?.writers.has(stream) ?? false;
  }

  /** Breaks a stream that the process reads: the sender went away. */
  closeRead(process: ProcessId, stream: number): void {
    const streams = this.#processes.get(process);
    const open = streams?.readers.get(stream);
    if (streams === undefined || open === undefined) return;
    open.reader.close();
    this.#forgetReader(process, streams, stream, true);
  }

  /** Breaks a stream that the process writes: its taker went away. */
  closeWrite(process: ProcessId, stream: number): void {
    const streams = this.#processes.get(process);
    const open = streams?.writers.get(stream);
    if (streams === undefined || open === undefined) return;
    open.writer.abort();
    this.#abandoned(process, streams, stream, open.writer);
  }

  /** Ends what a process left open; what it wrote and did not end is broken. */
  processEnded(process: ProcessId): void {
    const streams = this.#processes.get(process);
    if (streams === undefined) return;
    this.#processes.delete(process);
    for (const { reader } of streams.readers.values()) reader.close();
    for (const { writer } of streams.writers.values()) writer.abort();
    // What was said to its end still arrives.
    if (streams.ending.size > 0)
      this.#processes.set(process, { ...emptyStreams(), ending: streams.ending });
  }

  /** Breaks everything. */
  closeAll(): void {
    for (const [process, { ending }] of [...this.#processes]) {
      this.processEnded(process);
      for (const writer of ending) writer.abort();
    }
    this.#processes.clear();
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }

  #read(message: KernelMessage, process: ProcessId, stream: number, maxBytes?: number): void {
    const streams = this.#processes.get(process);
    const open = streams?.readers.get(stream);
    if (streams === undefined || open === undefined) {
      return this.#unknown(message, process, `read ${stream}`);
    }
    const { reader, hooks } = open;
    // One at a time: a process that asks again and again must not fill the memory with questions.
    if (reader.isReading) return this.#fail(message, "MalformedRequest");
    hooks.active?.();
    reader.activeMs = this.#nowMs();
    const limit = Math.min(maxBytes ?? this.limits.defaultReadBytes, this.limits.maxPartBytes);
    void reader.read(limit).then((part) => {
      reader.activeMs = this.#nowMs();
      hooks.active?.();
      if (typeof part !== "string") {
        const answer = { Ok: { BodyChunk: { done: false } } };
        return this.#options.answer(message, answer, { mime: undefined, bytes: part.bytes });
      }
      this.#forgetReader(process, streams, stream, part === "closed", reader);
      if (part === "closed") return this.#fail(message, "StreamClosed");
      const bytes = new Uint8Array(0);
      const answer = { Ok: { BodyChunk: { done: true } } };
      return this.#options.answer(message, answer, { mime: undefined, bytes });
    });
  }

  #write(message: KernelMessage, process: ProcessId, stream: number): void {
    const streams = this.#processes.get(process);
    const open = streams?.writers.get(stream);
    if (streams === undefined || open === undefined) {
      return this.#unknown(message, process, `write ${stream}`);
    }
    const bytes = message.blob?.bytes;
    if (bytes === undefined) return this.#fail(message, "NoBlob");
    if (bytes.length > this.limits.maxPartBytes) return this.#fail(message, "MalformedRequest");
    if (streams.waitingBytes + bytes.length > this.limits.maxWaitingBytesPerProcess) {
      open.writer.abort();
      this.#abandoned(process, streams, stream, open.writer);
      return this.#fail(message, "StreamClosed");
    }
    open.writer.write(bytes, (isOpen) => {
      if (isOpen) this.#options.answer(message, { Ok: null }, undefined);
      else this.#fail(message, "StreamClosed");
    });
  }

  #end(message: KernelMessage, process: ProcessId, stream: number): void {
    const streams = this.#processes.get(process);
    const open = streams?.writers.get(stream);
    if (streams === undefined || open === undefined) {
      return this.#unknown(message, process, `write ${stream}`);
    }
    streams.writers.delete(stream);
    streams.ending.add(open.writer);
    open.writer.end();
    this.#options.answer(message, { Ok: null }, undefined);
  }

  #abort(
    message: KernelMessage,
    process: ProcessId,
    action: Extract<BodyAction, { kind: "BodyAbort" }>,
  ): void {
    const { stream, reading } = action;
    const streams = this.#processes.get(process);
    const reader = reading ? streams?.readers.get(stream)?.reader : undefined;
    const writer = reading ? undefined : streams?.writers.get(stream)?.writer;
    if (streams === undefined || (reader === undefined && writer === undefined)) {
      return this.#unknown(message, process, `${reading ? "read" : "write"} ${stream}`);
    }
    reader?.close();
    if (reader !== undefined) this.#forgetReader(process, streams, stream, false);
    writer?.abort();
    if (writer !== undefined) streams.writers.delete(stream);
    this.#forgetIfEmpty(process, streams);
    this.#options.answer(message, { Ok: null }, undefined);
  }

  /** The taker is gone: late requests are told so, and the opener as well. */
  #abandoned(
    process: ProcessId,
    streams: ProcessStreams,
    stream: number,
    writer: BodyWriter,
  ): void {
    if (streams.ending.delete(writer)) return this.#forgetIfEmpty(process, streams);
    const open = streams.writers.get(stream);
    if (open?.writer !== writer) return;
    streams.writers.delete(stream);
    this.#remember(streams, `write ${stream}`);
    open.hooks.abandoned?.();
  }

  #finished(process: ProcessId, streams: ProcessStreams, writer: BodyWriter): void {
    streams.ending.delete(writer);
    this.#forgetIfEmpty(process, streams);
  }

  #unknown(message: KernelMessage, process: ProcessId, key: string): void {
    const wasClosed = this.#processes.get(process)?.closed.has(key) ?? false;
    this.#fail(message, wasClosed ? "StreamClosed" : "UnknownStream");
  }

  #fail(message: KernelMessage, error: Extract<BodyStreamAnswer, { Err: unknown }>["Err"]): void {
    this.#options.answer(message, { Err: error }, undefined);
  }

  /** @param reader - forgets only this one: the number may belong to another by now */
  #forgetReader(
    process: ProcessId,
    streams: ProcessStreams,
    stream: number,
    wasClosed: boolean,
    reader?: BodyReader,
  ): void {
    const open = streams.readers.get(stream);
    if (open === undefined || (reader !== undefined && open.reader !== reader)) return;
    streams.readers.delete(stream);
    if (wasClosed) this.#remember(streams, `read ${stream}`);
    this.#forgetIfEmpty(process, streams);
  }

  #forgetIfEmpty(process: ProcessId, streams: ProcessStreams): void {
    const { readers, writers, ending, closed } = streams;
    if (readers.size + writers.size + ending.size + closed.size > 0) return;
    if (this.#processes.get(process) === streams) this.#processes.delete(process);
  }

  #remember(streams: ProcessStreams, key: string): void {
    const { closed } = streams;
    if (closed.size >= MAX_CLOSED_COUNT) {
      for (const oldest of closed) {
        closed.delete(oldest);
        break;
      }
    }
    closed.add(key);
  }

  #of(process: ProcessId): ProcessStreams {
    const known = this.#processes.get(process);
    if (known !== undefined) return known;
    const streams = emptyStreams();
    this.#processes.set(process, streams);
    return streams;
  }

  #watch(): void {
    const { clock } = this.#options;
    this.#sweep ??= clock.after(Math.ceil(this.limits.idleMs / 4), () => this.#closeIdle());
  }

  #closeIdle(): void {
    this.#sweep = undefined;
    const dueMs = this.#nowMs() - this.limits.idleMs;
    for (const [process, streams] of [...this.#processes]) {
      const isScarce = streams.readers.size > this.limits.maxStreamsPerProcess / 2;
      for (const [stream, open] of [...streams.readers]) {
        if (!this.#isStandingStill(open, dueMs, isScarce)) continue;
        if (open.reader.isReading) open.hooks.active?.();
        this.closeRead(process, stream);
      }
      for (const [stream, { writer }] of [...streams.writers]) {
        if (!isStuck(writer, dueMs)) continue;
        writer.abort();
        this.#abandoned(process, streams, stream, writer);
      }
      for (const writer of [...streams.ending]) {
        if (writer.activeMs > dueMs) continue;
        writer.abort();
        streams.ending.delete(writer);
      }
      this.#forgetIfEmpty(process, streams);
    }
    if (this.count > 0) this.#watch();
  }

  /** While a read waits it is the sender who is slow. */
  #isStandingStill(open: OpenReader, dueMs: number, isScarce: boolean): boolean {
    const { reader, seenBytes } = open;
    open.seenBytes = reader.receivedBytes;
    if (!reader.isReading) return reader.activeMs <= dueMs;
    if (this.#options.endsSilentSenders !== true) return false;
    const isSlow =
      seenBytes !== undefined && reader.receivedBytes - seenBytes < LEAST_BYTES_WHEN_SCARCE;
    return reader.activeMs <= dueMs || (isScarce && isSlow);
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function givenUp(): unknown {
  return new DOMException("The body was given up", "AbortError");
}

function isStuck(writer: BodyWriter, dueMs: number): boolean {
  return writer.waitingBytes > 0 && writer.activeMs <= dueMs;
}

function emptyStreams(): ProcessStreams {
  return {
    readers: new Map(),
    writers: new Map(),
    ending: new Set(),
    closed: new Set(),
    waitingBytes: 0,
    lastReadId: 0,
  };
}

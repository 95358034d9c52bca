/**
 * `wasi:io/streams`: bytes in and out. No stream of a process ever makes it wait, so the blocking functions do the same as
 * the others, and the promised space of `check-write` is always there.
 * @module
 */
import type { Result, U64 } from "@kinode-ts/types";
import type { AbiType } from "../canonical-abi/abi-type.ts";
import { borrow, own } from "../canonical-abi/handles.ts";
import { bytes } from "../canonical-abi/lists.ts";
import { mapped } from "../canonical-abi/records.ts";
import { ResourceType } from "../canonical-abi/resource-type.ts";
import { u64 } from "../canonical-abi/scalars.ts";
import { result, variant } from "../canonical-abi/variants.ts";
import type { FiberPort } from "../fiber-port.ts";
import type { WasiFunction, WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";
import { ERROR } from "./io-error.ts";
import type { IoError } from "./io-error.ts";
import { POLLABLE, createReadyPollable } from "./io-poll.ts";

/** Why a stream gave or took nothing: its end, or a failure. */
export type StreamError = "closed" | IoError;

export interface InputStream {
  /** 1 to `maxBytes` bytes. Their buffer is the caller's. */
  read(maxBytes: number): Result<Uint8Array, StreamError>;
}

export interface OutputStream {
  /** Takes all of them or fails. It must not keep the buffer. */
  write(contents: Uint8Array): Result<undefined, StreamError>;
}

/** Bytes of one read, and the space that `check-write` promises. Bounds the time of one call. */
const CHUNK_BYTES = 65_536;
/** Bytes of a write that cost the node as much as a call. */
const BYTES_PER_CALL_SHIFT = 12;

export const INPUT_STREAM = new ResourceType<InputStream>("input-stream");
export const OUTPUT_STREAM = new ResourceType<OutputStream>("output-stream");

const CASE = { failed: 0, closed: 1 } as const;

const streamError: AbiType<StreamError> = mapped(
  variant([own(ERROR), undefined], ["last-operation-failed", "closed"]),
  ({ index, payload }) => (index === CASE.closed ? "closed" : (payload as IoError)),
  (error) =>
    error === "closed"
      ? { index: CASE.closed, payload: undefined }
      : { index: CASE.failed, payload: error },
);
const nothing = result<undefined, StreamError>(undefined, streamError);
const amount = result(u64, streamError);

const done: Result<undefined, StreamError> = { ok: true, value: undefined };
const space: Result<U64, StreamError> = { ok: true, value: CHUNK_BYTES };
const atMostChunk = (length: U64): number => Math.min(Number(length), CHUNK_BYTES);

function read(
  process: FiberPort,
  stream: InputStream,
  length: U64,
): Result<Uint8Array, StreamError> {
  process.spend(1 + (atMostChunk(length) >>> BYTES_PER_CALL_SHIFT));
  return stream.read(atMostChunk(length));
}

function skip(process: FiberPort, stream: InputStream, length: U64): Result<U64, StreamError> {
  const skipped = read(process, stream, length);
  return skipped.ok ? { ok: true, value: skipped.value.length } : skipped;
}

function write(
  process: FiberPort,
  stream: OutputStream,
  contents: Uint8Array,
): Result<undefined, StreamError> {
  process.spend(1 + (contents.length >>> BYTES_PER_CALL_SHIFT));
  return stream.write(contents);
}

/** In pieces, so that a large length needs no large buffer; nothing waits in between, so it must be bounded. */
function writeZeroes(
  process: FiberPort,
  stream: OutputStream,
  length: U64,
): Result<undefined, StreamError> {
  return write(process, stream, new Uint8Array(atMostChunk(length)));
}

function splice(
  process: FiberPort,
  to: OutputStream,
  from: InputStream,
  length: U64,
): Result<U64, StreamError> {
  const moved = read(process, from, length);
  if (!moved.ok) return moved;
  const written = write(process, to, moved.value);
  return written.ok ? { ok: true, value: moved.value.length } : written;
}

const input = borrow(INPUT_STREAM);
const output = borrow(OUTPUT_STREAM);
const reading = wasiFunction([input, u64], result(bytes, streamError), read);
const skipping = wasiFunction([input, u64], amount, skip);
const writing = wasiFunction([output, bytes], nothing, write);
const writingZeroes = wasiFunction([output, u64], nothing, writeZeroes);
const flushing = wasiFunction([output], nothing, () => done);
const splicing = wasiFunction([output, input, u64], amount, splice);

const METHODS: Readonly<Record<string, WasiFunction>> = {
  "input-stream.read": reading,
  "input-stream.blocking-read": reading,
  "input-stream.skip": skipping,
  "input-stream.blocking-skip": skipping,
  "input-stream.subscribe": wasiFunction([input], own(POLLABLE), createReadyPollable),
  "output-stream.check-write": wasiFunction([output], amount, () => space),
  "output-stream.write": writing,
  "output-stream.blocking-write-and-flush": writing,
  "output-stream.flush": flushing,
  "output-stream.blocking-flush": flushing,
  "output-stream.subscribe": wasiFunction([output], own(POLLABLE), createReadyPollable),
  "output-stream.write-zeroes": writingZeroes,
  "output-stream.blocking-write-zeroes-and-flush": writingZeroes,
  "output-stream.splice": splicing,
  "output-stream.blocking-splice": splicing,
};

export const ioStreams: WasiInterface = {
  name: "wasi:io/streams",
  resources: { "input-stream": INPUT_STREAM, "output-stream": OUTPUT_STREAM },
  functions: Object.fromEntries(
    Object.entries(METHODS).map(([name, item]) => [`[method]${name}`, item]),
  ),
};

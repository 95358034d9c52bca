/**
 * Reads the reports of the probe (see `probe-script.ts`): one record per operation that answers something.
 * @module
 */
import {
  type Address,
  type Capability,
  formatProcessId,
  type LazyLoadBlob,
  type Message,
  type OnExit,
  type ProcessId,
  type SendErrorKind,
  type SpawnError,
  toU64,
} from "@kinode-ts/types";
import { ByteReader } from "./byte-writer.ts";
import { OP } from "./probe-script.ts";

/** A failure as the probe saw it; before 0.8.0 the interface tells no target. */
export interface ProbeSendError {
  readonly kind: SendErrorKind;
  readonly target: Address | undefined;
  readonly message: Message;
  readonly blob: LazyLoadBlob | undefined;
}

export type ProbeDelivery =
  | {
      readonly kind: "message";
      readonly source: Address;
      readonly message: Message;
      readonly context: Uint8Array | undefined;
    }
  | {
      readonly kind: "send-error";
      readonly error: ProbeSendError;
      readonly context: Uint8Array | undefined;
    };

export type ProbeRecord =
  | { readonly op: "our"; readonly address: Address }
  | { readonly op: "get-on-exit"; readonly onExit: OnExit }
  | { readonly op: "get-state"; readonly bytes: Uint8Array | undefined }
  | {
      readonly op: "spawn";
      readonly result:
        | { readonly ok: true; readonly process: ProcessId }
        | { readonly ok: false; readonly error: SpawnError };
    }
  | { readonly op: "our-capabilities"; readonly capabilities: readonly Capability[] }
  | { readonly op: "receive" | "send-and-await"; readonly delivery: ProbeDelivery }
  | { readonly op: "has-blob"; readonly has: boolean }
  | { readonly op: "get-blob" | "last-blob"; readonly blob: LazyLoadBlob | undefined }
  /** Pages before; 2^32 − 1: refused. */
  | { readonly op: "grow"; readonly pagesBefore: number }
  | { readonly op: "note"; readonly text: string }
  | { readonly op: "random"; readonly bytes: Uint8Array };

/**
 * Reads one report.
 * @throws {RangeError} bytes that are no report
 */
export function decodeProbeReport(bytes: Uint8Array): ProbeRecord[] {
  const input = new ByteReader(bytes);
  const records: ProbeRecord[] = [];
  while (!input.done) records.push(readRecord(input.u8(), input));
  return records;
}

function readRecord(op: number, input: ByteReader): ProbeRecord {
  switch (op) {
    case OP.our:
      return { op: "our", address: readAddress(input) };
    case OP.getOnExit:
      return { op: "get-on-exit", onExit: readOnExit(input) };
    case OP.getState:
      return { op: "get-state", bytes: input.option(() => input.bytes()) };
    case OP.spawn:
      return { op: "spawn", result: readSpawned(input) };
    case OP.ourCapabilities:
      return { op: "our-capabilities", capabilities: readCapabilities(input) };
    case OP.receive:
      return { op: "receive", delivery: readDelivery(input) };
    case OP.sendAndAwait:
      return { op: "send-and-await", delivery: readDelivery(input) };
    case OP.hasBlob:
      return { op: "has-blob", has: input.flag() };
    case OP.getBlob:
      return { op: "get-blob", blob: readBlob(input) };
    case OP.lastBlob:
      return { op: "last-blob", blob: readBlob(input) };
    case OP.grow:
      return { op: "grow", pagesBefore: input.u32() };
    case OP.note:
      return { op: "note", text: input.text() };
    case OP.random:
      return { op: "random", bytes: input.bytes() };
    default:
      throw new RangeError(`"${op}" is no record of a probe's report`);
  }
}

function readProcess(input: ByteReader): ProcessId {
  const [processName, packageName, publisherNode] = [input.text(), input.text(), input.text()];
  return formatProcessId({ processName, packageName, publisherNode });
}

function readAddress(input: ByteReader): Address {
  const node = input.text();
  return { node, process: readProcess(input) };
}

function readCapabilities(input: ByteReader): Capability[] {
  return input.list(() => {
    const issuer = readAddress(input);
    return { issuer, params: input.text() };
  });
}

function readBlob(input: ByteReader): LazyLoadBlob | undefined {
  return input.option(() => {
    const mime = input.option(() => input.text());
    return { mime, bytes: input.bytes() };
  });
}

function readSpawned(
  input: ByteReader,
): { ok: true; process: ProcessId } | { ok: false; error: SpawnError } {
  if (!input.flag()) return { ok: true, process: readProcess(input) };
  return { ok: false, error: input.u8() === 0 ? "name-taken" : "no-file-at-path" };
}

function readRequest(input: ByteReader): Message {
  const inherit = input.flag();
  const expectsResponse = input.option(() => toU64(input.u64()));
  return { kind: "request", inherit, expectsResponse, ...readRest(input) };
}

function readRest(input: ByteReader): Pick<Message, "body" | "metadata" | "capabilities"> {
  const body = input.bytes();
  const metadata = input.option(() => input.text());
  return { body, metadata, capabilities: readCapabilities(input) };
}

function readMessage(input: ByteReader): { message: Message; context: Uint8Array | undefined } {
  if (input.u8() === 0) return { message: readRequest(input), context: undefined };
  const inherit = input.flag();
  const message: Message = { kind: "response", inherit, ...readRest(input) };
  return { message, context: input.option(() => input.bytes()) };
}

function readDelivery(input: ByteReader): ProbeDelivery {
  if (input.u8() === 0) {
    const source = readAddress(input);
    return { kind: "message", source, ...readMessage(input) };
  }
  const kind = input.u8() === 0 ? "offline" : "timeout";
  const target = input.option(() => readAddress(input));
  const { message } = readMessage(input);
  const blob = readBlob(input);
  const context = input.option(() => input.bytes());
  return { kind: "send-error", error: { kind, target, message, blob }, context };
}

function readOnExit(input: ByteReader): OnExit {
  const tag = input.u8();
  if (tag < 2) return { kind: tag === 0 ? "none" : "restart" };
  const requests = input.list(() => {
    const target = readAddress(input);
    const request = readRequest(input);
    if (request.kind !== "request") throw new RangeError("An on-exit entry is no request");
    return { target, request, blob: readBlob(input) };
  });
  return { kind: "requests", requests };
}

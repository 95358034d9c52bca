/**
 * Processes at both ends of what is measured between nodes, in the node's own realm: they cost next to nothing, so that the
 * figures are those of kernel and network. Rust processes are measured beside them.
 * @module
 */
import type { NativeMain, NativeProcess } from "@kinode-ts/kernel";
import { type Address, parseAddress, type Request } from "@kinode-ts/types";

/** What a driver is asked to do. */
export interface NetJob {
  readonly kind: "one-way" | "in-flight" | "acknowledged";
  readonly target: string;
  readonly count: number;
  /** Of each body, or of each blob. */
  readonly bytes: number;
  readonly asBlob?: boolean;
  /** Requests without an answer at a time. */
  readonly window?: number;
}

export interface NetDone {
  readonly millis: number;
  /** Of each operation, in milliseconds; of acknowledged ones only. */
  readonly each: readonly number[];
  /** Messages that the other side has counted, or answers. */
  readonly arrived: number;
}

const EMPTY = new Uint8Array(0);
const decoder = new TextDecoder();
const encoder = new TextEncoder();

const request = (body: Uint8Array, seconds?: number): Request => ({
  kind: "request",
  inherit: false,
  expectsResponse: seconds,
  body,
  metadata: undefined,
  capabilities: [],
});

/** Counts what comes, and answers those who want to know with the count since the last answer with an empty body. */
export const sink: NativeMain = async (process) => {
  let count = 0;
  for (;;) {
    const delivery = await process.receive();
    if (delivery.kind !== "message" || delivery.message.kind !== "request") continue;
    const { body, expectsResponse } = delivery.message;
    count += 1;
    if (expectsResponse === undefined) continue;
    const isEnd = body.length === 0;
    const answer = isEnd ? encoder.encode(String(count - 1)) : EMPTY;
    if (isEnd) count = 0;
    await process.host.sendResponse(
      { kind: "response", inherit: false, body: answer, metadata: undefined, capabilities: [] },
      undefined,
    );
  }
};

async function oneWay(process: NativeProcess, target: Address, job: NetJob): Promise<number> {
  const payload = new Uint8Array(job.bytes).map((_, at) => at * 31);
  for (let sent = 0; sent < job.count; sent += 1) {
    const [body, blob] = job.asBlob
      ? [EMPTY.slice(), { mime: undefined, bytes: payload }]
      : [payload, undefined];
    await process.host.sendRequest(target, request(body), undefined, blob);
  }
  return await askCount(process, target);
}

async function askCount(process: NativeProcess, target: Address): Promise<number> {
  const answer = await process.awaitResponse(target, request(EMPTY, 60));
  return answer.kind === "message" ? Number(decoder.decode(answer.message.body)) : 0;
}

async function inFlight(process: NativeProcess, target: Address, job: NetJob): Promise<number> {
  const body = new Uint8Array(job.bytes).fill(120);
  let [sent, answered] = [0, 0];
  const send = (): void => {
    sent += 1;
    void process.host.sendRequest(target, request(body, 60), undefined, undefined);
  };
  while (sent < Math.min(job.window ?? 1, job.count)) send();
  while (answered < job.count) {
    const delivery = await process.receive();
    if (delivery.kind === "send-error") throw new Error(`A request failed: ${delivery.error.kind}`);
    if (delivery.message.kind !== "response") continue;
    answered += 1;
    if (sent < job.count) send();
  }
  await askCount(process, target);
  return answered;
}

async function acknowledged(
  process: NativeProcess,
  target: Address,
  job: NetJob,
): Promise<number[]> {
  const bytes = new Uint8Array(job.bytes).map((_, at) => at * 31);
  const each: number[] = [];
  for (let done = 0; done < job.count; done += 1) {
    const startedMs = performance.now();
    const blob = job.asBlob ? { mime: undefined, bytes } : undefined;
    const body = job.asBlob ? Uint8Array.of(1) : bytes;
    const answer = await process.awaitResponse(target, request(body, 60), blob);
    if (answer.kind !== "message") throw new Error("A request failed");
    each.push(performance.now() - startedMs);
  }
  await askCount(process, target);
  return each;
}

/** Does jobs, one after the other. */
export const driver: NativeMain = async (process) => {
  for (;;) {
    const delivery = await process.receive();
    if (delivery.kind !== "message" || delivery.message.kind !== "request") continue;
    const job = JSON.parse(decoder.decode(delivery.message.body)) as NetJob;
    const target = parseAddress(job.target);
    const startedMs = performance.now();
    let each: number[] = [];
    let arrived = 0;
    if (job.kind === "one-way") arrived = await oneWay(process, target, job);
    else if (job.kind === "in-flight") arrived = await inFlight(process, target, job);
    else each = await acknowledged(process, target, job);
    const done: NetDone = { millis: performance.now() - startedMs, each, arrived };
    await process.host.sendResponse(
      {
        kind: "response",
        inherit: false,
        body: encoder.encode(JSON.stringify(done)),
        metadata: undefined,
        capabilities: [],
      },
      undefined,
    );
  }
};

import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import type { BodyStreamAnswer, KernelMessage, LazyLoadBlob, ProcessId } from "@kinode-ts/types";
import { BodyStreams, type BodyAction, type BodyStreamLimits } from "./index.ts";

const APP = "main:p:x.os" as ProcessId;
const OTHER = "main:q:y.os" as ProcessId;

interface Said {
  readonly answer: BodyStreamAnswer;
  readonly bytes: Uint8Array | undefined;
}

function start(limits: Partial<BodyStreamLimits> = {}, more: { endsSilentSenders?: boolean } = {}) {
  const clock = createVirtualClock();
  const waiting = new Map<KernelMessage, (said: Said) => void>();
  const streams = new BodyStreams({
    clock,
    limits,
    ...more,
    answer: (message, answer, blob) => waiting.get(message)!({ answer, bytes: blob?.bytes }),
  });
  const ask = (process: ProcessId, action: BodyAction, bytes?: Uint8Array): Promise<Said> => {
    const blob: LazyLoadBlob | undefined = bytes && { mime: undefined, bytes };
    const message = { source: { node: "a.os", process }, blob } as unknown as KernelMessage;
    return new Promise((done) => {
      waiting.set(message, done);
      streams.handle(message, action);
    });
  };
  const read = (stream: number, maxBytes?: number) =>
    ask(APP, { kind: "BodyRead", stream, maxBytes });
  const write = (stream: number, bytes?: Uint8Array) =>
    ask(APP, { kind: "BodyWrite", stream }, bytes);
  return { clock, streams, ask, read, write };
}

const chunk = (done: boolean): BodyStreamAnswer => ({ Ok: { BodyChunk: { done } } });
const OK: BodyStreamAnswer = { Ok: null };
const err = (Err: Extract<BodyStreamAnswer, { Err: unknown }>["Err"]): BodyStreamAnswer => ({
  Err,
});

/** A source fed by hand. */
function source() {
  let feed!: ReadableStreamDefaultController<Uint8Array>;
  const seen = { cancelled: false, pulls: 0 };
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => void (feed = controller),
      pull: () => void seen.pulls++,
      cancel: () => void (seen.cancelled = true),
    },
    { highWaterMark: 0 },
  );
  return { stream, feed, seen };
}

type Source = ReturnType<typeof source>;

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  for (let round = 0; round < 20; round++) await Promise.resolve();
  return settled;
}

test("a process reads a body in parts of at most the size it names, then done, then the stream is gone", async () => {
  const { streams, read } = start();
  const { stream, feed, seen } = source();
  expect(streams.openRead(APP, 7, stream)).toBe(true);
  expect(seen.pulls).toBe(0);
  feed.enqueue(Uint8Array.of(1, 2, 3, 4, 5));
  expect(await read(7, 3)).toEqual({ answer: chunk(false), bytes: Uint8Array.of(1, 2, 3) });
  expect(await read(7)).toEqual({ answer: chunk(false), bytes: Uint8Array.of(4, 5) });
  const late = read(7);
  expect(await isSettled(late)).toBe(false);
  feed.close();
  expect(await late).toEqual({ answer: chunk(true), bytes: new Uint8Array(0) });
  expect((await read(7)).answer).toEqual(err("UnknownStream"));
  expect(streams.count).toBe(0);
});

test("a second read while one waits is refused, and so is the stream of another process", async () => {
  const { streams, read, ask } = start();
  const { stream, feed } = source();
  streams.openRead(APP, 1, stream);
  const first = read(1);
  expect((await read(1)).answer).toEqual(err("MalformedRequest"));
  const foreign = await ask(OTHER, { kind: "BodyRead", stream: 1, maxBytes: undefined });
  expect(foreign.answer).toEqual(err("UnknownStream"));
  feed.enqueue(Uint8Array.of(9));
  expect((await first).bytes).toEqual(Uint8Array.of(9));
});

test("a body that breaks is StreamClosed, to the read that waits and to later ones", async () => {
  const { streams, read } = start();
  const { stream, feed } = source();
  streams.openRead(APP, 1, stream);
  const waiting = read(1);
  feed.error(new Error("gone"));
  expect((await waiting).answer).toEqual(err("StreamClosed"));
  expect((await read(1)).answer).toEqual(err("StreamClosed"));
});

test("giving up a body that is read cancels it, by its own number space", async () => {
  const { streams, ask } = start();
  const { stream, seen } = source();
  streams.openRead(APP, 1, stream);
  streams.openWrite(APP, 1);
  expect((await ask(APP, { kind: "BodyAbort", stream: 1, reading: true })).answer).toEqual(OK);
  expect(seen.cancelled).toBe(true);
  expect(streams.count).toBe(1);
});

test("parts arrive in order and a write is answered when there is room for the next", async () => {
  const { streams, write, ask } = start({ highWaterBytes: 4 });
  const body = streams.openWrite(APP, 3)!;
  expect((await write(3, Uint8Array.of(1, 2, 3))).answer).toEqual(OK);
  const second = write(3, Uint8Array.of(4, 5, 6));
  expect(await isSettled(second)).toBe(false);
  const reader = body.getReader();
  expect((await reader.read()).value).toEqual(Uint8Array.of(1, 2, 3));
  expect((await second).answer).toEqual(OK);
  expect((await write(3, new Uint8Array(0))).answer).toEqual(OK);
  expect((await ask(APP, { kind: "BodyEnd", stream: 3 })).answer).toEqual(OK);
  expect((await write(3, Uint8Array.of(7))).answer).toEqual(err("UnknownStream"));
  expect((await reader.read()).value).toEqual(Uint8Array.of(4, 5, 6));
  expect((await reader.read()).done).toBe(true);
  expect(streams.count).toBe(0);
});

test("a number can be used again as soon as its body has ended, before all of it was taken", async () => {
  const { streams, write, ask } = start();
  const first = streams.openWrite(APP, 3)!;
  await write(3, Uint8Array.of(1));
  expect(streams.openWrite(APP, 3)).toBeUndefined();
  await ask(APP, { kind: "BodyEnd", stream: 3 });
  const second = streams.openWrite(APP, 3)!;
  await write(3, Uint8Array.of(2));
  expect((await first.getReader().read()).value).toEqual(Uint8Array.of(1));
  expect((await second.getReader().read()).value).toEqual(Uint8Array.of(2));
});

test("the taker that goes away is told to the opener and to every write", async () => {
  const { streams, write } = start({ highWaterBytes: 1 });
  let abandoned = 0;
  const body = streams.openWrite(APP, 1, { abandoned: () => abandoned++ })!;
  await write(1, Uint8Array.of(1));
  const waiting = write(1, Uint8Array.of(2));
  await body.cancel();
  expect((await waiting).answer).toEqual(err("StreamClosed"));
  expect((await write(1, Uint8Array.of(3))).answer).toEqual(err("StreamClosed"));
  expect(abandoned).toBe(1);
});

test("a body given up is broken for its taker, not short", async () => {
  const { streams, write, ask } = start();
  const body = streams.openWrite(APP, 1)!;
  await write(1, Uint8Array.of(1));
  await ask(APP, { kind: "BodyAbort", stream: 1, reading: false });
  await expect(body.getReader().read()).rejects.toThrow("given up");
});

test("a write without blob or above the limit is refused and changes nothing", async () => {
  const { streams, write } = start({ maxPartBytes: 2 });
  streams.openWrite(APP, 1);
  expect((await write(1)).answer).toEqual(err("NoBlob"));
  expect((await write(1, new Uint8Array(3))).answer).toEqual(err("MalformedRequest"));
  expect((await write(1, new Uint8Array(2))).answer).toEqual(OK);
});

test("streams of one process are bounded, and others have bounds of their own", () => {
  const { streams } = start({ maxStreamsPerProcess: 2 });
  const cancelled = source();
  for (const id of [1, 2]) {
    expect(streams.openWrite(APP, id)).toBeDefined();
    expect(streams.openRead(APP, id, source().stream)).toBe(true);
  }
  expect(streams.openWrite(APP, 3)).toBeUndefined();
  expect(streams.openRead(APP, 3, cancelled.stream)).toBe(false);
  expect(cancelled.seen.cancelled).toBe(true);
  expect(streams.openWrite(OTHER, 3)).toBeDefined();
});

test("a process that writes without waiting loses the stream, not the node its memory", async () => {
  const { streams, write } = start({ highWaterBytes: 10, maxWaitingBytesPerProcess: 100 });
  let abandoned = 0;
  const body = streams.openWrite(APP, 1, { abandoned: () => abandoned++ })!;
  const writes = Array.from({ length: 50 }, () => write(1, new Uint8Array(10)));
  const answers = await Promise.all(writes);
  expect(answers.at(-1)!.answer).toEqual(err("StreamClosed"));
  expect(answers.filter(({ answer }) => "Ok" in answer)).toHaveLength(1);
  expect(abandoned).toBe(1);
  await expect(body.getReader().read()).rejects.toThrow();
});

test("a taker that takes nothing and a process that reads nothing lose their stream after the idle time", async () => {
  const { clock, streams, write, read } = start({ highWaterBytes: 1, idleMs: 1_000 });
  const silent = streams.openWrite(APP, 2)!;
  streams.openWrite(APP, 1);
  const unread = source();
  streams.openRead(APP, 1, unread.stream);
  const asked = source();
  streams.openRead(APP, 2, asked.stream);
  const stuck = write(1, Uint8Array.of(1, 2));
  const waiting = read(2);
  await clock.advance(900);
  expect(streams.count).toBe(4);
  await clock.advance(1_000);
  expect((await stuck).answer).toEqual(err("StreamClosed"));
  expect(unread.seen.cancelled).toBe(true);
  expect((await read(1)).answer).toEqual(err("StreamClosed"));
  // The silent writer and the process that waits for bytes do nothing wrong.
  expect(streams.count).toBe(2);
  asked.feed.enqueue(Uint8Array.of(5));
  expect((await waiting).bytes).toEqual(Uint8Array.of(5));
  await write(2, Uint8Array.of(6));
  expect((await silent.getReader().read()).value).toEqual(Uint8Array.of(6));
});

test("with their process streams end: what it had not ended is broken, what it had still arrives", async () => {
  const { clock, streams, write, ask } = start();
  const unread = source();
  streams.openRead(APP, 1, unread.stream);
  const open = streams.openWrite(APP, 1)!;
  const ended = streams.openWrite(APP, 2)!;
  await write(2, Uint8Array.of(2));
  await ask(APP, { kind: "BodyEnd", stream: 2 });
  streams.processEnded(APP);
  expect(unread.seen.cancelled).toBe(true);
  await expect(open.getReader().read()).rejects.toThrow();
  const reader = ended.getReader();
  expect((await reader.read()).value).toEqual(Uint8Array.of(2));
  expect((await reader.read()).done).toBe(true);
  await clock.advance(120_000);
  expect([streams.count, clock.pendingTimerCount]).toEqual([0, 0]);
});

test("senders of hardly anything lose their streams while a process has more than half of what it may have", async () => {
  const { clock, streams, read } = start({ maxStreamsPerProcess: 4 }, { endsSilentSenders: true });
  const senders = [source(), source(), source()];
  const [slow, fast, another] = senders as [Source, Source, Source];
  streams.openRead(APP, 1, slow.stream);
  streams.openRead(APP, 2, fast.stream);
  /** A minute in which one sends a byte each second, and another as much as it should. */
  const minute = async (): Promise<BodyStreamAnswer> => {
    for (let second = 0; second < 60; second++) {
      const reading = [read(1), read(2)] as const;
      await clock.advance(1_000);
      if (slow.seen.cancelled) return (await reading[0]).answer;
      slow.feed.enqueue(new Uint8Array(1));
      fast.feed.enqueue(new Uint8Array(2_048));
      await Promise.all(reading);
    }
    return chunk(false);
  };
  expect(await minute()).toEqual(chunk(false));
  streams.openRead(APP, 3, another.stream);
  expect(await minute()).toEqual(err("StreamClosed"));
  fast.feed.enqueue(new Uint8Array(1));
  expect(fast.seen.cancelled).toBe(false);
});

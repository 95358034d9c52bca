/** What a trace shows, to whom, and how much it keeps. */
import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { KernelMessage, ProcessId, SendErrorKind, U64 } from "@kinode-ts/types";
import { createLogReader } from "./log-reader.ts";
import { MAX_TRACES, MAX_WAITING_MESSAGES, type MessageWatcher } from "./traces.ts";

const ME = "77:terminal:sys";

function start() {
  const clock = createVirtualClock();
  const watchers = new Set<MessageWatcher>();
  const reader = createLogReader({
    clock,
    version: "1.2.3",
    recentLines: () => [],
    watch: (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  });
  const harness = createModuleHarness(reader);
  const pass = (
    text: string | Uint8Array,
    more: Partial<KernelMessage> = {},
    failure?: SendErrorKind,
  ) => {
    const body = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const address = (name: string) => ({ node: harness.our, process: name as ProcessId });
    const message: KernelMessage = {
      id: 12_345_678n as unknown as U64,
      source: address("a:a:b.os"),
      target: address("c:c:d.os"),
      rsvp: undefined,
      message: {
        kind: "request",
        inherit: false,
        expectsResponse: undefined,
        body,
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
      ...more,
    };
    for (const watcher of watchers) watcher(message, failure);
  };
  const fetch = async (fields: object = {}, source = ME) =>
    (await harness.ask(source, { body: { Trace: { seconds: 0, ...fields } } })).json;
  /** Without the time of day. */
  const messages = async (fields: object = {}, source = ME) => {
    const { Trace: trace } = (await fetch(fields, source)) as { Trace: { messages: string[] } };
    return trace.messages.map((line) => line.slice(14));
  };
  return { clock, harness, reader, watchers, pass, fetch, messages };
}

test("a trace shows what passes from its first question on, each message as one line", async () => {
  const { harness, pass, messages } = start();
  await harness.start();
  pass("before");
  expect(await messages()).toEqual([]);
  pass('{"Say":"hello"}');
  pass("two\nlines\u001b[2J", { target: { node: "far.os", process: "c:c:d.os" as ProcessId } });
  pass(
    new Uint8Array([0xff, 1]),
    { blob: { mime: undefined, bytes: new Uint8Array(9) } },
    "timeout",
  );
  pass("é".repeat(10_000));
  expect(await messages()).toEqual([
    '345678  request  a:a:b.os → c:c:d.os  {"Say":"hello"}',
    "345678  request  a:a:b.os → far.os@c:c:d.os  two lines",
    "345678  timeout  a:a:b.os → c:c:d.os  <2 bytes>  + 9 bytes",
    `345678  request  a:a:b.os → c:c:d.os  ${"é".repeat(240)}… (20000 bytes)`,
  ]);
  expect(await messages()).toEqual([]);
});

test("a trace can be of a process or a package, and never shows itself", async () => {
  const { harness, pass, messages } = start();
  await harness.start();
  const wanted = ["c:c:d.os", "d.os", "a:b.os", "x:a:b.os"];
  const sources = wanted.map((_, at) => `${at}:terminal:sys`);
  const all = () => Promise.all(wanted.map((process, at) => messages({ process }, sources[at])));
  await all();
  pass("x");
  const log = { node: harness.our, process: "log:distro:sys" as ProcessId };
  pass("question", { target: log });
  pass("answer", { source: log });
  expect((await all()).map((lines) => lines.length)).toEqual([1, 0, 1, 0]);
});

test("a question waits for a message, or for its seconds to pass", async () => {
  const { clock, harness, pass, fetch } = start();
  await harness.start();
  await fetch();
  const woken = fetch({ seconds: 5 });
  await harness.delivered();
  pass("now");
  expect(await woken).toMatchObject({ Trace: { messages: [expect.stringContaining("now")] } });
  const late = fetch({ seconds: 5 });
  await harness.delivered();
  await clock.advance(5_000);
  expect(await late).toEqual({ Trace: { messages: [], missed: 0 } });
});

test("what nobody fetches is bounded, and so are the traces; they end with their processes", async () => {
  const { harness, reader, watchers, pass, fetch } = start();
  await harness.start();
  await fetch();
  for (let count = 0; count < MAX_WAITING_MESSAGES + 7; count++) pass("flood");
  const flooded = (await fetch()) as { Trace: { messages: string[]; missed: number } };
  expect(flooded.Trace.messages).toHaveLength(MAX_WAITING_MESSAGES);
  expect(flooded.Trace.missed).toBe(7);
  for (let other = 1; other < MAX_TRACES; other++) await fetch({}, `${other}:terminal:sys`);
  expect(await fetch({}, "99:terminal:sys")).toEqual({ Err: "TooManyTraces" });
  expect(watchers.size).toBe(1);
  reader.processEnded!(ME as ProcessId);
  expect(await fetch({}, "99:terminal:sys")).toMatchObject({ Trace: { missed: 0 } });
  for (let other = 1; other < MAX_TRACES; other++) {
    reader.processEnded!(`${other}:terminal:sys` as ProcessId);
  }
  expect(watchers.size).toBe(1);
  reader.processEnded!("99:terminal:sys" as ProcessId);
  expect(watchers.size).toBe(0);
});

/**
 * Whatever a module answers, or does not answer, each client ends with a value of the promised form or with an error of its
 * own class and one of its codes.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { EthError, createProvider, ethConfig } from "./eth/index.ts";
import { createHttpServer, HttpServerError } from "./http/index.ts";
import { fetch, FetchError, HttpClientError, http, openWebSocket } from "./http-client/index.ts";
import { defineProcess, receive, stopServing } from "./index.ts";
import { Kimap, KimapError, resolveName } from "./kimap/index.ts";
import { KvError, openKv, removeKv } from "./kv.ts";
import { NetError, names, net } from "./net.ts";
import { ScheduleError, schedule, schedules, unschedule } from "./schedule.ts";
import { openSqlite, removeSqlite, SqliteError } from "./sqlite.ts";
import { TestNode, useHost } from "./testing/index.ts";
import { sleep, TimerError } from "./timer.ts";
import * as vfs from "./vfs.ts";

const ME = "me:test:sys";
const PATH = "/test:sys/data/x";
const HASH = `0x${"11".repeat(32)}` as const;
const MODULES = [
  "vfs:distro:sys",
  "kv:distro:sys",
  "sqlite:distro:sys",
  "net:distro:sys",
  "http-server:distro:sys",
  "http-client:distro:sys",
  "eth:distro:sys",
  "scheduler:distro:sys",
  "kns-indexer:kns-indexer:sys",
];

type ErrorClass = abstract new (...args: never[]) => Error & { readonly code: string };

interface Operation {
  readonly name: string;
  readonly error: ErrorClass | readonly ErrorClass[];
  readonly run: () => unknown;
  /** Whether an outcome without error has the promised form. */
  readonly fits: (value: unknown) => boolean;
}

const nothing = (value: unknown): boolean => value === undefined;
const bytes = (value: unknown): boolean => value instanceof Uint8Array;
const text = (value: unknown): boolean => typeof value === "string";
const whole = (value: unknown): boolean => typeof value === "number" || typeof value === "bigint";
const record = (value: unknown): boolean => typeof value === "object" && value !== null;
const orNothing = (fits: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || fits(value);
const file = vfs.file(PATH);

const of = (
  error: Operation["error"],
  fits: Operation["fits"],
  operations: Readonly<Record<string, () => unknown>>,
): Operation[] => Object.entries(operations).map(([name, run]) => ({ name, error, run, fits }));

/** What a database of a foreign package needs no opening for. */
const OTHER = { package: "other:test.os" };

const OPERATIONS: readonly Operation[] = [
  ...of(vfs.VfsError, nothing, {
    "vfs write": () => file.write("x"),
    "vfs append": () => file.append("x"),
    "vfs close": () => file.close(),
    "vfs setLen": () => file.setLen(1),
    "vfs removeFile": () => vfs.removeFile(PATH),
    "vfs removePath": () => vfs.removePath(PATH),
    "vfs watch": () => vfs.watch(PATH).started,
  }),
  ...of(vfs.VfsError, bytes, {
    "vfs bytes": () => file.bytes(),
    "vfs rest": () => file.rest(),
    "vfs hash": () => file.hash(),
  }),
  ...of(vfs.VfsError, whole, {
    "vfs len": () => file.len(),
    "vfs seek": () => file.seek({ Start: 1 }),
    "vfs readInto": () => file.readInto(new Uint8Array(8)),
  }),
  ...of(vfs.VfsError, text, {
    "vfs restText": () => file.restText(),
    "vfs createDrive": () => vfs.createDrive("x"),
  }),
  ...of(vfs.VfsError, record, {
    "vfs open": () => vfs.open(PATH),
    "vfs metadata": () => vfs.metadata(PATH),
    "vfs usage": () => vfs.usage(),
    "vfs openDir": () => vfs.openDir(PATH),
    "vfs entries": () => new vfs.Directory(PATH).entries(),
  }),
  ...of(KvError, nothing, {
    "kv set": async () => (await openKv("db", OTHER)).set("k", "v"),
    "kv delete": async () => (await openKv("db", OTHER)).delete("k"),
    "kv remove": () => removeKv("db"),
    "kv transaction": async () => (await openKv("db", OTHER)).transaction(() => undefined),
  }),
  ...of(KvError, orNothing(bytes), {
    "kv get": async () => (await openKv("db", OTHER)).get("k"),
  }),
  ...of(KvError, record, {
    "kv open": () => openKv("db"),
    async "kv scan"() {
      const pairs: unknown[] = [];
      for await (const pair of (await openKv("db", OTHER)).scan({ limit: 3 })) pairs.push(pair);
      return pairs;
    },
  }),
  ...of(SqliteError, nothing, {
    "sqlite run": async () => (await openSqlite("db", OTHER)).run("DELETE FROM t"),
    "sqlite remove": () => removeSqlite("db"),
    "sqlite transaction": async () => (await openSqlite("db", OTHER)).transaction(() => undefined),
  }),
  ...of(SqliteError, record, {
    "sqlite open": () => openSqlite("db"),
    "sqlite query": async () => (await openSqlite("db", OTHER)).query("SELECT 1"),
  }),
  ...of(NetError, bytes, { "net sign": () => net.sign(new Uint8Array(3)) }),
  ...of(NetError, orNothing(record), {
    "net peers": () => net.peers(),
    "net peer": () => net.peer("a.os"),
  }),
  ...of(NetError, text, { "net diagnostics": () => net.diagnostics() }),
  ...of(KimapError, orNothing(text), {
    "names fromHash": () => names.fromHash(HASH),
    "kimap resolveName": () => resolveName(HASH),
  }),
  ...of([EthError, KimapError], record, { "kimap get": () => new Kimap().get("a.os") }),
  ...of(HttpServerError, nothing, {
    "http bind": () => createHttpServer().bind("/x", {}, () => undefined as never),
    "http static": () => createHttpServer().static("/x", "text"),
    "http ws": () => createHttpServer().ws("/x", {}, {}),
  }),
  ...of(HttpClientError, record, {
    "http-client web socket": () => openWebSocket("ws://example.org/"),
    async "http-client send"() {
      await http.send("GET", "http://example.org/");
      const message = await receive();
      return message.kind === "response" ? http.answerOf(message) : undefined;
    },
  }),
  ...of(FetchError, record, {
    "http-client fetch": () => fetch("http://example.org/"),
    "http-client fetch of a text": async () => ({
      text: await (await fetch("http://example.org/")).text(),
    }),
  }),
  ...of(ScheduleError, whole, { schedule: () => schedule("x", "@daily", () => {}) }),
  ...of(ScheduleError, record, { schedules: () => schedules() }),
  ...of(ScheduleError, (value) => typeof value === "boolean", {
    unschedule: () => unschedule("x"),
  }),
  ...of(EthError, whole, {
    "eth getBlockNumber": () => createProvider(1).getBlockNumber(),
    "eth estimateGas": () => createProvider(1).estimateGas({}),
  }),
  ...of(EthError, text, {
    "eth call": () => createProvider(1).call({}),
    "eth getCode": () => createProvider(1).getCode("0x11"),
    "eth sendRawTransaction": () => createProvider(1).sendRawTransaction("0x11"),
  }),
  ...of(EthError, orNothing(record), {
    "eth getLogs": () => createProvider(1).getLogs({}),
    "eth getAccounts": () => createProvider(1).getAccounts(),
    "eth getBlockByNumber": () => createProvider(1).getBlockByNumber(1),
    "eth getTransactionReceipt": () => createProvider(1).getTransactionReceipt(HASH),
    "eth getFeeHistory": () => createProvider(1).getFeeHistory(1),
    "eth providers": () => ethConfig.providers(),
    "eth state": () => ethConfig.state(),
  }),
  ...of(EthError, nothing, {
    "eth setPublic": () => ethConfig.setPublic(true),
    "eth subscription": () => createProvider(1).subscribeLogs().started,
  }),
];

interface Answer {
  readonly body: string | Uint8Array;
  readonly blob?: Uint8Array | undefined;
}

type Outcome = { readonly value: unknown } | { readonly thrown: unknown };

/** Runs every operation once in a process whose modules answer as told; `undefined` is no answer. */
async function outcomes(
  answerOf: (n: number) => Answer | undefined,
): Promise<Map<string, Outcome>> {
  const node = new TestNode();
  let count = 0;
  for (const id of MODULES) {
    node.addModule(id, (_request, reply) => {
      const answer = answerOf(count++);
      if (answer === undefined) return;
      reply(answer.body, answer.blob === undefined ? undefined : { bytes: answer.blob });
    });
  }
  const ended = new Map<string, Outcome>();
  node.start(ME, (host) => {
    useHost(host);
    host.main(
      defineProcess(async () => {
        for (const { name, run } of OPERATIONS) {
          // oxlint-disable-next-line no-await-in-loop -- one at a time: each has its own answers
          const outcome = await Promise.resolve()
            .then(run)
            .then(
              (value): Outcome => ({ value }),
              (thrown: unknown): Outcome => ({ thrown }),
            );
          ended.set(name, outcome);
          if ("value" in outcome && name === "http-client web socket") {
            void Promise.resolve((outcome.value as AsyncDisposable)[Symbol.asyncDispose]()).catch(
              () => {},
            );
          }
        }
        stopServing();
      }).init,
    );
  });
  for (let i = 0; i < 400 && !node.endings.has(ME); i++) await node.advance(10_000);
  useHost(undefined);
  expect(node.endings.get(ME)).toBe("returned");
  return ended;
}

function judge(ended: ReadonlyMap<string, Outcome>, context: unknown): void {
  for (const { name, error, fits } of OPERATIONS) {
    const outcome = ended.get(name);
    const at = { name, context };
    if (outcome === undefined) throw new Error(`${name} did not end: ${JSON.stringify(context)}`);
    if ("value" in outcome) {
      expect({ ...at, fits: fits(outcome.value) }).toEqual({ ...at, fits: true });
      continue;
    }
    const classes = Array.isArray(error) ? error : [error];
    const { thrown } = outcome;
    const isTyped = classes.some((each) => thrown instanceof (each as ErrorClass));
    if (!isTyped)
      throw new Error(`${name} threw ${String(thrown)} for ${JSON.stringify(context)}`, {
        cause: thrown,
      });
    const { code, message } = thrown as Error & { code: string };
    expect({ ...at, code, message }).toEqual({
      ...at,
      code: expect.stringMatching(/^[A-Z][A-Za-z]+$/),
      message: expect.stringMatching(/.{10}/),
    });
  }
}

const FIXED: readonly string[] = [
  "",
  "{",
  "null",
  "5",
  "true",
  "[]",
  "{}",
  '"Ok"',
  '"Read"',
  '"Nonsense"',
  '"PermissionDenied"',
  "123456789012345678901234567890",
  '{"a":123456789012345678901234567890}',
  '{"Ok":null}',
  '{"Ok":5}',
  '{"Ok":{"Http":null}}',
  '{"Ok":{"Http":{"status":200}}}',
  '{"Err":null}',
  '{"Err":5}',
  '{"Err":[]}',
  '{"Err":{}}',
  '{"Err":"Nonsense"}',
  '{"Err":{"Nonsense":123456789012345678901234567890}}',
  '{"Err":"IOError"}',
  '{"Err":{"IOError":null}}',
  '{"Err":{"RpcError":null}}',
  '{"Response":null}',
  '{"Response":{}}',
  '{"Response":"0x"}',
  '{"Response":[null]}',
  '{"Response":{"oldestBlock":"0x1","reward":[["x"]]}}',
  '{"ReadDir":null,"Metadata":5,"Len":"x","Hash":"y","SeekFrom":{},"Usage":[],"ReadToString":1}',
  '{"ReadDir":[{"path":1}],"Hash":[1,2],"SeekFrom":{"new_offset":-1},"Len":1.5}',
  '{"Get":null,"BeginTx":{"tx_id":"1"},"IterStart":{"iterator_id":{}},"IterNext":{"done":1}}',
  '{"Get":[1],"BeginTx":{"tx_id":1},"IterStart":{"iterator_id":1},"IterNext":{"done":false}}',
  '{"IterStart":{"iterator_id":1},"IterNext":{"done":true,"format":"bytes"}}',
  '{"Scheduled":{},"Schedules":[1],"Unscheduled":{"existed":"no"},"Name":5}',
  '{"Providers":null,"State":5,"AccessSettings":"x"}',
];

const BLOBS: readonly (Uint8Array | undefined)[] = [
  undefined,
  new Uint8Array(0),
  new TextEncoder().encode("[1]"),
  Uint8Array.of(255, 255, 255, 255, 1),
  new Uint8Array(4_096),
];

test("[P25] any answer that is none is an error of the client's own class, or no answer at all comes of it", async () => {
  for (const body of FIXED) {
    // Only answers that come with bytes are looked at together with them.
    for (const blob of /Read"|Get|Iter|Ok/.test(body) ? BLOBS : BLOBS.slice(0, 1)) {
      const context = { body, blob: blob?.length };
      judge(await outcomes(() => ({ body, blob })), context);
    }
  }
  judge(await outcomes(() => ({ body: Uint8Array.of(0xff, 0xfe, 0x80) })), "bytes");
}, 60_000);

test("[P25] random answers too", async () => {
  const answer = fc.record({
    body: fc.oneof(
      fc.constantFrom(...FIXED),
      fc.json(),
      fc.json().map((json) => `{"Ok":${json}}`),
    ),
    blob: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 5 }), async (answers) => {
      judge(
        await outcomes((n) => answers[n % answers.length]),
        answers.map(({ body }) => body),
      );
    }),
    { seed: 25, numRuns: 25 },
  );
}, 60_000);

test("[P25] a module that does not answer is an error of the client's own class that says so", async () => {
  const ended = await outcomes(() => undefined);
  const codes = new Map<string, unknown>();
  for (const { name } of OPERATIONS) {
    const outcome = ended.get(name)!;
    const { thrown } = outcome as { thrown: Error & { code: string } };
    codes.set(name, thrown?.code);
    // Waiting for the answer in the inbox, one meets the failure of the request itself.
    if (name === "http-client send")
      expect(thrown).toMatchObject({ name: "SendError", code: "Timeout" });
    else
      expect({ name, code: thrown.code }).toEqual({
        name,
        code: expect.stringMatching(/^(SendError|NoAnswer|Timeout)$/),
      });
    expect(thrown.message).toMatch(/did not answer in time|no answer in 60 s/);
  }
}, 60_000);

test("a timer that may not answer is told as such", async () => {
  const node = new TestNode({ refuse: ({ source }) => source.includes("timer:distro:sys") });
  let thrown: unknown;
  node.start(ME, (host) => {
    useHost(host);
    host.main(defineProcess(() => sleep(10).catch((error: unknown) => void (thrown = error))).init);
  });
  await node.advance(5_000);
  useHost(undefined);
  expect(thrown).toBeInstanceOf(TimerError);
  expect(String(thrown)).toContain("Grant messaging");
});

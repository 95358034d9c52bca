/** Callers and handlers, against each other and against the texts that other packages send. */
import { afterEach, expect, test } from "bun:test";
import { defineProcess, SchemaError, SendError, serve } from "../index.ts";
import { TestNode, useHost } from "../testing/index.ts";
import * as a from "./index.ts";

afterEach(() => useHost(undefined));

const SERVER = "server:test:sys";
const ME = "me:test:sys";

const message = a.record({ author: a.string, content: a.string });
const response = a.variant({
  send: null,
  history: a.list(message),
  run: a.result(a.u8, a.string),
  "game-accepted": null,
  "game-rejected": a.string,
  "remote-error": a.string,
  err: a.string,
});
type Message = a.Of<typeof message>;
type Response = a.Of<typeof response>;

/** As generated code has it. */
const chat: a.Api<{
  readonly send: a.Call<[request: { target: string; message: string }], void>;
  readonly history: a.Call<[string], readonly Message[]>;
  readonly run: a.Call<[], number>;
  readonly game: a.Call<[], Exclude<Response, { readonly tag: "err" | "remote-error" }>>;
  readonly notify: a.Call<[a: number, b: string], void>;
  readonly sum: a.Call<[a: number, b: number], number>;
}> = a.api({
  send: a.call("Send", [a.record({ target: a.string, message: a.string })], {
    ...{ kind: "case", type: response, tag: "send" },
  }),
  history: a.call("History", [a.string], { kind: "case", type: response, tag: "history" }),
  run: a.call("Run", [], { kind: "case", type: response, tag: "run" }),
  game: a.call("Game", [], { kind: "case", type: response, tag: undefined }),
  notify: a.call("Notify", [a.u8, a.string], { kind: "none" }, "many"),
  sum: a.call("Sum", [a.u8, a.u8], { kind: "whole", type: a.result(a.u16, a.string) }, "many"),
});

const notes = a.defineApi({
  addNote: a.method([a.record({ text: a.string })], a.u32),
  clearAll: a.method([], null),
});

/** Runs `body` as a process beside a module that answers with fixed texts and remembers what it was sent. */
async function against<T>(
  answers: Readonly<Record<string, string>>,
  body: () => Promise<T>,
): Promise<{ result: T | undefined; thrown: unknown; heard: string[] }> {
  const node = new TestNode();
  const heard: string[] = [];
  node.addModule(SERVER, ({ text }, reply) => {
    heard.push(text);
    const answer = answers[text];
    if (answer !== undefined) reply(answer);
  });
  let result: T | undefined;
  let thrown: unknown;
  node.start(ME, (host) => {
    useHost(host);
    const process = defineProcess(async () => {
      try {
        result = await body();
      } catch (error) {
        thrown = error;
      }
    });
    host.main(process.init);
  });
  await node.advance(6_000);
  return { result, thrown, heard };
}

test("a caller sends what Rust reads and returns the payload of the case it asked for", async () => {
  const { result, heard } = await against(
    {
      '{"Send":{"target":"bob.os","message":"hi"}}': '"Send"',
      '{"History":"bob.os"}': '{"History":[{"author":"bob.os","content":"hi"}]}',
      '"Run"': '{"Run":{"Ok":7}}',
      '{"Sum":[1,2]}': '{"Ok":3}',
      '"Game"': '{"GameRejected":"busy"}',
    },
    async () => {
      const client = chat(SERVER);
      return [
        await client.send({ target: "bob.os", message: "hi" }),
        await client.history("bob.os"),
        await client.run(),
        await client.sum(1, 2),
        await client.game(),
        await client.notify(1, "x"),
      ];
    },
  );
  expect(result).toEqual([
    undefined,
    [{ author: "bob.os", content: "hi" }],
    7,
    3,
    { tag: "game-rejected", val: "busy" },
    undefined,
  ]);
  expect(heard.at(-1)).toBe('{"Notify":[1,"x"]}');
});

test("a refusal is an error that carries what the other side said", async () => {
  const said = async (answer: string): Promise<a.ApiError> => {
    const { thrown } = await against({ '"Run"': answer }, () => chat(SERVER).run());
    expect(thrown).toBeInstanceOf(a.ApiError);
    return thrown as a.ApiError;
  };
  expect((await said('{"Run":{"Err":"no"}}')).value).toBe("no");
  expect((await said('{"Err":"not you"}')).value).toBe("not you");
  expect((await said('{"RemoteError":"far"}')).value).toBe("far");
  expect((await said('{"Err":"not you"}')).message).toBe('"run" was refused: "not you"');
  const unpaired = await against({ '"Game"': '{"Err":"no"}' }, () => chat(SERVER).game());
  expect((unpaired.thrown as a.ApiError).value).toBe("no");
  for (const wrong of ['"Send"', '{"Run":{"Ok":700}}', "nonsense", '{"Gone":1}']) {
    const error = await said(wrong);
    expect(error.code).toBe("UnexpectedAnswer");
    expect(error.message).toContain(wrong);
  }
});

test("what cannot be sent is refused before it is, and silence is a send error", async () => {
  const wrong = await against({}, () => chat(SERVER).sum(1, 256));
  expect(wrong.thrown).toBeInstanceOf(SchemaError);
  expect(wrong.heard).toEqual([]);
  const silent = await against({}, () => chat(SERVER, { timeout: "1s" }).run());
  expect(silent.thrown).toBeInstanceOf(SendError);
  expect((silent.thrown as SendError).kind).toBe("timeout");
});

test("the whole response is there for who needs its blob", async () => {
  const node = new TestNode();
  node.addModule(SERVER, (_, reply) =>
    reply('"Send"', { bytes: Uint8Array.of(1, 2), mime: undefined }),
  );
  let found: unknown;
  node.start(ME, (host) => {
    useHost(host);
    const process = defineProcess(async () => {
      const { value, response: full } = await chat(SERVER).send.full({ target: "", message: "" });
      found = [value, full.blob()?.bytes];
    });
    host.main(process.init);
  });
  await node.settle();
  expect(found).toEqual([undefined, Uint8Array.of(1, 2)]);
});

/** A process that serves `handler`, and what it answers to a text. */
async function served(
  handler: Parameters<typeof serve>[0],
  text: string,
  blob?: { mime: undefined; bytes: Uint8Array },
): Promise<string | undefined> {
  const node = new TestNode();
  node.start(SERVER, (host) => {
    useHost(host);
    host.main(defineProcess(() => serve(handler)).init);
  });
  let body: string | undefined;
  // Nobody answers what the handler refused to read.
  void node
    .ask(SERVER, text, blob === undefined ? {} : { blob })
    .then((answer) => (body = answer.body));
  await node.settle();
  return body;
}

test("a handler answers with the case that was asked for, and with its error", async () => {
  const handler = chat.handle({
    send: () => {},
    history: (node, request) => [{ author: node, content: request.source.process }],
    run: () => {
      throw new a.Refusal("later");
    },
    game: (message) => {
      if (message.hasBlob) throw new a.Refusal("far", "remote-error");
      return { tag: "game-accepted" };
    },
    notify: () => {},
    sum: async (x, y) => a.withReply(x + y, { metadata: "m" }),
  });
  expect(await served(handler, '{"Send":{"target":"","message":""}}')).toBe('"Send"');
  expect(await served(handler, '{"History":"bob.os"}')).toMatch(
    /^\{"History":\[\{"author":"bob.os","content":"[a-z-]+"\}\]\}$/,
  );
  expect(await served(handler, '"Run"')).toBe('{"Run":{"Err":"later"}}');
  expect(await served(handler, '{"Run":null}')).toBe('{"Run":{"Err":"later"}}');
  expect(await served(handler, '"Game"')).toBe('"GameAccepted"');
  const blob = { mime: undefined, bytes: Uint8Array.of(1) };
  expect(await served(handler, '"Game"', blob)).toBe('{"RemoteError":"far"}');
  expect(await served(handler, '{"Sum":[3,4]}')).toBe('{"Ok":7}');
  // Where the API's error is a text, who sends what does not fit is told.
  expect(await served(handler, '{"Sum":[3]}')).toBe(
    '{"Err":"\\"sum\\": The data does not fit: expected a list of 2, found a list of 1"}',
  );
  expect(await served(handler, '{"Send":1}')).toStartWith('{"Err":"\\"send\\": The data does not');
  for (const wrong of ['"Other"', "[]", "null", "not JSON"]) {
    expect(await served(handler, wrong)).toBeUndefined();
  }
});

test("requests of another form go to the next handler", async () => {
  const handler = notes.handle(
    { addNote: () => 1, clearAll: () => {} },
    (request) => `else ${request.text()}`,
  );
  expect(await served(handler, "hello")).toBe("else hello");
  expect(await served(handler, '{"AddNote":{"text":"x"}}')).toBe('{"AddNote":1}');
});

test("an API defined in TypeScript speaks the same JSON, with errors as texts", async () => {
  const handler = notes.handle({
    addNote: ({ text }) => {
      if (text === "") throw new a.Refusal("empty");
      return text.length;
    },
    clearAll: () => {},
  });
  expect(await served(handler, '{"AddNote":{"text":"abc"}}')).toBe('{"AddNote":3}');
  expect(await served(handler, '{"AddNote":{"text":""}}')).toBe('{"Err":"empty"}');
  expect(await served(handler, '"ClearAll"')).toBe('"ClearAll"');
  const { result, thrown } = await against(
    { '{"AddNote":{"text":"abc"}}': '{"AddNote":3}', '"ClearAll"': '{"Err":"no"}' },
    async () => {
      const client = notes(SERVER);
      const count: number = await client.addNote({ text: "abc" });
      await client.clearAll().catch((error: a.ApiError) => expect(error.value).toBe("no"));
      return count;
    },
  );
  expect(thrown).toBeUndefined();
  expect(result).toBe(3);
});

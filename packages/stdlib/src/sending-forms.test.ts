/** The forms in which a message can be written: in parts, whole, by the builders, with a web `Blob`. */
import { expect, test } from "bun:test";
import {
  type BuildError,
  defineProcess,
  type IncomingRequest,
  Request,
  reply,
  request,
  send,
  sendAll,
  serve,
} from "./index.ts";
import { type TestMessage, TestNode, useHost } from "./testing/index.ts";

const ME = "me:test:sys";
const OTHER = "other:test:sys";

interface Heard {
  readonly text: string;
  readonly blob: string | undefined;
  readonly mime: string | undefined;
  readonly expects: number | undefined;
  readonly metadata: string | undefined;
}

/** Runs `body` in a process; a module answers `pong` to everything. @returns what it heard */
async function run(body: () => unknown): Promise<Heard[]> {
  const node = new TestNode();
  const heard: Heard[] = [];
  node.addModule(
    OTHER,
    (
      { text, blob, expectsResponse: expects, metadata }: TestMessage & { text: string },
      answer,
    ) => {
      const content = blob && new TextDecoder().decode(blob.bytes);
      heard.push({ text, blob: content, mime: blob?.mime, expects, metadata });
      if (expects !== undefined) answer("pong");
    },
  );
  node.start(ME, (host) => {
    useHost(host);
    host.main(defineProcess(async () => void (await body())).init);
  });
  await node.advance(100);
  expect(node.endings.get(ME)).toBe("returned");
  useHost(undefined);
  return heard;
}

const PLAIN = { blob: undefined, mime: undefined, expects: undefined, metadata: undefined };

test("[P25] 25.1 a request in one object, many in a list, and what the builder makes are sent alike", async () => {
  const answers: string[] = [];
  const heard = await run(async () => {
    await send({ target: OTHER, body: "one", metadata: "m" });
    answers.push((await request({ target: OTHER, body: { two: 2n }, timeout: "7s" })).text());
    const built = Request.to(OTHER).body("three").blobBytes("b").blobMime("text/x");
    await sendAll([{ target: OTHER, body: "a" }, built.build()]);
    answers.push((await request(Request.to(OTHER).body("four").expectsResponse(9).build())).text());
    answers.push((await built.sendAndAwaitResponse(3)).text());
  });
  expect(answers).toEqual(["pong", "pong", "pong"]);
  expect(heard).toEqual([
    { ...PLAIN, text: "one", metadata: "m" },
    { ...PLAIN, text: '{"two":2}', expects: 7 },
    { ...PLAIN, text: "a" },
    { ...PLAIN, text: "three", blob: "b", mime: "text/x" },
    { ...PLAIN, text: "four", expects: 9 },
    { ...PLAIN, text: "three", blob: "b", mime: "text/x", expects: 3 },
  ]);
});

test("[P25] 25.2 what lacks a target or a body is a BuildError, in every form", async () => {
  const codes: unknown[] = [];
  const caught = (thrown: unknown) => void codes.push((thrown as BuildError).code);
  await run(async () => {
    const none = undefined as never;
    await request(OTHER, none).catch(caught);
    await request(none, "x").catch(caught);
    await request({ target: OTHER, body: none }).catch(caught);
    await request({ target: none, body: "x" }).catch(caught);
    for (const wrong of [
      () => send(OTHER, none),
      () => send({ target: none, body: "x" }),
      () => new Request().body("x").build(),
      () => Request.to(OTHER).send(),
      () => new Request().body("x").attachAll(),
    ]) {
      try {
        await wrong();
      } catch (thrown) {
        caught(thrown);
      }
    }
  });
  const [body, target] = ["NoBody", "NoTarget"];
  expect(codes).toEqual([body, target, body, target, body, target, target, body, target]);
});

test("[P25] 25.3 attachAll attaches what the target has issued", async () => {
  const node = new TestNode();
  const attached: unknown[] = [];
  node.addModule(OTHER, ({ capabilities }) => void attached.push(capabilities));
  const mine = { issuer: `test.os@${OTHER}`, params: '"x"' };
  node.start(ME, (host) => {
    useHost(host);
    void host.saveCapabilities([mine, { issuer: "test.os@third:test:sys", params: '"y"' }]);
    host.main(defineProcess(() => Request.to(OTHER).body("x").attachAll().send()).init);
  });
  await node.settle();
  useHost(undefined);
  expect(attached).toEqual([[mine]]);
});

test("[P25] 25.2 a web Blob is read and sent, with requests and with answers", async () => {
  const blob = new Blob(["from the web"], { type: "text/web" });
  const heard = await run(async () => {
    await send(OTHER, "a", { blob });
    await request(OTHER, "b", { blob });
  });
  expect(heard.map(({ text, blob: content, mime }) => [text, content, mime])).toEqual([
    ["a", "from the web", blob.type],
    ["b", "from the web", blob.type],
  ]);

  const node = new TestNode();
  let kept: IncomingRequest | undefined;
  node.start(ME, (host) => {
    useHost(host);
    host.main(
      defineProcess(() =>
        serve((message) => {
          if (message.text() === "later") {
            message.answerLater();
            kept = message;
            return undefined;
          }
          return reply("here", { blob, metadata: "m" });
        }),
      ).init,
    );
  });
  const ask = async (text: string) => {
    const answer = node.ask(ME, text);
    await node.advance(50);
    kept?.respond(reply("late", { blob }));
    await node.advance(500);
    const { body, blob: got, metadata } = await answer;
    return [body, new TextDecoder().decode(got?.bytes), got?.mime, metadata];
  };
  expect(await ask("now")).toEqual(["here", "from the web", blob.type, "m"]);
  expect(await ask("later")).toEqual(["late", "from the web", blob.type, undefined]);
  useHost(undefined);
});

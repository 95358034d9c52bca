/** The public functions on a test node: who gets which answer, and what fails how. */
import { afterEach, expect, test } from "bun:test";
import type { GuestRuntime } from "@kinode-ts/types";
import * as v from "./index.ts";
import type { TestMessage, TestNodeOptions } from "./testing/index.ts";
import { TestNode, useHost } from "./testing/index.ts";

const ME = "me:test:sys";

afterEach(() => useHost(undefined));

/** Starts `body` as the process under test. */
function startNode(body: () => Promise<void> | void, options: TestNodeOptions = {}): TestNode {
  const node = new TestNode(options);
  node.start(ME, (host: GuestRuntime) => {
    useHost(host);
    host.main(v.defineProcess(body).init);
  });
  return node;
}

const asking = async (node: TestNode, body: string, ms = 0): Promise<string> => {
  const answer = node.ask(ME, body);
  await node.advance(ms);
  return (await answer).body;
};

test("processes that go round in circles end the test with a word, not never", async () => {
  const again = (host: GuestRuntime) =>
    host.main(async () => {
      for (;;) {
        const message = await host.receive();
        if (message.kind !== "request") continue;
        const target = message.body.length > 1 ? "test.os@b:test:sys" : "test.os@a:test:sys";
        await host.sendRequest({ target, body: message.body.length > 1 ? "x" : "xx" });
      }
    });
  const node = new TestNode();
  node.start("a:test:sys", again);
  node.start("b:test:sys", again);
  node.tell("a:test:sys", "xx");
  await expect(node.settle()).rejects.toThrow(/^Still busy after 1000000 steps at one moment/);
}, 120_000);

test("a handler answers by what it returns: text, bytes, JSON, a reply; undefined is no answer", async () => {
  const node = startNode(() =>
    v.serve((message) => {
      switch (message.text()) {
        case "text":
          return "plain";
        case "bytes":
          return Uint8Array.of(104, 105);
        case "json":
          return { list: [1n << 60n] };
        case "null":
          return null;
        case "reply":
          return v.reply("body", { blob: { mime: "text/x", bytes: Uint8Array.of(1) } });
        default:
          return undefined;
      }
    }),
  );
  expect(await asking(node, "text")).toBe("plain");
  expect(await asking(node, "bytes")).toBe("hi");
  expect(await asking(node, "json")).toBe('{"list":[1152921504606846976]}');
  expect(await asking(node, "null")).toBe("null");
  const reply = node.ask(ME, "reply");
  await node.settle();
  expect((await reply).blob).toEqual({ mime: "text/x", bytes: Uint8Array.of(1) });
});

test("a handler that waits for something else answers its own request all the same", async () => {
  const release: Record<string, () => void> = {};
  const node = startNode(() =>
    v.serve(async (message) => {
      await new Promise<void>((resolve) => (release[message.text()] = resolve));
      return `answer to ${message.text()}`;
    }),
  );
  const [first, second] = [node.ask(ME, "first"), node.ask(ME, "second")];
  await node.settle();
  release["first"]!();
  await node.advance(200);
  expect((await first).body).toBe("answer to first");
  release["second"]!();
  await node.advance(200);
  expect((await second).body).toBe("answer to second");
});

test("where the timer may not answer, late answers still go out, a second later", async () => {
  let release = (): void => {};
  const refuse = (message: TestMessage): boolean => message.source.includes("timer:distro:sys");
  const node = startNode(
    () =>
      v.serve(async (message) => {
        if (message.text() === "quick") return "quick answer";
        await new Promise<void>((resolve) => (release = resolve));
        return "slow answer";
      }),
    { refuse },
  );
  const slow = node.ask(ME, "slow");
  await node.settle();
  expect(await asking(node, "quick")).toBe("quick answer");
  release();
  await node.advance(1_100);
  expect((await slow).body).toBe("slow answer");
});

test("a process that ends sends the answers it has given before", async () => {
  const node = startNode(async () => {
    const first = await v.receive();
    const second = await v.receive();
    if (first.kind === "request") first.respond("to the first");
    if (second.kind === "request") second.respond("to the second");
  });
  const [first, second] = [node.ask(ME, "1"), node.ask(ME, "2")];
  await node.advance(100);
  expect([(await first).body, (await second).body]).toEqual(["to the first", "to the second"]);
  expect(node.endings.get(ME)).toBe("returned");
});

test("an answer by a request that was passed on goes to the one who waits", async () => {
  const node = startNode(() =>
    v.serve(async (message) => {
      await v.send("tail:test:sys", "done for me", { inherit: message });
      return undefined;
    }),
  );
  node.addModule("tail:test:sys", ({ text, blob }, reply) =>
    reply(`${text}, ${blob?.bytes.length}`),
  );
  const answer = node.ask(ME, "x", { blob: { bytes: new Uint8Array(7) } });
  await node.advance(10);
  expect(await answer).toMatchObject({ body: "done for me, 7", source: "test.os@tail:test:sys" });
});

test("an inherited request without a waiter gets no answer meant for an older one", async () => {
  const seen: string[] = [];
  let release = (): void => {};
  const node = startNode(() =>
    v.serve(async (message) => {
      seen.push(message.text());
      if (message.text() !== "older") return "astray";
      await new Promise<void>((resolve) => (release = resolve));
      return "to the older";
    }),
  );
  const older = node.ask(ME, "older");
  await node.settle();
  const from = "test.os@other:test:sys";
  const common = {
    rsvp: undefined,
    expectsResponse: undefined,
    metadata: undefined,
    blob: undefined,
  };
  const body = new TextEncoder().encode("inherited");
  node.route({
    ...common,
    id: 99,
    source: from,
    target: `test.os@${ME}`,
    kind: "request",
    inherit: true,
    body,
    capabilities: [],
  });
  await node.advance(50);
  expect(seen).toEqual(["older", "inherited"]);
  release();
  await node.advance(200);
  expect((await older).body).toBe("to the older");
});

test("a request settles with its response, a timeout, or as its signal says", async () => {
  const outcomes: unknown[] = [];
  const listeners: (() => void)[] = [];
  const signal = {
    aborted: false,
    reason: "enough",
    addEventListener: (_: "abort", run: () => void) => listeners.push(run),
  };
  const node = startNode(async () => {
    const ask = (target: string, options?: v.RequestOptions): Promise<void> =>
      v.request(target, { a: 1 }, options).then(
        (response) => void outcomes.push(response.json()),
        (thrown: unknown) =>
          void outcomes.push(thrown instanceof v.SendError ? [thrown.code, thrown.text()] : thrown),
      );
    await Promise.all([
      ask("echo:test:sys"),
      ask("silent:test:sys", { timeout: "2s" }),
      ask("far.os@x:y:z"),
      ask("silent:test:sys", { signal }),
      ask("nowhere"),
    ]);
  });
  node.addModule("echo:test:sys", ({ text }, reply) => reply(text));
  node.addModule("silent:test:sys", () => {});
  await node.settle();
  listeners[0]!();
  await node.advance(2_000);
  expect(outcomes).toHaveLength(5);
  expect(outcomes).toContainEqual({ a: 1 });
  expect(outcomes).toContainEqual(["Timeout", '{"a":1}']);
  expect(outcomes).toContainEqual(["Offline", '{"a":1}']);
  expect(outcomes).toContainEqual("enough");
  expect(outcomes.find((one) => one instanceof v.AddressParseError)).toMatchObject({
    code: "MissingField",
  });
});

test("responses to send arrive in the inbox with their context, failures as errors", async () => {
  const got: unknown[] = [];
  const node = startNode(async () => {
    await v.send("echo:test:sys", "one", { expectsResponse: "3s", context: "ctx" });
    await v.send("gone:test:sys", "two", { expectsResponse: 3_000, context: "lost" });
    const message = await v.receive();
    got.push(message.kind === "response" && [message.text(), v.decodeUtf8(message.context!)]);
    await v
      .receive()
      .catch((thrown: v.SendError) => got.push([thrown.isTimeout, v.decodeUtf8(thrown.context!)]));
    for await (const next of v.inbox) {
      got.push(next.text());
      break;
    }
  });
  node.addModule("echo:test:sys", ({ text }, reply) => reply(text));
  await node.settle();
  node.tell(ME, "last");
  await node.settle();
  expect(got).toEqual([["one", "ctx"], [true, "lost"], "last"]);
});

test("the builders do what they do in Rust", async () => {
  const seen: TestMessage[] = [];
  const node = startNode(async () => {
    const response = await v.Request.to("peer:test:sys")
      .body("b")
      .metadata("m")
      .blobMime("text/plain")
      .blobBytes("x")
      .attachMessaging()
      .sendAndAwaitResponse(5);
    const next = await v.receive();
    expect(next.text()).toBe("question");
    new v.Response().body(`peer said ${response.text()}`).send();
    expect(() => void v.Request.to("a:b:c").send()).toThrow(
      "The message has no body. Call body(…)",
    );
    expect(() => void new v.Request().body("x").send()).toThrow("The request has no target");
  });
  node.addModule("peer:test:sys", (message, reply) => {
    seen.push(message);
    reply("hello");
  });
  await node.settle();
  expect(await asking(node, "question", 10)).toBe("peer said hello");
  expect(seen[0]).toMatchObject({
    metadata: "m",
    blob: { mime: "text/plain", bytes: Uint8Array.of(120) },
    capabilities: [{ issuer: `test.os@${ME}`, params: '"messaging"' }],
  });
  expect(node.endings.get(ME)).toBe("returned");
});

test("a handler that fails is reported, and the process goes on", async () => {
  const node = startNode(() =>
    v.serve((message) => {
      if (message.text() === "bad") throw new Error("no good");
      return "fine";
    }),
  );
  node.tell(ME, "bad");
  expect(await asking(node, "good")).toBe("fine");
  expect(node.lines).toEqual([
    {
      process: ME,
      verbosity: 0,
      text: 'A handler failed for a request of "test.os@tester:tester:sys": no good',
    },
  ]);
});

test("a blob is read once, stays readable after other messages, and is missing where there is none", async () => {
  const node = startNode(() =>
    v.serve(async (message) => {
      if (message.text() !== "with") return String(message.hasBlob);
      await v.request("slow:test:sys", "x");
      return message.blobAs((value) => String((value as { n: number }).n)) ?? "undecodable";
    }),
  );
  node.addModule(
    "slow:test:sys",
    (_, reply) => void node.after(50, () => reply("ok", { bytes: Uint8Array.of(9) })),
  );
  const asked = node.ask(ME, "with", { blob: v.jsonBlob({ n: 7 }) });
  await node.advance(10);
  expect(await asking(node, "without")).toBe("false");
  await node.advance(100);
  expect((await asked).body).toBe("7");
});

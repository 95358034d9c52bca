/** Web sockets and `fetch` against an HTTP client in memory; real servers are in apps/node/test/stdlib-http-client.test.ts. */
import { afterEach, expect, test } from "bun:test";
import type { GuestRuntime } from "@kinode-ts/types";
import { defineProcess } from "../define.ts";
import { receive } from "../send.ts";
import type { TestModule } from "../testing/index.ts";
import { TestNode, useHost } from "../testing/index.ts";
import { fetch, openWebSocket, WebSocket } from "./index.ts";

const ME = "me:test:sys";
const CLIENT = "http-client:distro:sys";
afterEach(() => useHost(undefined));

interface Asked {
  readonly action: string;
  readonly fields: Record<string, unknown>;
  readonly text: string;
}

interface Started {
  readonly node: TestNode;
  readonly asked: Asked[];
  result: unknown;
  /** Sends the process an event of the channel. */
  push(type: string, content: string): void;
  close(channel?: number): void;
}

/** Starts a process; its HTTP client acknowledges web sockets and answers requests as `answer` says. */
function start(body: (asked: Asked[]) => Promise<unknown>, answer?: TestModule): Started {
  const node = new TestNode();
  const asked: Asked[] = [];
  const module: TestModule = (request, reply) => {
    const [[action, fields]] = Object.entries(request.value as object) as [
      [string, Asked["fields"]],
    ];
    asked.push({ action, fields, text: new TextDecoder().decode(request.blob?.bytes) });
    if (action.startsWith("WebSocket")) reply({ Ok: "WebSocketAck" });
    else answer?.(request, reply);
  };
  node.addModule(CLIENT, module);
  const started: Started = {
    node,
    asked,
    result: undefined,
    push: (type, content) =>
      node.tell(
        ME,
        { WebSocketPush: { channel_id: idOf(asked), message_type: type } },
        { from: CLIENT, blob: { bytes: new TextEncoder().encode(content) } },
      ),
    close: (channel) =>
      node.tell(ME, { WebSocketClose: { channel_id: channel ?? idOf(asked) } }, { from: CLIENT }),
  };
  node.start(ME, (host: GuestRuntime) => {
    useHost(host);
    host.main(
      defineProcess(async () => {
        started.result = await body(asked);
      }).init,
    );
  });
  return started;
}

const idOf = (asked: readonly Asked[]): number =>
  asked.findLast(({ action }) => action === "WebSocketOpen")!.fields["channel_id"] as number;

test("a loop over a web socket gets what comes, in order, while nobody serves", async () => {
  const started = start(async () => {
    const socket = await openWebSocket("ws://x/", { protocols: ["a", "b"] });
    const log: unknown[] = [];
    for await (const data of socket) log.push(data);
    return log;
  });
  await started.node.settle();
  expect(started.asked[0]!.fields).toMatchObject({
    url: "ws://x/",
    headers: { "Sec-WebSocket-Protocol": "a, b" },
  });
  started.push("Text", "one");
  started.push("Ping", "");
  started.push("Binary", "two");
  started.close(12_345); // somebody else's
  await started.node.settle();
  started.close();
  await started.node.settle();
  expect(started.result).toEqual(["one", new TextEncoder().encode("two")]);
  expect(started.node.endings.get(ME)).toBe("returned");
});

test("messages for the process itself are not mixed up with those of its web sockets", async () => {
  const started = start(async () => {
    const socket = await openWebSocket("ws://x/");
    const message = await receive();
    const { value } = await socket[Symbol.asyncIterator]().next();
    return [message.text(), value];
  });
  await started.node.settle();
  started.push("Text", "over the socket");
  started.node.tell(ME, "for the process");
  await started.node.settle();
  expect(started.result).toEqual(["for the process", "over the socket"]);
});

test("events of channels that the process opened by hand come to it as ever", async () => {
  const started = start(async () => {
    await openWebSocket("ws://x/");
    return (await receive()).text();
  });
  await started.node.settle();
  started.close(77_777);
  await started.node.settle();
  expect(started.result).toBe('{"WebSocketClose":{"channel_id":77777}}');
});

test("a loop that is too slow loses the connection, and is told after what it has kept", async () => {
  const started = start(async () => {
    const socket = await openWebSocket("ws://x/");
    await receive();
    let count = 0;
    try {
      for await (const _ of socket) count++;
      return "ended";
    } catch (thrown) {
      return [count, (thrown as { code: string }).code, socket.isOpen];
    }
  });
  await started.node.settle();
  const part = "x".repeat(4 * 1024 * 1024);
  for (let i = 0; i < 6; i++) started.push("Text", part);
  started.node.tell(ME, "look now");
  await started.node.settle();
  expect(started.result).toEqual([4, "Overflow", false]);
  expect(started.asked.at(-1)!.action).toBe("WebSocketClose");
});

test("an opening that is given up closes what may open later", async () => {
  const started = start(async () => {
    const stop = new AbortController();
    const opening = openWebSocket("ws://x/", { signal: stop.signal });
    stop.abort(new Error("enough"));
    const failed = await opening.catch((thrown: Error) => thrown.message);
    await receive();
    return failed;
  });
  await started.node.settle();
  started.node.tell(ME, "end");
  await started.node.settle();
  expect(started.result).toBe("enough");
  expect(started.asked.map(({ action }) => action)).toEqual(["WebSocketOpen", "WebSocketClose"]);
});

test("the web's WebSocket refuses to send before it is open, and tells listeners that fail apart", async () => {
  const started = start(async () => {
    const socket = new WebSocket("ws://x/", "chat");
    const log: unknown[] = [];
    try {
      socket.send("too early");
    } catch (thrown) {
      log.push((thrown as Error).message);
    }
    socket.binaryType = "uint8array";
    socket.onopen = () => {
      throw new Error("in a listener");
    };
    socket.addEventListener("open", () => socket.send("hello"));
    await new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        log.push(data, socket.bufferedAmount);
        resolve();
      };
    });
    return log;
  });
  await started.node.settle();
  started.push("Binary", "A");
  await started.node.settle();
  expect(started.result).toEqual(["The web socket is not open yet", new Uint8Array([65]), 0]);
  expect(started.asked.map(({ text }) => text)).toEqual(["", "hello"]);
  expect(started.node.lines.map(({ text }) => text)).toEqual([
    "A listener of a web socket failed: in a listener",
  ]);
});

test("natively a body in parts is the realm's own stream, and nothing is read ahead", async () => {
  let reads = 0;
  const client: TestModule = ({ value }, reply) => {
    const action = Object.keys(value as object)[0];
    if (action === "Http") reply({ Ok: { Http: { status: 200, headers: {}, body_stream: 1 } } });
    else if (action === "BodyAbort") reply({ Ok: null });
    else {
      const bytes = new TextEncoder().encode(`part ${++reads}`);
      reply({ Ok: { BodyChunk: { done: false } } }, { bytes });
    }
  };
  const started = start(async () => {
    const { body } = await fetch("http://x/", { timeout: "3s" });
    expect(body).toBeInstanceOf(ReadableStream);
    const before = reads;
    for await (const part of body!) return [before, new TextDecoder().decode(part), reads];
    return undefined;
  }, client);
  await started.node.settle();
  expect(started.result).toEqual([0, "part 1", 1]);
  const { action, fields } = started.asked.at(-1)!;
  expect([action, fields]).toEqual(["BodyAbort", { stream: 1, reading: true }]);
});

/**
 * Putting a new program in the place of a running one: what stays, and what happens when the new one is bad.
 * @module
 */
import { expect, test } from "bun:test";
import type { Executor, Request } from "@kinode-ts/types";
import type { NativeMain, NativeProcess } from "../src/native-process.ts";
import { createFunctionExecutor } from "../src/index.ts";
import { createTestNode, DRIVER, type TestNode } from "./test-node.ts";

const HANDLE = "/test:sys/pkg/app.wasm";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const request = (text: string, expectsResponse?: number): Request => ({
  kind: "request",
  inherit: false,
  expectsResponse,
  body: encoder.encode(text),
  metadata: undefined,
  capabilities: [],
});

/** Tells the driver everything it receives, under the name of its version. */
async function tellAll(version: string, process: NativeProcess): Promise<never> {
  const { host } = process;
  const driver = { node: host.our.node, process: DRIVER };
  for (;;) {
    const delivery = await process.receive();
    const text =
      delivery.kind === "message"
        ? `${delivery.message.kind} ${decoder.decode(delivery.message.body)}`
        : delivery.error.kind;
    const context = delivery.context === undefined ? "" : ` ${decoder.decode(delivery.context)}`;
    void host.sendRequest(driver, request(`${version}: ${text}${context}`), undefined, undefined);
  }
}

/** Programs by what is in the file. */
function versions(programs: Readonly<Record<string, NativeMain>>): Executor {
  return {
    accepts: ({ handle }) => handle === HANDLE,
    prepare: ({ bytes }) => {
      const main = programs[decoder.decode(bytes)];
      if (main === undefined) return Promise.reject(new Error("no such version"));
      return createFunctionExecutor({ [HANDLE]: main }).prepare({ handle: HANDLE, bytes });
    },
  };
}

async function appNode(programs: Readonly<Record<string, NativeMain>>): Promise<TestNode> {
  const node = await createTestNode({ executors: [versions(programs)] });
  node.files.set(HANDLE, encoder.encode("v1"));
  await node.grant(DRIVER, node.messaging("app"));
  await node.start(["b"]);
  await node.start(["app"], {
    handle: HANDLE,
    capabilities: [node.messaging(DRIVER), node.messaging("b")],
  });
  return node;
}

const heard = (node: TestNode): string[] =>
  node.driver.received
    .filter(({ source }) => source.process === node.id("app"))
    .map(({ message }) => decoder.decode(message.body));

async function say(node: TestNode, text: string): Promise<void> {
  node.driver.context.send({ target: node.at("app"), body: encoder.encode(text) });
  await node.clock.settle();
}

async function replace(node: TestNode, version: string): Promise<string | undefined> {
  node.files.set(HANDLE, encoder.encode(version));
  const outcome = await node.clock.runUntil(node.kernel.replace([node.id("app")]));
  await node.clock.settle();
  return outcome.get(node.id("app"));
}

const v2: NativeMain = (process) => tellAll("v2", process);

test("a replaced program's mailbox goes to the new one, in order, and nothing twice", async () => {
  const node = await appNode({
    // It takes one message and then waits for something that never comes.
    v1: async (process) => {
      await process.receive();
      await new Promise(() => {});
    },
    v2,
  });
  for (const text of ["1", "2", "3"]) await say(node, text);
  expect(await replace(node, "v2")).toBeUndefined();
  expect(heard(node)).toEqual(["v2: request 2", "v2: request 3"]);
  await say(node, "4");
  expect(heard(node).at(-1)).toBe("v2: request 4");
});

test("answers to requests of the old program reach the new one with their contexts", async () => {
  const node = await appNode({
    v1: async (process) => {
      await process.receive();
      const b = { node: process.host.our.node, process: node.id("b") };
      void process.host.sendRequest(b, request("", 5), encoder.encode("note"), undefined);
      await process.receive();
    },
    v2,
  });
  await say(node, "go");
  expect(await replace(node, "v2")).toBeUndefined();
  // Nobody answers: the request's time runs out under the new program.
  await node.clock.advance(6_000);
  expect(heard(node)).toEqual(["v2: timeout note"]);
});

test("a message in hand is finished before the program is replaced", async () => {
  let finish: () => void = () => {};
  const node = await appNode({
    v1: async (process) => {
      for (;;) {
        await process.receive();
        await new Promise<void>((resolve) => (finish = resolve));
        const driver = { node: process.host.our.node, process: DRIVER };
        void process.host.sendRequest(driver, request("v1: done"), undefined, undefined);
      }
    },
    v2,
  });
  await say(node, "1");
  await say(node, "2");
  node.files.set(HANDLE, encoder.encode("v2"));
  const replaced = node.kernel.replace([node.id("app")]);
  await node.clock.settle();
  expect(heard(node)).toEqual([]);
  finish();
  await node.clock.runUntil(replaced);
  await node.clock.settle();
  expect(heard(node)).toEqual(["v1: done", "v2: request 2"]);
});

test("a program that cannot be compiled leaves the old one running, and says why", async () => {
  const node = await appNode({ v1: (process) => tellAll("v1", process) });
  expect(await replace(node, "broken")).toBe("no such version");
  await say(node, "1");
  expect(heard(node)).toEqual(["v1: request 1"]);
});

test("capabilities and on-exit stay; the old program's on-exit is not carried out", async () => {
  const node = await appNode({
    v1: async (process) => {
      process.host.setOnExit({ kind: "restart" });
      await process.receive();
    },
    v2,
  });
  const before = node.kernel.process(node.id("app"))!;
  expect(await replace(node, "v2")).toBeUndefined();
  const after = node.kernel.process(node.id("app"))!;
  expect(after.state).toBe("running");
  expect(after.onExit).toEqual({ kind: "restart" });
  expect(after.capabilities).toEqual(before.capabilities);
});

test("a process that waits for its restart starts at once with the new program", async () => {
  let starts = 0;
  const node = await appNode({
    v1: async (process) => {
      starts++;
      process.host.setOnExit({ kind: "restart" });
      await process.receive();
      throw new Error("v1 crashes");
    },
    v2,
  });
  await say(node, "crash");
  await say(node, "crash");
  expect(node.kernel.process(node.id("app"))?.state).toBe("restarting");
  const before = starts;
  expect(await replace(node, "v2")).toBeUndefined();
  await say(node, "1");
  expect(heard(node).at(-1)).toBe("v2: request 1");
  expect(starts).toBe(before);
});

test("a replaced program that sleeps on an awaited answer does not get it later", async () => {
  const node = await appNode({
    v1: async (process) => {
      await process.receive();
      const b = { node: process.host.our.node, process: node.id("b") };
      await process.awaitResponse(b, request("", 5));
    },
    v2,
  });
  await say(node, "go");
  expect(await replace(node, "v2")).toBeUndefined();
  await node.clock.advance(6_000);
  expect(heard(node)).toEqual([]);
});

test("one that does not exist cannot be replaced", async () => {
  const node = await appNode({ v1: v2 });
  const id = node.id("nobody");
  expect((await node.kernel.replace([id])).get(id)).toBe("There is no such process");
});

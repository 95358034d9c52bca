/** Back pressure between kernel and network: spec/network-identity.md W5; design.md §4 "Bounded". */
import { expect, test } from "bun:test";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createMemoryStore } from "@kinode-ts/store";
import { createRecordingPrinter, createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import {
  type Capability,
  type KernelMessage,
  type NetworkEvents,
  parseAddress,
  type ProcessId,
} from "@kinode-ts/types";
import { createFunctionExecutor, createKernel, type NativeMain } from "../src/index.ts";

const ID = "a:test:sys" as ProcessId;
const HANDLE = "/test:sys/pkg/a.wasm";
const NETWORK: Capability = {
  issuer: parseAddress("alice.os@kernel:distro:sys"),
  params: '"network"',
};

async function run(main: NativeMain, send: (message: KernelMessage) => void | Promise<void>) {
  const clock = createVirtualClock();
  let events!: NetworkEvents;
  const kernel = createKernel(
    {
      store: createMemoryStore(),
      clock,
      random: createSeededRandom(1),
      printer: createRecordingPrinter(),
      signer: createNodeSigner(new Uint8Array(32)),
      network: { send, connect: (given) => void (events = given) },
      programs: { read: () => Promise.resolve(new Uint8Array(1)) },
      executors: [createFunctionExecutor({ [HANDLE]: main })],
      modules: [],
    },
    { our: "alice.os", limits: { senderQuotaCount: 10, maxMailboxCount: 100 } },
  );
  await clock.runUntil(kernel.boot());
  await clock.runUntil(
    kernel.register([
      {
        id: ID,
        wasmBytesHandle: HANDLE,
        witVersion: 1,
        onExit: { kind: "none" },
        public: false,
        capabilities: [NETWORK],
      },
    ]),
  );
  await clock.runUntil(kernel.run([ID]));
  await clock.settle();
  return { clock, kernel, events, received: (message: KernelMessage) => events.received(message) };
}

const request = (body: number): KernelMessage["message"] & { kind: "request" } => ({
  kind: "request",
  inherit: false,
  expectsResponse: undefined,
  body: Uint8Array.of(body),
  metadata: undefined,
  capabilities: [],
});

test("a process waits while much of it waits for another node, a second at most", async () => {
  const sent: number[] = [];
  const room = Promise.withResolvers<void>();
  let slow = true;
  const { clock, kernel } = await run(
    async ({ host }) => {
      for (let number = 0; number < 6; number += 1) {
        await host.sendRequest(
          parseAddress("bob.os@b:test:sys"),
          request(number),
          undefined,
          undefined,
        );
      }
    },
    ({ message }) => {
      sent.push(message.body[0]!);
      if (slow) return sent.length === 1 ? room.promise : new Promise<void>(() => {});
      return undefined;
    },
  );
  expect(sent).toEqual([0]);
  await clock.advance(500);
  expect(sent).toEqual([0]);
  room.resolve();
  await clock.settle();
  expect(sent).toEqual([0, 1]);
  await clock.advance(990);
  expect(sent).toEqual([0, 1]);
  await clock.advance(20);
  expect(sent).toEqual([0, 1, 2]);
  slow = false;
  await clock.advance(1_000);
  expect(sent).toEqual([0, 1, 2, 3, 4, 5]);
  await clock.runUntil(kernel.shutdown());
});

test("a node that sends faster than a process takes is paused until the process has taken enough", async () => {
  let go = (): void => {};
  const taken: number[] = [];
  const { clock, received, kernel } = await run(
    async (process) => {
      await new Promise<void>((resolve) => void (go = resolve));
      for (;;) {
        const delivery = await process.receive();
        if (delivery.kind === "message") taken.push(delivery.message.body[0]!);
      }
    },
    () => undefined,
  );
  const arrive = (number: number) =>
    received({
      id: number,
      source: parseAddress("bob.os@b:test:sys"),
      target: { node: "alice.os", process: ID },
      rsvp: undefined,
      message: request(number),
      blob: undefined,
    });
  for (let number = 0; number < 10; number += 1) expect(arrive(number)).toBeUndefined();
  const pause = arrive(10);
  let isOver = false;
  void pause!.then(() => (isOver = true));
  await clock.advance(900);
  expect(isOver).toBe(false);
  go();
  await clock.settle();
  expect([isOver, taken.length]).toEqual([true, 11]);
  await clock.runUntil(kernel.shutdown());
});

test("a node is not paused for ever by a process that takes nothing", async () => {
  const { clock, received, kernel } = await run(
    () => new Promise<void>(() => {}),
    () => undefined,
  );
  const arrive = (number: number) =>
    received({
      id: number,
      source: parseAddress("bob.os@b:test:sys"),
      target: { node: "alice.os", process: ID },
      rsvp: undefined,
      message: request(number),
      blob: undefined,
    });
  for (let number = 0; number < 10; number += 1) void arrive(number);
  const pause = arrive(10)!;
  await clock.advance(1_010);
  await pause;
  // It has had its chance: what comes from now on is refused at once.
  expect(arrive(11)).toBeUndefined();
  await clock.runUntil(kernel.shutdown());
});

test("the network is told whose answers are waited for, and who waits hears of a node that is gone", async () => {
  const outcomes: string[] = [];
  const { clock, kernel, events } = await run(
    async (process) => {
      const ask = async (to: string, number: number, seconds: number | undefined) =>
        await process.host.sendRequest(
          parseAddress(to),
          { ...request(number), expectsResponse: seconds },
          Uint8Array.of(number),
          undefined,
        );
      await ask("bob.os@b:test:sys", 1, 30);
      await ask("bob.os@b:test:sys", 2, undefined);
      await ask("carol.os@b:test:sys", 3, 30);
      for (;;) {
        const delivery = await process.receive();
        if (delivery.kind === "send-error") {
          outcomes.push(`${delivery.context?.[0]} ${delivery.error.kind}`);
        }
      }
    },
    () => undefined,
  );
  const question = kernel.ask({
    source: ID,
    target: parseAddress("bob.os@b:test:sys"),
    body: new Uint8Array(0),
    timeoutSeconds: 30,
  });
  const awaited = events.awaited!("bob.os");
  expect(awaited.map(({ message }) => message.body[0])).toEqual([1, undefined]);
  for (const message of awaited) events.failed(message, "offline");
  expect(await clock.runUntil(question)).toEqual({ ok: false, error: "offline" });
  await clock.settle();
  expect(outcomes).toEqual(["1 offline"]);
  expect(events.awaited!("bob.os")).toEqual([]);
  await clock.runUntil(kernel.shutdown());
});

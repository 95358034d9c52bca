/**
 * Web sockets of the HTTP client whose process has no room for what they bring, with sockets that open at once.
 * That the kernel tells the module so is a test of the kernel's.
 */
import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import {
  createModuleHarness,
  isThroughKernel,
  type ModuleHarness,
} from "@kinode-ts/testing/module-harness";
import type { Clock, ProcessId } from "@kinode-ts/types";
import { createHttpClientModule } from "../src/client/http-client.ts";
import { DEFAULT_HTTP_CLIENT_LIMITS } from "../src/client/limits.ts";
import type { ClientSocket, HttpTransport, SocketEvents } from "../src/client/transport.ts";

const APP = "app:test:sys" as ProcessId;
const ACK = { Ok: "WebSocketAck" };

interface FakeSocket extends ClientSocket {
  readonly events: SocketEvents;
  isTerminated: boolean;
}

function fakeTransport(sockets: FakeSocket[]): HttpTransport {
  const unused = (): Promise<never> => Promise.reject(new Error("not used"));
  return {
    exchange: unused,
    open: unused,
    openSocket(_url, _headers, events) {
      const socket: FakeSocket = {
        events,
        isTerminated: false,
        send: () => true,
        close: () => {},
        terminate: () => void (socket.isTerminated = true),
      };
      sockets.push(socket);
      events.opened();
      return Promise.resolve(socket);
    },
    close: () => {},
  };
}

/** `fill(true)`: from now on the process has no room for what it is told. */
async function start(clock: Clock) {
  const sockets: FakeSocket[] = [];
  const transport = fakeTransport(sockets);
  const module = createHttpClientModule({ clock, transport, limits: DEFAULT_HTTP_CLIENT_LIMITS });
  const harness = createModuleHarness(module);
  await harness.start();
  let isFull = false;
  harness.onSend(({ id, target, body, blob }) => {
    if (!isFull) return;
    const source = harness.context.address;
    const content = { kind: "request", inherit: false, body, capabilities: [] } as const;
    const message = { ...content, expectsResponse: undefined, metadata: undefined };
    queueMicrotask(() =>
      module.sendError!({ id, source, target, rsvp: undefined, message, blob }, "timeout"),
    );
  });
  return { module, harness, sockets, fill: (full: boolean) => void (isFull = full) };
}

const open = (harness: ModuleHarness, channelId: number) =>
  harness.ask(APP, {
    body: { WebSocketOpen: { url: "ws://a.example", headers: {}, channel_id: channelId } },
  });

/** Ends that the process was told so far, as channel ids. */
const endsIn = (harness: ModuleHarness): readonly number[] =>
  harness.sent.flatMap(({ body }) => {
    const json = JSON.parse(new TextDecoder().decode(body)) as {
      WebSocketClose?: { channel_id: number };
    };
    return json.WebSocketClose === undefined ? [] : [json.WebSocketClose.channel_id];
  });

const receive = (socket: FakeSocket | undefined): void =>
  socket!.events.received("Text", new TextEncoder().encode("hello"));

test.skipIf(isThroughKernel())(
  "a web socket of which a frame is lost ends, and its process is told until it has room",
  async () => {
    const clock = createVirtualClock();
    const { harness, sockets, fill } = await start(clock);
    expect((await open(harness, 1)).json).toEqual(ACK);
    expect((await open(harness, 2)).json).toEqual(ACK);
    fill(true);
    receive(sockets[0]);
    receive(sockets[0]);
    await clock.settle();
    expect(sockets.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
    const push = { WebSocketPush: { channel_id: 1, message_type: "Text" } };
    expect((await harness.ask(APP, { body: push, blob: "hi" })).json).toEqual({
      Err: { WsPushUnknownChannel: { channel_id: 1 } },
    });
    expect(endsIn(harness)).toEqual([1]);
    await clock.advance(1_000);
    expect(endsIn(harness)).toEqual([1, 1]);
    fill(false);
    await clock.advance(1_000);
    expect(endsIn(harness)).toEqual([1, 1, 1]);
    await clock.advance(10_000);
    expect(endsIn(harness)).toEqual([1, 1, 1]);
    const { length } = harness.sent;
    receive(sockets[1]);
    expect(harness.sent).toHaveLength(length + 1);
  },
);

test.skipIf(isThroughKernel())(
  "the end of a web socket is told again when there was no room, a minute long, never to a process that ended",
  async () => {
    const clock = createVirtualClock();
    const { module, harness, sockets, fill } = await start(clock);
    await open(harness, 1);
    fill(true);
    sockets[0]!.events.closed();
    await clock.advance(120_000);
    expect(endsIn(harness)).toHaveLength(60);
    expect(clock.pendingTimerCount).toBe(0);

    await open(harness, 2);
    sockets[1]!.events.closed();
    await clock.settle();
    expect(endsIn(harness)).toHaveLength(61);
    module.processEnded!(APP);
    await clock.advance(120_000);
    expect(endsIn(harness)).toHaveLength(61);
  },
);

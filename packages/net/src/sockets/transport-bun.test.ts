/** Real sockets on this machine. Source: spec/network-identity.md §1.5. */
import { afterEach, expect, test } from "bun:test";
import { connect as connectTcp } from "node:net";
import type { Clock, KernelMessage } from "@kinode-ts/types";
import { parseAddress } from "@kinode-ts/types";
import { ALICE, BOB, KEYS } from "../../test/vectors.ts";
import type { Protocol } from "../identity/known-nodes.ts";
import { HandshakeChannel } from "../opening/handshake-channel.ts";
import { answerVisitor, callNode } from "../opening/open-session.ts";
import { Connection } from "../peers/connection.ts";
import { toOutgoing } from "../peers/outgoing.ts";
import type { Listening, Socket } from "../transport.ts";
import { createBunTransport } from "./transport-bun.ts";

const transport = createBunTransport("127.0.0.1");
const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function listen(protocol: Protocol, accept: (socket: Socket) => void): Promise<Listening> {
  const listening = await transport.listen(protocol, 0, accept);
  cleanups.push(() => listening.stop());
  return listening;
}

/** Two nodes with a session between them, over a real socket. */
async function startPair(protocol: Protocol) {
  const received: KernelMessage[] = [];
  let wake = (): void => {};
  const ends: Record<string, string> = {};
  const toConnection = (
    our: string,
    session: Parameters<typeof open>[1],
    channel: HandshakeChannel,
  ) => open(our, session, channel);
  const open = (
    our: string,
    session: ConstructorParameters<typeof Connection>[0]["session"],
    { socket, framing }: HandshakeChannel,
  ) =>
    new Connection({
      our,
      session,
      socket,
      framing,
      clock,
      events: {
        received: (message) => {
          received.push(message);
          wake();
        },
        unsendable: () => {},
        refused: () => {},
        closed: (why) => {
          ends[our] = why;
          wake();
        },
      },
    });
  const answered = Promise.withResolvers<Connection>();
  const { port } = await listen(protocol, (socket) => {
    const channel = new HandshakeChannel(socket, clock);
    void answerVisitor(channel, BOB.identity, (name) => KEYS.get(name)).then((visit) => {
      if (visit.kind === "session")
        answered.resolve(toConnection("bob.os", visit.session, channel));
    });
  });
  const channel = new HandshakeChannel(await transport.dial(protocol, "127.0.0.1", port), clock);
  const session = await callNode(channel, ALICE.identity, {
    target: "bob.os",
    targetKey: KEYS.get("bob.os")!,
    proxyRequest: false,
  });
  const alice = toConnection("alice.os", session, channel);
  const bob = await answered.promise;
  cleanups.push(() => alice.close("test"));
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
  };
  return { alice, bob, received, ends, until };
}

function message(from: string, to: string, body: Uint8Array) {
  return toOutgoing({
    id: 7,
    source: parseAddress(`${from}@a:chat:x.os`),
    target: parseAddress(`${to}@a:chat:x.os`),
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
  });
}

const ASCII_10_MB = new Uint8Array(10_000_000).map((_, at) => 32 + ((at * 31) % 90));

test.each(["tcp", "ws"] as const)(
  "10 MB and many small messages cross a %s connection both ways",
  async (protocol) => {
    const { alice, bob, received, until } = await startPair(protocol);
    expect(alice.send(message("alice.os", "bob.os", ASCII_10_MB))).toBe(true);
    await until(() => received.length === 1);
    expect(Buffer.compare(received[0]!.message.body, ASCII_10_MB)).toBe(0);
    expect(bob.send(message("bob.os", "alice.os", ASCII_10_MB))).toBe(true);
    await until(() => received.length === 2);
    expect(Buffer.compare(received[1]!.message.body, ASCII_10_MB)).toBe(0);
    for (let number = 0; number < 1_000; number += 1) {
      expect(
        alice.send(message("alice.os", "bob.os", Uint8Array.of(number & 255, number >> 8))),
      ).toBe(true);
    }
    await until(() => received.length === 1_002);
    const numbers = received.slice(2).map(({ message: { body } }) => body[0]! + (body[1]! << 8));
    expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
  },
  120_000,
);

test.each(["tcp", "ws"] as const)(
  "the end of a %s socket is heard on the other side",
  async (protocol) => {
    const { alice, ends, until } = await startPair(protocol);
    alice.close("enough");
    await until(() => "bob.os" in ends);
    expect(ends).toEqual({ "alice.os": "enough", "bob.os": "the other side ended it" });
  },
);

test("[N32] an upgrade on any path is taken, and no compression is negotiated", async () => {
  const accepted: Socket[] = [];
  const { port } = await listen("ws", (socket) => void accepted.push(socket));
  const heads: string[] = [];
  for (const path of ["/", "/any/path?x=1"]) {
    const { promise, resolve } = Promise.withResolvers<string>();
    const raw = connectTcp(port, "127.0.0.1", () =>
      raw.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
      ),
    );
    raw.once("data", (bytes) => resolve(bytes.toString()));
    heads.push(await promise);
    raw.destroy();
  }
  for (const head of heads) {
    expect(head).toStartWith("HTTP/1.1 101");
    expect(head.toLowerCase()).not.toContain("permessage-deflate");
  }
  expect(accepted.length).toBe(2);
});

test("[N29] a Text or Close frame ends the connection, a Ping is answered by a Pong", async () => {
  const ended: string[] = [];
  const { port } = await listen("ws", (socket) =>
    socket.listen({ received: () => {}, closed: () => void ended.push("closed") }),
  );
  const dial = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    return socket;
  };
  const closed = (socket: WebSocket) =>
    new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
  const talking = await dial();
  const pong = new Promise((resolve) => talking.addEventListener("pong", resolve, { once: true }));
  talking.ping();
  await pong;
  const end = closed(talking);
  talking.send("text");
  await end;
  const leaving = await dial();
  const left = closed(leaving);
  leaving.close(1000);
  await left;
  while (ended.length < 2) await Bun.sleep(1);
  expect(ended).toEqual(["closed", "closed"]);
});

test("a port that is taken and one where nobody is are clear errors", async () => {
  const { port } = await listen("tcp", () => {});
  await expect(transport.listen("ws", port, () => {})).rejects.toThrow(`ws port ${port}`);
  await expect(transport.listen("tcp", port, () => {})).rejects.toThrow(`tcp port ${port}`);
  const gone = await transport.listen("tcp", 0, () => {});
  await gone.stop();
  await expect(transport.dial("tcp", "127.0.0.1", gone.port)).rejects.toThrow();
  await expect(transport.dial("ws", "127.0.0.1", gone.port)).rejects.toThrow(
    "No web socket answers",
  );
});

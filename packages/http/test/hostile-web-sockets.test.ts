/** Web sockets of the client against servers that break the rules, or the memory: bytes as they come, no library of servers. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { createBunTransport } from "../src/index.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

type Transport = ReturnType<typeof createBunTransport>;
type Room = NonNullable<Parameters<Transport["openSocket"]>[3]>;
type Answer = (socket: Socket, head: string) => void;

let answer: Answer = () => undefined;
/** Whether the server ends a connection that the client has ended. */
let isPolite = true;
const connections = new Set<Socket>();
/** What came on the newest connection after its request. */
let heard = Buffer.alloc(0);
const server = createServer({ allowHalfOpen: true }, (socket) => {
  let head = "";
  connections.add(socket);
  heard = Buffer.alloc(0);
  socket.on("close", () => connections.delete(socket));
  socket.on("error", () => undefined);
  socket.on("end", () => isPolite && socket.end());
  socket.on("data", (data: Buffer) => {
    if (head.includes("\r\n\r\n")) {
      heard = Buffer.concat([heard, data]);
      return;
    }
    head += data.toString("latin1");
    if (head.includes("\r\n\r\n")) answer(socket, head);
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const PORT = (server.address() as AddressInfo).port;
afterAll(() => {
  for (const socket of connections) socket.destroy();
  server.close();
});

async function until(done: () => boolean, what: string): Promise<void> {
  const startedMs = performance.now();
  while (!done()) {
    if (performance.now() - startedMs > 60_000) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(2);
  }
}

type Seen = readonly [type: string, payload: Uint8Array];

interface Opening {
  readonly url?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly room?: Room;
  readonly maxMessageBytes?: number;
}

async function connect(opening: Opening = {}) {
  const transport = createBunTransport({
    refusalOf: () => undefined,
    maxSocketBufferedBytes: 100_000,
    maxSocketMessageBytes: opening.maxMessageBytes ?? 100_000,
  });
  const { promise: opened, resolve } = Promise.withResolvers<boolean>();
  const seen: Seen[] = [];
  let closedCount = 0;
  const url = new URL(opening.url ?? `ws://127.0.0.1:${PORT}/`);
  const socket = await transport.openSocket(
    url,
    opening.headers ?? [],
    {
      opened: () => resolve(true),
      received: (type, payload) => void seen.push([type, payload]),
      closed: () => {
        closedCount++;
        resolve(false);
      },
    },
    opening.room,
  );
  return { socket, seen, opened: await opened, closedCount: () => closedCount };
}

/** What opens the web socket, with further lines. */
function accepting(head: string, ...lines: readonly string[]): string {
  const key = /^sec-websocket-key: (\S+)/im.exec(head)![1]!;
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const all = [
    "HTTP/1.1 101 Yes",
    "Upgrade: WebSocket",
    "Connection: keep-alive, upgrade",
    `Sec-WebSocket-Accept: ${accept.digest("base64")}`,
    ...lines,
  ];
  return `${all.join("\r\n")}\r\n\r\n`;
}

/** Opens the web socket and sends these bytes. */
const sending =
  (...chunks: readonly Uint8Array[]): Answer =>
  (socket, head) => {
    socket.write(accepting(head));
    for (const chunk of chunks) socket.write(chunk);
  };

/** As long as the client takes them. */
const endless =
  (bytes: string): Answer =>
  (socket) => {
    const more = (): void => {
      while (socket.writable && socket.write(bytes));
    };
    socket.on("drain", more);
    more();
  };

/** A frame as a server sends it. */
function frame(opcode: number, payload: Uint8Array, isFinal = true): Uint8Array {
  const { length } = payload;
  const head =
    length < 126
      ? [length]
      : length < 0x1_0000
        ? [126, length >> 8, length & 0xff]
        : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.of((isFinal ? 0x80 : 0) | opcode, ...head), payload]);
}

/** The status in the close frame that came on the newest connection. */
function closeStatus(): number | undefined {
  if (heard.length < 8 || heard[0] !== 0x88) return undefined;
  return Buffer.of(heard[6]! ^ heard[2]!, heard[7]! ^ heard[3]!).readUInt16BE();
}

async function noConnection(): Promise<void> {
  await until(() => connections.size === 0, "the end of the connection");
}

test("a request has what the protocol needs, and an app's headers but for those", async () => {
  let asked = "";
  answer = (socket, head) => {
    asked = Buffer.from(head, "latin1").toString();
    socket.end(accepting(head, "Sec-WebSocket-Protocol: b"));
  };
  const headers = [
    ["X-A", "1"],
    ["x-a", "ä€"],
    ["sec-websocket-KEY", "mine"],
    ["Sec-WebSocket-Extensions", "permessage-deflate"],
    ["Sec-WebSocket-Protocol", "a, b"],
  ] as const;
  const url = `ws://me:p%40ss@127.0.0.1:${PORT}/a%20b?c=1#d`;
  expect((await connect({ url, headers })).opened).toBe(true);
  const [request, ...lines] = asked.trimEnd().split("\r\n");
  expect(request).toBe("GET /a%20b?c=1 HTTP/1.1");
  const key = lines.find((line) => line.startsWith("Sec-WebSocket-Key: "));
  expect(key).toMatch(/^.{19}[A-Za-z0-9+/]{22}==$/);
  expect(lines.toSorted()).toEqual(
    [
      `Authorization: Basic ${btoa("me:p@ss")}`,
      "Connection: Upgrade",
      `Host: 127.0.0.1:${PORT}`,
      key!,
      "Sec-WebSocket-Protocol: a,b",
      "Sec-WebSocket-Version: 13",
      "Upgrade: websocket",
      "X-A: 1",
      "X-A: ä€",
    ].toSorted(),
  );
  // Of several protocols the server takes one.
  for (const line of ["X-A: 1", "Sec-WebSocket-Protocol: c"]) {
    answer = (socket, head) => void socket.write(accepting(head, line));
    expect((await connect({ headers })).opened).toBe(false);
  }
  answer = (socket, head) => {
    asked = head;
    socket.end(accepting(head));
  };
  await connect({
    headers: [
      ["HOST", "other"],
      ["authorization", "mine"],
    ],
    url,
  });
  expect(asked.toLowerCase()).toContain("\r\nhost: other\r\n");
  expect(asked).not.toContain("127.0.0.1");
  expect(asked.toLowerCase().match(/authorization: .*/g)).toEqual(["authorization: mine"]);
  await noConnection();
});

test("only the answer to this very request opens the web socket; all else ends the connection", async () => {
  const other = (from: string | RegExp, to: string): Answer => {
    return (socket, head) => void socket.write(accepting(head).replace(from, to));
  };
  const filled = "a".repeat(16_000);
  const cases: readonly (readonly [string, Answer])[] = [
    ["no key", other(/Sec-WebSocket-Accept: .*\r\n/, "")],
    ["a wrong key", other(/Accept: ../, "Accept: --")],
    ["two keys", other(/(Sec-WebSocket-Accept: .*\r\n)/, "$1$1")],
    ["no upgrade", other(/Upgrade: .*\r\n/, "")],
    ["an upgrade to something else", other(/Upgrade: .*\r\n/, "Upgrade: h2c\r\n")],
    ["no connection header", other(/Connection: .*\r\n/, "")],
    ["another status", other("101 Yes", "200 OK")],
    ["a redirect", other("101 Yes", `302 No\r\nLocation: ws://127.0.0.1:${PORT}/`)],
    ["an extension", other("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")],
    ["a protocol nobody asked for", other("\r\n\r\n", "\r\nSec-WebSocket-Protocol: a\r\n\r\n")],
    ["a long head", other("\r\n\r\n", `\r\nX-A: ${filled}\r\nX-B: ${filled}\r\n\r\n`)],
    ["a line without end", (socket) => endless(`HTTP/1.1 101 Yes\r\nX: ${filled}`)(socket, "")],
    ["heads without end", endless("HTTP/1.1 100 Continue\r\n\r\n")],
    ["garbage", (socket) => void socket.write("\x16\x03\x01\0\r\n\r\n")],
    ["garbage without end", endless(filled)],
    ["nothing", (socket) => void socket.end()],
    ["half a head", (socket) => void socket.end("HTTP/1.1 101 Yes\r\nUpgr")],
    ["a reset", (socket) => void socket.resetAndDestroy()],
  ];
  for (const [name, given] of cases) {
    answer = given;
    const { opened, closedCount } = await connect();
    expect([name, opened]).toEqual([name, false]);
    await noConnection();
    expect([name, closedCount()]).toEqual([name, 1]);
  }
  answer = (socket, head) => void socket.write(accepting(head, `X-A: ${filled.slice(4_000)}`));
  const { opened, socket } = await connect();
  expect(opened).toBe(true);
  socket.terminate();
  await noConnection();
});

test("what breaks the rules ends the connection with the status that says so", async () => {
  const one = Uint8Array.of(65);
  const part = (isFirst: boolean): Uint8Array => frame(isFirst ? 2 : 0, one, false);
  const cases: readonly (readonly [number, readonly Uint8Array[]])[] = [
    [1002, [Uint8Array.of(0x82, 0x81, 1, 2, 3, 4, 65)]],
    [1002, [Uint8Array.of(0xc2, 1, 65)]],
    [1002, [frame(3, one)]],
    [1002, [frame(11, one)]],
    [1002, [frame(9, one, false)]],
    [1002, [frame(9, new Uint8Array(126))]],
    [1002, [frame(0, one)]],
    [1002, [frame(1, one, false), frame(2, one)]],
    [1002, [frame(8, one)]],
    [1007, [frame(1, Uint8Array.of(0xff))]],
    [1007, [frame(1, Uint8Array.of(0xc3), false), frame(0, new Uint8Array(0))]],
    [1009, [frame(2, new Uint8Array(11))]],
    [1009, [frame(2, new Uint8Array(10), false), frame(0, one)]],
    // No byte of it is there.
    [1009, [Uint8Array.of(0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)]],
    [1000, [frame(8, Uint8Array.of(1000 >> 8, 1000 & 0xff))]],
  ];
  for (const [status, frames] of cases) {
    answer = sending(Buffer.concat([...frames, ...frames]));
    const { opened, closedCount, seen } = await connect({ maxMessageBytes: 10 });
    await until(() => closeStatus() !== undefined, "a close frame");
    expect([frames, closeStatus(), closedCount()]).toEqual([frames, status, 1]);
    expect([opened, seen]).toEqual([true, []]);
    await noConnection();
  }
  // A message has at most 4,096 parts. NOTE: the class that Bun puts in the place of `ws` knows no such bound.
  answer = sending(Buffer.concat(Array.from({ length: 4_097 }, (_, index) => part(index === 0))));
  const { closedCount } = await connect();
  await until(() => closeStatus() !== undefined, "a close frame");
  expect([closeStatus(), closedCount()]).toEqual([1008, 1]);
  await noConnection();
});

test("a server that says goodbye and keeps the connection is told as closed at once, and left soon", async () => {
  isPolite = false;
  answer = sending(frame(8, new Uint8Array(0)));
  const { closedCount } = await connect();
  await until(() => closedCount() === 1, "the end");
  const isOver = (): boolean => {
    // Who has left answers with a reset.
    for (const socket of connections) socket.write("x");
    return connections.size === 0;
  };
  await until(isOver, "the end of the connection");
  isPolite = true;
});

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.nat({ max: 70_000 }).map((length) => new Uint8Array(length).fill(7)),
);
interface Item {
  readonly frames: readonly Uint8Array[];
  readonly seen: readonly (readonly [type: string, length: number])[];
}
/** A binary message in parts with pings between them, or a control frame. */
const item: fc.Arbitrary<Item> = fc.oneof(
  fc.array(bytes, { minLength: 1, maxLength: 4 }).map((parts) => ({
    frames: parts.flatMap((part, i) => [
      frame(i === 0 ? 2 : 0, part, i + 1 === parts.length),
      ...(i + 1 < parts.length ? [frame(9, Uint8Array.of(i))] : []),
    ]),
    seen: [
      ...parts.slice(1).map(() => ["Ping", 0] as const),
      ["Binary", parts.reduce((sum, { length }) => sum + length, 0)] as const,
    ],
  })),
  fc.uint8Array({ maxLength: 125 }).map((payload) => ({
    frames: [frame(10, payload)],
    seen: [["Pong", 0] as const],
  })),
);

test("messages come out whole and in order, however they are cut into frames and pieces, and hold no room", async () => {
  const end = frame(1, new TextEncoder().encode("end"));
  await fc.assert(
    fc.asyncProperty(
      fc.array(item, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 5 }),
      async (items, sizes) => {
        const all = Buffer.concat([...items.flatMap(({ frames }) => frames), end]);
        answer = async (socket, head) => {
          socket.write(accepting(head));
          for (let at = 0, i = 0; at < all.length; i++) {
            const piece = all.subarray(at, (at += Math.max(sizes[i % sizes.length]!, 700)));
            await new Promise((resolve) => socket.write(piece, resolve));
          }
        };
        const room = roomOf(10_000_000);
        const { socket, seen } = await connect({ maxMessageBytes: 300_000, room });
        await until(() => seen.at(-1)?.[0] === "Text", "the last message");
        const lengths = seen.map(([type, payload]) => [type, payload.length] as const);
        const wanted = items.flatMap((each) => each.seen);
        expect(lengths).toEqual([...wanted, ["Text", 3] as const]);
        // Each has its own memory alone.
        for (const [, payload] of seen) expect(payload.buffer.byteLength).toBe(payload.length);
        await until(() => room.used === 0, "the room to be given back");
        socket.terminate();
        await noConnection();
      },
    ),
    { numRuns: 25 },
  );
});

function roomOf(maxBytes: number) {
  const room = {
    used: 0,
    most: 0,
    take: (count: number): boolean => {
      if (room.used + count > maxBytes) return false;
      room.used += count;
      room.most = Math.max(room.most, room.used);
      return true;
    },
    release: (): void => void (room.used = 0),
  };
  return room;
}

test("a message takes room as it arrives; where none is left the connection ends with 1013, and gives all back", async () => {
  const large = frame(2, new Uint8Array(200_000));
  let rest = (): void => {};
  answer = (socket, head) => {
    socket.write(accepting(head));
    socket.write(large.subarray(0, 150_000));
    rest = () => void socket.write(large.subarray(150_000));
  };
  const room = roomOf(300_000);
  const first = await connect({ maxMessageBytes: 10_000_000, room });
  await until(() => room.used > 149_000, "a part of the message");
  rest();
  await until(() => first.seen.length === 1 && room.used === 0, "the whole message");
  first.socket.terminate();
  await noConnection();
  answer = sending(frame(2, new Uint8Array(9_000_000)));
  const second = await connect({ maxMessageBytes: 10_000_000, room });
  await until(() => closeStatus() !== undefined, "a close frame");
  expect([closeStatus(), second.closedCount(), second.seen]).toEqual([1013, 1, []]);
  await noConnection();
  await until(() => room.used === 0, "the room to be given back");
  expect(room.most).toBeGreaterThan(149_000);
});

test("whatever bytes come, they are messages within the bound or end the connection", async () => {
  const byte = fc.oneof(
    fc.constantFrom(0, 1, 2, 5, 126, 127, 0x01, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a),
    fc.integer({ min: 0, max: 255 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(byte, { maxLength: 200 }), async (given) => {
      answer = (socket, head) =>
        void socket.end(Buffer.concat([Buffer.from(accepting(head)), Buffer.from(given)]));
      const { opened, seen, closedCount } = await connect({ maxMessageBytes: 50 });
      await until(() => closedCount() === 1, "the end");
      expect(opened).toBe(true);
      for (const [, { length }] of seen) expect(length).toBeLessThanOrEqual(50);
    }),
    { numRuns: 100 },
  );
  for (const socket of connections) socket.destroy();
});

test("a server that pings and does not read gets no more answers than may wait", async () => {
  const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(9, Buffer.alloc(125))));
  const count = 30;
  answer = (socket, head) => {
    socket.write(accepting(head));
    socket.pause();
    for (let sent = 0; sent < count; sent++) socket.write(pings);
    socket.write(frame(1, Buffer.from("end")));
  };
  const { seen, socket } = await connect();
  await until(() => seen.at(-1)?.[0] === "Text", "the last message");
  expect(seen).toHaveLength(count * 10_000 + 1);
  expect(socket.send("Text", Buffer.from("more"))).toBe(false);
  // It reads at last. 39 MB of answers were asked for; what is there is what the system's own buffers took, and 100 KB.
  const [peer] = connections;
  peer!.resume();
  await until(() => socket.send("Text", Buffer.from("more")), "the answers to go out");
  expect(peer!.bytesRead).toBeLessThan(20_000_000);
  socket.terminate();
  await noConnection();
});

/** Source: spec/network-identity.md §1.5, appendix A.4. */
import { expect, test } from "bun:test";
import { MAX_MESSAGE_BYTES } from "@kinode-ts/codec";
import fc from "fast-check";
import { connect } from "../../test/pair.ts";
import { REQUEST, RESPONSE, TCP_REQUEST, WS_REQUEST, WS_RESPONSE } from "../../test/vectors.ts";
import {
  frameTcpHandshake,
  sealTcpMessage,
  sealWebSocketMessage,
  TcpReader,
  WebSocketMessageReader,
} from "../index.ts";
import { createFraming } from "./framing.ts";
import { joinBytes } from "../join-bytes.ts";

const CHUNK = 65_519;
const filled = (length: number): Uint8Array => new Uint8Array(length).map((_, at) => at * 7);

test("[N23] a web socket message has its length inside the first sealed frame", () => {
  const { alice, bob } = connect({ vectors: true });
  expect(sealWebSocketMessage(alice.send, REQUEST)).toEqual([WS_REQUEST]);
  expect(sealWebSocketMessage(bob.send, RESPONSE)).toEqual([WS_RESPONSE]);
  expect(new WebSocketMessageReader(bob.receive).read(WS_REQUEST)).toEqual(REQUEST);
  expect(new WebSocketMessageReader(alice.receive).read(WS_RESPONSE)).toEqual(RESPONSE);
});

test("[N24] a TCP message has its total in clear, then sealed chunks behind their lengths", () => {
  const { alice, bob } = connect({ vectors: true });
  expect(sealTcpMessage(alice.send, REQUEST)).toEqual(TCP_REQUEST);
  const reader = new TcpReader();
  reader.push(TCP_REQUEST);
  expect(reader.takeMessage(bob.receive)).toEqual(REQUEST);
  expect(reader.waiting).toBe(0);
});

test("[N25] 65,519 bytes of plaintext are one packet, one more are two", () => {
  const { alice } = connect({ vectors: false });
  expect(sealWebSocketMessage(alice.send, filled(CHUNK - 4)).length).toBe(1);
  expect(sealWebSocketMessage(alice.send, filled(CHUNK - 3)).length).toBe(2);
  expect(sealTcpMessage(alice.send, filled(CHUNK)).length).toBe(4 + 2 + 65_535);
  expect(sealTcpMessage(alice.send, filled(CHUNK + 1)).length).toBe(4 + 2 + 65_535 + 2 + 17);
});

test("[N26] 10,485,800 bytes pass, one more is refused by sender and receiver", () => {
  expect(MAX_MESSAGE_BYTES).toBe(10_485_800);
  const { alice, bob } = connect({ vectors: false });
  const largest = filled(MAX_MESSAGE_BYTES);
  const frames = sealWebSocketMessage(alice.send, largest);
  expect(frames.length).toBe(161);
  const reader = new WebSocketMessageReader(bob.receive);
  const read = frames.map((frame) => reader.read(frame));
  expect(read.slice(0, -1).every((each) => each === undefined)).toBe(true);
  expect(Buffer.compare(read.at(-1)!, largest)).toBe(0);
  const over = filled(MAX_MESSAGE_BYTES + 1);
  for (const seal of [sealWebSocketMessage, sealTcpMessage]) {
    expect(() => seal(alice.send, over)).toThrow("at most 10485800 bytes");
  }
  // The session goes on: no nonce was used for what was refused.
  expect(reader.read(sealWebSocketMessage(alice.send, REQUEST)[0]!)).toEqual(REQUEST);
  const announced = new TcpReader();
  announced.push(Uint8Array.of(0, 0xa0, 0, 0x29));
  expect(() => announced.takeMessage(bob.receive)).toThrow("announces 10485801 bytes");
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, MAX_MESSAGE_BYTES + 1);
  expect(() => reader.read(alice.send.seal(length))).toThrow("announces 10485801 bytes");
}, 120_000);

test("[N27] nonces count chunks of one direction from 0, and the initiator writes with the first key", () => {
  const { alice, bob } = connect({ vectors: true });
  const two = sealTcpMessage(alice.send, filled(CHUNK + 10));
  expect(sealTcpMessage(bob.send, RESPONSE).length).toBe(4 + 2 + RESPONSE.length + 16);
  const after = sealTcpMessage(alice.send, REQUEST);
  // The third packet of a fresh session with the same keys is the same: two chunks were two nonces.
  const { alice: again } = connect({ vectors: true });
  again.send.seal(new Uint8Array(1));
  again.send.seal(new Uint8Array(2));
  expect(sealTcpMessage(again.send, REQUEST)).toEqual(after);
  const reader = new TcpReader();
  reader.push(two);
  reader.push(after);
  expect(reader.takeMessage(bob.receive)).toEqual(filled(CHUNK + 10));
  expect(reader.takeMessage(bob.receive)).toEqual(REQUEST);
});

test("[N28] a web socket message begins in a fresh frame, and what follows it in its last one is dropped", () => {
  const { alice, bob } = connect({ vectors: false });
  const reader = new WebSocketMessageReader(bob.receive);
  const plaintext = joinBytes(Uint8Array.of(0, 0, 0, 2), Uint8Array.of(7, 8, 9, 9, 9));
  expect(reader.read(alice.send.seal(plaintext))).toEqual(Uint8Array.of(7, 8));
  expect(reader.read(sealWebSocketMessage(alice.send, REQUEST)[0]!)).toEqual(REQUEST);
});

test("[N31] a TCP reader keeps what has arrived, not what is announced", () => {
  const { alice, bob } = connect({ vectors: false });
  const bytes = sealTcpMessage(alice.send, filled(200_000));
  const reader = new TcpReader();
  let message: Uint8Array | undefined;
  for (let at = 0; at < bytes.length; at += 1_000) {
    expect(message).toBeUndefined();
    reader.push(bytes.subarray(at, at + 1_000));
    message = reader.takeMessage(bob.receive);
    expect(reader.waiting).toBeLessThanOrEqual(65_535 + 1_000);
  }
  expect(message).toEqual(filled(200_000));
  const greedy = new TcpReader();
  greedy.push(Uint8Array.of(0, 0x9f, 0, 0));
  expect(greedy.takeMessage(bob.receive)).toBeUndefined();
  expect(greedy.waiting).toBe(0);
});

test("[N33] flipping any bit of what is sealed delivers nothing", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(7), fc.boolean(), (place, bit, overTcp) => {
      const { alice, bob } = connect({ vectors: true });
      const change = (bytes: Uint8Array, from: number): Uint8Array => {
        const changed = bytes.slice();
        changed[from + (place % (bytes.length - from))]! ^= 1 << bit;
        return changed;
      };
      if (overTcp) {
        const reader = new TcpReader();
        reader.push(change(sealTcpMessage(alice.send, REQUEST), 6));
        expect(() => reader.takeMessage(bob.receive)).toThrow("does not decrypt");
      } else {
        const [frame] = sealWebSocketMessage(alice.send, REQUEST);
        const reader = new WebSocketMessageReader(bob.receive);
        expect(() => reader.read(change(frame!, 0))).toThrow("does not decrypt");
      }
    }),
    { numRuns: 50 },
  );
});

test("messages arrive whole however the stream is cut", () => {
  const { alice, bob } = connect({ vectors: false });
  const messages = [filled(1), filled(CHUNK), filled(3), filled(140_000), REQUEST];
  const stream = joinBytes(
    frameTcpHandshake(filled(200)),
    ...messages.map((message) => sealTcpMessage(alice.send, message)),
  );
  const cuts = fc.sample(fc.integer({ min: 1, max: 70_000 }), { numRuns: 40, seed: 4 });
  const reader = new TcpReader();
  const received: Uint8Array[] = [];
  let handshake: Uint8Array | undefined;
  for (let at = 0, index = 0; at < stream.length; index += 1) {
    const size = cuts[index % cuts.length]!;
    reader.push(stream.subarray(at, at + size));
    at += size;
    handshake ??= reader.takeHandshake();
    if (handshake === undefined) continue;
    for (let next = reader.takeMessage(bob.receive); next !== undefined;) {
      received.push(next);
      next = reader.takeMessage(bob.receive);
    }
  }
  expect(handshake).toEqual(filled(200));
  expect(received).toEqual(messages);
});

test("lengths that cannot be are refused", () => {
  const { alice, bob } = connect({ vectors: false });
  const short = new TcpReader();
  short.push(Uint8Array.of(0, 0, 0, 5, 0, 16));
  expect(() => short.takeMessage(bob.receive)).toThrow("a chunk of 16 bytes");
  const beyond = new TcpReader();
  beyond.push(Uint8Array.of(0, 0, 0, 5, 0, 22));
  expect(() => beyond.takeMessage(bob.receive)).toThrow("beyond the end");
  const reader = new WebSocketMessageReader(bob.receive);
  expect(() => reader.read(alice.send.seal(Uint8Array.of(0, 0, 1)))).toThrow("without a length");
  expect(() => reader.read(new Uint8Array(65_536))).toThrow("a frame of 65536 bytes");
});

test("chunks opened on other threads are the same messages, in order, and a flipped bit is still found", async () => {
  const messages = [filled(300_000), filled(10), filled(CHUNK), filled(20_000)];
  const { alice, bob } = connect({ vectors: false });
  const framing = createFraming("tcp");
  const pieces: Uint8Array[] = [];
  for (const message of messages) {
    for (let index = 0; index < framing.chunkCount(message.length); index += 1) {
      const later = await framing.sealChunkLater(alice.send, message, index);
      expect(joinBytes(...later).length).toBe(framing.sealedBytes(message.length, index));
      pieces.push(...later);
    }
  }
  const reader = new TcpReader();
  reader.push(joinBytes(...pieces));
  const read: Uint8Array[] = [];
  for (let next = reader.takeMessageLater(bob.receive); next !== undefined;) {
    read.push(next instanceof Uint8Array ? next : await next.message);
    next = reader.takeMessageLater(bob.receive);
  }
  expect(read.map(({ length }) => length)).toEqual(messages.map(({ length }) => length));
  expect(read.every((each, index) => Buffer.compare(each, messages[index]!) === 0)).toBe(true);
  const changed = sealTcpMessage(alice.send, filled(100_000));
  changed[70_000]! ^= 1;
  reader.push(changed);
  const opening = reader.takeMessageLater(bob.receive);
  if (opening === undefined || opening instanceof Uint8Array) throw new Error("it is large");
  expect(opening.message).rejects.toThrow("does not decrypt");
});

test.each(["tcp", "ws"] as const)(
  "what a chunk takes on %s is known before it is sealed",
  (protocol) => {
    const { alice } = connect({ vectors: false });
    const framing = createFraming(protocol);
    for (const length of [1, CHUNK - 5, CHUNK - 4, CHUNK - 3, CHUNK, CHUNK + 1, 200_000]) {
      for (let index = 0; index < framing.chunkCount(length); index += 1) {
        const sealed = framing.sealChunks(alice.send, filled(length), index, 1);
        expect(joinBytes(...sealed).length).toBe(framing.sealedBytes(length, index));
      }
    }
  },
);

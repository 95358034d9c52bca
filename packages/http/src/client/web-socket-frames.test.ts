import { expect, test } from "bun:test";
import fc from "fast-check";
import type { FrameType } from "./actions.ts";
import { encodeFrame, FrameError, FrameReader } from "./web-socket-frames.ts";

type Seen = [FrameType, number[]];

function read(chunks: readonly Uint8Array[], maxMessageBytes = 100_000): Seen[] {
  const seen: Seen[] = [];
  const received = (type: FrameType, payload: Uint8Array): void =>
    void seen.push([type, [...payload]]);
  const reader = new FrameReader({ maxMessageBytes, received });
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

/** A frame as a server sends it. */
function frame(opcode: number, payload: Uint8Array, isFinal = true): Uint8Array {
  const { length } = payload;
  const head =
    length < 126
      ? [length]
      : length < 0x1_0000
        ? [126, length >> 8, length & 0xff]
        : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Uint8Array.of((isFinal ? 0x80 : 0) | opcode, ...head, ...payload);
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.nat({ max: 70_000 }).map((length) => new Uint8Array(length).fill(7)),
);
/** A binary message in parts with pings between them, or a control frame. */
const item = fc.oneof(
  fc.array(bytes, { minLength: 1, maxLength: 4 }).map((parts) => {
    const frames = parts.flatMap((part, i) => [
      frame(i === 0 ? 2 : 0, part, i + 1 === parts.length),
      ...(i + 1 < parts.length ? [frame(9, Uint8Array.of(i))] : []),
    ]);
    const pings = parts.slice(1).map((_part, i): Seen => ["Ping", [i]]);
    return { frames, seen: [...pings, ["Binary", parts.flatMap((part) => [...part])] as Seen] };
  }),
  fc.uint8Array({ maxLength: 125 }).map((payload) => ({
    frames: [frame(10, payload)],
    seen: [["Pong", [...payload]] as Seen],
  })),
);

test("messages come out whole and in order, however they are cut into frames and pieces", () => {
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 5 }),
      (items, sizes) => {
        const all = Buffer.concat(items.flatMap(({ frames }) => frames));
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < all.length; i++) {
          const size = sizes[i % sizes.length]!;
          chunks.push(all.subarray(at, (at += size)));
        }
        expect(read(chunks, 300_000)).toEqual(items.flatMap(({ seen }) => seen));
      },
    ),
    { numRuns: 60 },
  );
});

test("a whole message does not share memory with what comes after it", () => {
  const chunk = frame(2, Uint8Array.of(1, 2));
  let got: Uint8Array | undefined;
  const reader = new FrameReader({ maxMessageBytes: 10, received: (_type, all) => (got = all) });
  reader.push(chunk);
  chunk.fill(9);
  expect([...got!]).toEqual([1, 2]);
});

test("what breaks the rules ends the connection with the status that says so", () => {
  const one = Uint8Array.of(65);
  const cases: readonly (readonly [number, readonly Uint8Array[]])[] = [
    [1002, [Uint8Array.of(0x82, 0x81, 1, 2, 3, 4, 65)]],
    [1002, [Uint8Array.of(0xc2, 1, 65)]],
    [1002, [frame(3, one)]],
    [1002, [frame(11, one)]],
    [1002, [frame(9, one, false)]],
    [1002, [frame(9, new Uint8Array(126))]],
    [1002, [frame(0, one)]],
    [1002, [frame(1, one, false), frame(2, one)]],
    [1007, [frame(1, Uint8Array.of(0xff))]],
    // Half of a character in each part is fine, half of one in all is not.
    [1007, [frame(1, Uint8Array.of(0xc3), false), frame(0, new Uint8Array(0))]],
    [1009, [frame(2, new Uint8Array(11))]],
    [1009, [frame(2, new Uint8Array(10), false), frame(0, one)]],
    // No byte of it is there.
    [1009, [Uint8Array.of(0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)]],
  ];
  for (const [status, frames] of cases) {
    let thrown: unknown;
    try {
      read(frames, 10);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FrameError);
    expect([status, (thrown as FrameError).status]).toEqual([status, status]);
  }
  expect(read([frame(1, Uint8Array.of(0xc3), false), frame(0, Uint8Array.of(0xa4))], 10)).toEqual([
    ["Text", [0xc3, 0xa4]],
  ]);
});

test("a message in pieces takes room as it arrives and gives it back when it is whole or dropped", () => {
  let used = 0;
  const room = {
    take: (count: number): boolean => {
      if (used + count > 300_000) return false;
      used += count;
      return true;
    },
    release: (): void => void (used = 0),
  };
  const received: number[] = [];
  const open = (): FrameReader =>
    new FrameReader({
      maxMessageBytes: 10_000_000,
      room,
      received: (_type, { length }) => received.push(length),
    });
  const reader = open();
  const large = frame(2, new Uint8Array(200_000));
  reader.push(large.subarray(0, 150_000));
  expect(used).toBeGreaterThan(149_000);
  reader.push(large.subarray(150_000));
  expect([received, used]).toEqual([[200_000], 0]);
  const long = frame(2, new Uint8Array(400_000));
  const other = open();
  const push = (): void => {
    for (let at = 0; at < long.length; at += 50_000) other.push(long.subarray(at, at + 50_000));
  };
  expect(push).toThrow("no memory");
  expect(used).toBeGreaterThan(0);
  other.drop();
  expect(used).toBe(0);
});

test("a client's frame is masked, with the length in its shortest form", () => {
  const mask = Uint8Array.of(1, 2, 3, 4);
  expect([...encodeFrame("Text", Uint8Array.of(65, 66, 67, 68, 69), mask)]).toEqual([
    0x81, 0x85, 1, 2, 3, 4, 64, 64, 64, 64, 68,
  ]);
  expect([...encodeFrame("Binary", new Uint8Array(125), mask).subarray(0, 2)]).toEqual([
    0x82, 0xfd,
  ]);
  expect([...encodeFrame("Close", new Uint8Array(126), mask).subarray(0, 4)]).toEqual([
    0x88, 0xfe, 0, 126,
  ]);
  expect([...encodeFrame("Pong", new Uint8Array(65_536), mask).subarray(0, 10)]).toEqual([
    0x8a, 0xff, 0, 0, 0, 0, 0, 1, 0, 0,
  ]);
});

test("a mask taken away leaves the payload, of any length", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.nat({ max: 70_000 })),
      (mask, given) => {
        const payload =
          typeof given === "number"
            ? Uint8Array.from({ length: given }, (_, index) => index * 7)
            : given;
        const frame = encodeFrame("Binary", payload, mask);
        const start = frame.length - payload.length;
        expect(frame.subarray(start - 4, start)).toEqual(mask);
        const unmasked = frame.slice(start).map((byte, index) => byte ^ mask[index % 4]!);
        expect(unmasked).toEqual(payload);
      },
    ),
    { numRuns: 50 },
  );
});

test("whatever bytes come, they are messages within the bound or end the connection, however they are cut", () => {
  const outcome = (chunks: readonly Uint8Array[]): unknown => {
    const seen: Seen[] = [];
    const received = (type: FrameType, { length }: Uint8Array): void =>
      void seen.push([type, [length]]);
    const reader = new FrameReader({ maxMessageBytes: 50, received });
    try {
      for (const chunk of chunks) reader.push(chunk);
      return seen;
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(FrameError);
      return [...seen, (thrown as FrameError).status];
    } finally {
      for (const [, [length]] of seen) expect(length).toBeLessThanOrEqual(125);
    }
  };
  // Mostly heads that could be good ones, so that it gets beyond the first.
  const byte = fc.oneof(
    fc.constantFrom(0, 1, 2, 5, 126, 127, 0x01, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a),
    fc.integer({ min: 0, max: 255 }),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 200 }), (bytes) => {
      const all = Uint8Array.from(bytes);
      const single = Array.from(bytes, (each) => Uint8Array.of(each));
      expect(outcome([all])).toEqual(outcome(single));
    }),
    { numRuns: 2_000 },
  );
});

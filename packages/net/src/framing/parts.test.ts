import { expect, test } from "bun:test";
import { createSeededRandom } from "@kinode-ts/testing";
import { cutPart, MAX_STREAM_BYTES, MAX_STREAMS, PART_BYTES, PartReader } from "./parts.ts";

function cut(message: Uint8Array, stream: number): Uint8Array[] {
  const count = Math.ceil(message.length / PART_BYTES);
  return Array.from({ length: count }, (_, index) => cutPart(message, index * PART_BYTES, stream));
}

test("messages in parts come out whole, however they are mixed", () => {
  const random = createSeededRandom(3);
  const messages = [1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 200_000].map((length) =>
    random.bytes(length),
  );
  const streams = messages.map((message, stream) => cut(message, stream));
  const reader = new PartReader();
  const whole = new Map<number, Uint8Array>();
  while (streams.some((parts) => parts.length > 0)) {
    const stream = random.below(streams.length);
    const part = streams[stream]!.shift();
    const read = part === undefined ? undefined : reader.read(part);
    if (read !== undefined) whole.set(stream, read);
  }
  for (const [stream, message] of messages.entries()) {
    expect(Buffer.compare(whole.get(stream)!, message)).toBe(0);
  }
});

test("what is no part is itself", () => {
  const message = Uint8Array.of(0x96, 1, 2);
  expect(new PartReader().read(message)).toBe(message);
});

test("too many at once, too long, and empty ones end the connection", () => {
  const long = new Uint8Array(PART_BYTES * 2);
  const reader = new PartReader();
  for (let stream = 0; stream < MAX_STREAMS; stream += 1) reader.read(cutPart(long, 0, stream));
  expect(() => reader.read(cutPart(long, 0, 99))).toThrow("messages in parts at once");
  expect(() => new PartReader().read(Uint8Array.of(0xc1, 0, 0, 0, 0, 1))).toThrow(
    "a part of 6 bytes",
  );
  const endless = new PartReader();
  let bytes = 0;
  const feed = (): void => {
    for (; bytes <= MAX_STREAM_BYTES; bytes += PART_BYTES) endless.read(cutPart(long, 0, 1));
  };
  expect(feed).toThrow("parts of more than 10485800 bytes");
  expect(bytes).toBeLessThanOrEqual(10_485_800);
});

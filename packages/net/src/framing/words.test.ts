import { expect, test } from "bun:test";
import fc from "fast-check";
import { PartReader } from "./parts.ts";
import { readWord, type Word, wordBytes } from "./words.ts";

const count = fc.nat({ max: 2 ** 48 - 2 });
const word: fc.Arbitrary<Word> = fc.oneof(
  fc.constantFrom<Word>({ kind: "finish" }, { kind: "finished" }, { kind: "ask" }),
  fc.record({ kind: fc.constant("read" as const), count }),
  fc.record({
    kind: fc.constant("resume" as const),
    tag: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => bytes.toHex()),
    count: fc.option(count, { nil: undefined }),
  }),
);

test("words about a connection are read as they were written", () => {
  fc.assert(fc.property(word, (said) => expect(readWord(wordBytes(said))).toEqual(said)));
});

test("words about a connection are told from messages and parts, and broken ones end it", () => {
  for (const other of [[0xc1], [0xc1, 0], [0xc1, 2, 0], [0x96, 2], [], [0xc1, 8, 0, 0, 0, 0, 1]]) {
    expect(readWord(Uint8Array.from(other))).toBeUndefined();
  }
  const broken = Uint8Array.of(0xc1, 8, 0, 0, 0, 0, 1);
  expect(() => new PartReader().read(broken)).toThrow("a word of kind 8 and 7 bytes");
});

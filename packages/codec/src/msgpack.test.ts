import { expect, test } from "bun:test";
import { Decoder, Encoder } from "@msgpack/msgpack";
import fc from "fast-check";
import { CodecError } from "./errors.ts";
import {
  type DecodedMsgpack,
  decodeMsgpack,
  encodeMsgpack,
  IntegerBytes,
  type MsgpackValue,
} from "./msgpack.ts";

const hex = (value: MsgpackValue): string => encodeMsgpack(value).toHex();
const unhex = (text: string): Uint8Array => Uint8Array.fromHex(text);
const oracleEncoder = new Encoder({ useBigInt64: true });
const oracleDecoder = new Decoder({ useBigInt64: true });

test("every kind of value has its shortest form", () => {
  expect(hex(null)).toBe("c0");
  expect(hex([true, false])).toBe("92c3c2");
  expect(hex([-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1])).toBe(
    "99ffe0d0dfd080d1ff7fd18000d2ffff7fffd280000000d3ffffffff7fffffff",
  );
  expect(hex([1.5, -0])).toBe("92cb3ff8000000000000cb8000000000000000");
  expect(hex("é")).toBe("a2c3a9");
  expect(hex("x".repeat(31)).slice(0, 2)).toBe("bf");
  expect(hex("x".repeat(32)).slice(0, 4)).toBe("d920");
  expect(hex("é".repeat(20)).slice(0, 4)).toBe("d928");
  expect(hex("x".repeat(256)).slice(0, 6)).toBe("da0100");
  expect(hex("x".repeat(65_536)).slice(0, 10)).toBe("db00010000");
  expect(hex(Uint8Array.of(1, 255))).toBe("c40201ff");
  expect(hex(new IntegerBytes(Uint8Array.of(1, 127, 128, 255)))).toBe("94017fcc80ccff");
  expect(hex({ b: 1, a: [] })).toBe("82a16201a16190");
  expect(hex(new Map([["k", 2n ** 64n - 1n]]))).toBe("81a16bcfffffffffffffffff");
  expect(hex(Array<null>(16).fill(null)).slice(0, 6)).toBe("dc0010");
});

test("what has no form is refused", () => {
  const bad: unknown[] = [
    2n ** 64n,
    -(2n ** 63n) - 1n,
    "\ud800",
    undefined,
    () => 1,
    "x".repeat(60) + "\udc00",
  ];
  for (const value of bad) expect(() => encodeMsgpack(value as MsgpackValue)).toThrow(CodecError);
  let deep: MsgpackValue = 1;
  for (let level = 0; level < 65; level++) deep = [deep];
  expect(() => encodeMsgpack(deep)).toThrow("nested deeper than 64");
});

test("extensions, unused markers, trailing bytes, doubled keys and bad UTF-8 are refused", () => {
  for (const bytes of [
    "c1",
    "d40100",
    "c70001",
    "d8",
    "c0c0",
    "82a16101a16102",
    "a1ff",
    "a2c328",
    "a3eda080",
    "81c001",
    "",
  ]) {
    expect(() => decodeMsgpack(unhex(bytes))).toThrow(CodecError);
  }
});

test("hostile counts and depths cost no memory to speak of", () => {
  const before = process.memoryUsage().rss;
  const bombs = [
    "dcffff".repeat(3_000),
    "ddffffffff".repeat(2_000),
    "dfffffffff".repeat(2_000),
    "91".repeat(100_000),
    "c6ffffffff",
  ];
  for (const bomb of bombs) expect(() => decodeMsgpack(unhex(bomb))).toThrow(CodecError);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
});

const anyText = fc.string({ unit: "binary", maxLength: 80 }).filter((text) => text.isWellFormed());
const { value: anyValue } = fc.letrec<{ value: MsgpackValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }).filter((number) => !Number.isInteger(number)),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    anyText,
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(anyText, tie("value"), { maxKeys: 20 }),
  ),
}));

/** What the oracle gives for the same value: 64-bit integers as bigint, maps as objects. */
function likeOracle(value: DecodedMsgpack): unknown {
  if (value instanceof Map) return [...value].map(([key, item]) => [key, likeOracle(item)]).sort();
  if (Array.isArray(value)) return value.map(likeOracle);
  return typeof value === "bigint" || Number.isInteger(value) ? `${value as number}` : value;
}
function fromOracle(value: unknown): unknown {
  if (value instanceof Uint8Array || value === null) return value;
  if (Array.isArray(value)) return value.map(fromOracle);
  if (typeof value === "object")
    return Object.entries(value)
      .map(([key, item]) => [key, fromOracle(item)])
      .sort();
  return typeof value === "bigint" || Number.isInteger(value) ? `${value as number}` : value;
}

test("another MessagePack library reads what we write, and we read what it writes", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const ours = encodeMsgpack(value);
      expect(fromOracle(oracleDecoder.decode(ours))).toEqual(likeOracle(decodeMsgpack(ours)));
      expect(likeOracle(decodeMsgpack(oracleEncoder.encode(value)))).toEqual(
        likeOracle(decodeMsgpack(ours)),
      );
      expect(encodeMsgpack(decodeMsgpack(ours))).toEqual(ours);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("any bytes either decode or throw CodecError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        decodeMsgpack(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }),
    { seed: 2, numRuns: 5000 },
  );
});

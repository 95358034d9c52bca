import { expect, test } from "bun:test";
import { decodeIntegerJson, parseIntegerJson } from "./integer-json.ts";

test("integers keep all 64 bits", () => {
  expect(parseIntegerJson("[18446744073709551615,-9223372036854775808,9007199254740993]")).toEqual([
    18446744073709551615n,
    -9223372036854775808n,
    9007199254740993n,
  ]);
  expect(parseIntegerJson("[9007199254740991,0,-7]")).toEqual([9007199254740991, 0, -7]);
});

test("numbers with a fraction or an exponent are not integers", () => {
  expect(parseIntegerJson('{"a":1.0,"b":1e3,"c":5}')).toEqual({
    a: Number.NaN,
    b: Number.NaN,
    c: 5,
  });
});

test("text that looks like numbers stays text", () => {
  expect(parseIntegerJson('{"p1.os":"1e5 12345678901234567890"}')).toEqual({
    "p1.os": "1e5 12345678901234567890",
  });
});

test("bytes that are not UTF-8 or not JSON are refused", () => {
  expect(() => decodeIntegerJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow();
  expect(() => decodeIntegerJson(new TextEncoder().encode("{"))).toThrow();
  expect(() => decodeIntegerJson(new TextEncoder().encode("[".repeat(5_000_000)))).toThrow();
});

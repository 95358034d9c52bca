import { expect, test } from "bun:test";
import { decodeIntegerJson, parseIntegerJson } from "./integer-json.ts";

/** Of this program: a busy machine does not count. */
const processorMs = (): number => process.cpuUsage().user / 1_000;

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

test("integers beyond 64 bits are refused, however long they are, in no time to speak of", () => {
  const long = "7".repeat(5_000_000);
  const startedMs = processorMs();
  expect(parseIntegerJson(`[${long},-${long},100000000000000000000,-9223372036854775808]`)).toEqual(
    [Number.NaN, Number.NaN, Number.NaN, -9223372036854775808n],
  );
  expect(processorMs() - startedMs).toBeLessThan(1_000);
});

test("messages of very many parts are refused before they are parsed", () => {
  const decode = (text: string) => () => decodeIntegerJson(new TextEncoder().encode(text));
  expect(decode(`[${"1,".repeat(90_000)}1]`)).not.toThrow();
  expect(decode(`[${"1,".repeat(110_000)}1]`)).toThrow("too many parts");
  const names = (count: number) =>
    `{${Array.from({ length: count }, (_, index) => `"name${index}":1`).join()}}`;
  expect(decode(names(10_000))).not.toThrow();
  expect(decode(names(25_000))).toThrow("too many parts");
});

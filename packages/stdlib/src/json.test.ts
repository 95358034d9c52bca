import { expect, test } from "bun:test";
import { canonicalJson, JsonError, parseJson, stringifyJson } from "./json.ts";

test("64-bit integers pass without loss, everything else as JSON.parse has it", () => {
  const text =
    '{"a":18446744073709551615,"b":[-9223372036854775808,9007199254740991],"c":"1234567890123456789"}';
  expect(parseJson(text)).toEqual({
    a: 18446744073709551615n,
    b: [-9223372036854775808n, 9007199254740991],
    c: "1234567890123456789",
  });
  const odd =
    '{"__proto__":{"x":1},"n\\u0041\\"12345678901234567890":[1.5e300,1234567890123456.5,null,true,""]}';
  expect(Object.keys(parseJson(odd) as object)).toEqual(Object.keys(JSON.parse(odd)));
  expect(Object.values(parseJson(odd) as object)[1]).toEqual([
    1.5e300,
    1234567890123456.5,
    null,
    true,
    "",
  ]);
});

test("bigints are written as integers", () => {
  const value = {
    a: 18446744073709551615n,
    b: [1n, { toJSON: () => "t" }, undefined],
    c: undefined,
  };
  expect(stringifyJson(value)).toBe('{"a":18446744073709551615,"b":[1,"t",null]}');
  expect(stringifyJson("text")).toBe('"text"');
  expect(() => stringifyJson(() => 1)).toThrow("A function cannot be written as JSON");
  const cycle: unknown[] = [];
  cycle.push(cycle);
  expect(() => stringifyJson(cycle)).toThrow(TypeError);
});

test("what is not JSON says so with its beginning", () => {
  expect(() => parseJson("{ nonsense")).toThrow(JsonError);
  expect(() => parseJson(`${"x".repeat(80)} 1234567890123456`)).toThrow(
    `Cannot read "${"x".repeat(60)}…" as JSON`,
  );
});

test("equal JSON values have one canonical text; integers and floats differ; no JSON counts as null", () => {
  expect(canonicalJson('{ "b": 1, "a": [2] }')).toBe(canonicalJson('{"a":[2],"b":1}'));
  expect(canonicalJson("1")).not.toBe(canonicalJson("1.0"));
  expect(canonicalJson('"1"')).not.toBe(canonicalJson("1"));
  expect(canonicalJson("messaging")).toBe("null");
  expect(canonicalJson("")).toBe(canonicalJson("null"));
});

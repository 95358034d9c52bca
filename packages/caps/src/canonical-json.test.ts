import { expect, test } from "bun:test";
import fc from "fast-check";
import { compactSortedJson, compareUtf8, jsonIdentity, MAX_JSON_DEPTH } from "./canonical-json.ts";

const same = (a: string, b: string) => jsonIdentity(a) === jsonIdentity(b);

test("key order and white space do not matter, order in arrays does", () => {
  expect(same('{"a":1,"b":2}', '{ "b":2,\t"a":1\r\n}')).toBe(true);
  expect(same('{"a":{"x":1,"y":[1, 2]}}', '{"a":{"y":[1,2],"x":1}}')).toBe(true);
  expect(same("[1,2]", "[2,1]")).toBe(false);
});

test("of duplicate keys the last wins", () => {
  expect(jsonIdentity('{"a":1,"b":0,"a":2}')).toBe('{"a":2,"b":0}');
  expect(jsonIdentity('{"a":1,"\\u0061":3}')).toBe('{"a":3}');
  expect(jsonIdentity('{"__proto__":1,"__proto__":2}')).toBe('{"__proto__":2}');
});

test("integers and floats differ, forms of one float do not", () => {
  expect(same("1", "1.0")).toBe(false);
  expect(same("1.0", "1e0")).toBe(true);
  expect(same("10e-1", "1.00")).toBe(true);
  expect(same("0.0", "-0.0")).toBe(true);
  expect(same("-0", "0")).toBe(false);
  expect(same("-0", "0.0")).toBe(true);
});

test("integers of 64 bits are exact, larger ones are floats", () => {
  expect(same("9007199254740993", "9007199254740992")).toBe(false);
  expect(jsonIdentity("18446744073709551615")).toBe("18446744073709551615");
  expect(jsonIdentity("18446744073709551616")).toBe("1.8446744073709552e19");
  expect(jsonIdentity("-9223372036854775808")).toBe("-9223372036854775808");
  expect(jsonIdentity("-9223372036854775809")).toBe("-9.223372036854776e18");
});

test("what is not JSON has no identity", () => {
  const bad = [
    "",
    " ",
    "messaging",
    "nul",
    "truex",
    "1 2",
    "[1,]",
    "{,}",
    '{"a"}',
    '{"a":1,}',
    "{a:1}",
    "'a'",
    "[",
    "]",
    '"',
    '"\\"',
    "01",
    "1.",
    ".5",
    "+1",
    "1e",
    "--1",
    "NaN",
    "Infinity",
    "0x10",
    "1e999",
    "-1e999",
    '"\\x41"',
    '"\\u12"',
    '"a\nb"',
    '"\u0000"',
    "\ufeff1",
    "\u00a01",
    "//x\n1",
    '{"a":1]',
    "[1}",
  ];
  for (const text of bad) expect([text, jsonIdentity(text)]).toEqual([text, undefined]);
});

test("halves of surrogate pairs are refused, whole pairs are one character", () => {
  expect(jsonIdentity('"\\ud83d"')).toBeUndefined();
  expect(jsonIdentity('"\\ude00\\ud83d"')).toBeUndefined();
  expect(same('"\\ud83d\\ude00"', '"\u{1f600}"')).toBe(true);
  expect(same('{"\\u0041":1}', '{"A":1}')).toBe(true);
});

test("nesting up to 127 is JSON, deeper is not", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  expect(jsonIdentity(nested(MAX_JSON_DEPTH))).toBe(nested(127));
  expect(jsonIdentity(nested(128))).toBeUndefined();
  expect(jsonIdentity('{"a":'.repeat(127) + "1" + "}".repeat(127))).toBeDefined();
  expect(jsonIdentity('{"a":'.repeat(128) + "1" + "}".repeat(128))).toBeUndefined();
  expect(jsonIdentity("[".repeat(1_000_000))).toBeUndefined();
});

test("long texts are read in linear time", () => {
  const long = `"${"\\\\".repeat(200_000)}"`;
  expect(jsonIdentity(long)).toBe(long);
  expect(jsonIdentity(`"${"a".repeat(2_000_000)}`)).toBeUndefined();
  expect(jsonIdentity("9".repeat(300))).toBe("1e300");
  expect(jsonIdentity("9".repeat(1_000_000))).toBeUndefined();
});

test("compact text keeps numbers as they are meant and sorts keys by UTF-8 bytes", () => {
  expect(compactSortedJson('{ "b": 1.0, "a": [ 1e2, -0.0 ] }')).toBe('{"a":[100.0,-0.0],"b":1.0}');
  expect(compactSortedJson("[1e15,1e16,1e21,1.5e-5,0.00001,1e-6,123.456]")).toBe(
    "[1000000000000000.0,1e16,1e21,0.000015,0.00001,1e-6,123.456]",
  );
  expect(compactSortedJson('{"\u{1f600}":1,"\uffee":2,"é":3,"z":4}')).toBe(
    '{"z":4,"é":3,"\uffee":2,"\u{1f600}":1}',
  );
  expect(compactSortedJson('"\\u001f\\u007f\\u2028\\/\\b\\n"')).toBe(
    '"\\u001f\u007f\u2028/\\b\\n"',
  );
});

test("compareUtf8() orders as the bytes are ordered", () => {
  const bytes = (text: string) => Buffer.from(text, "utf8");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(bytes(a), bytes(b))));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("identity agrees with JSON.parse where both read the text, and is stable", () => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false }), (text) => {
      const identity = jsonIdentity(text);
      if (identity === undefined)
        return expect(text.isWellFormed() && !/\\ud[89a-f]/i.test(text)).toBe(false);
      expect(JSON.parse(identity)).toEqual(normaliseZero(JSON.parse(text)));
      expect(jsonIdentity(identity)).toBe(identity);
    }),
    { seed: 2, numRuns: 1000 },
  );
});

function normaliseZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test("any text either has an identity that is JSON or has none", () => {
  const pieces = fc.constantFrom(
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "1",
    "-",
    ".",
    "e",
    "null",
    " ",
    "a",
    "\\u",
    "d8",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      const identity = jsonIdentity(text);
      let isEngineJson = true;
      try {
        JSON.parse(text);
      } catch {
        isEngineJson = false;
      }
      if (identity !== undefined) JSON.parse(identity);
      if (!isEngineJson) expect(identity).toBeUndefined();
    }),
    { seed: 3, numRuns: 3000 },
  );
});

/** Bodies that serde made (test/serde), read and written again byte for byte. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import * as a from "./index.ts";

const numbers = a.record({
  ...{ a: a.u8, b: a.u16, c: a.u32, d: a.u64 },
  ...{ e: a.s8, f: a.s16, g: a.s32, h: a.s64 },
});
const floats = a.record({ single: a.f32, double: a.f64 });
const texts = a.record({
  char: a.char,
  string: a.string,
  bool: a.bool,
  type: a.string,
  base64Icon: a.option(a.string),
  move: a.bytes,
  getHttpNow: a.string,
});
const level = a.enumeration("read-only", "s3-get", "HTTP");
const request = a.variant({
  "list-files": null,
  send: texts,
  "add-field": a.tuple(a.string, a.string, a.u64),
  level,
  maybe: a.option(level),
  many: a.list(a.tuple(a.string, level)),
  one: a.tuple(a.u8),
});
const response = a.variant({
  "list-files": a.list(texts),
  send: null,
  run: a.result(null, a.string),
  fetch: a.result(a.option(numbers), level),
  nothing: a.result(null, null),
  wait: a.result(a.u64, null),
  err: a.string,
});
const types: Readonly<Record<string, a.ApiType<unknown>>> = {
  ...{ numbers, floats, texts, level, request, response },
};

interface Vector {
  readonly type: string;
  readonly json: string;
  readonly readable: boolean;
}

const vectors = readFileSync(join(import.meta.dir, "../../test/serde/vectors.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Vector);

describe("bodies as serde makes them", () => {
  test("all of them are read, and written with the same bytes", () => {
    expect(vectors.length).toBeGreaterThan(150);
    for (const { type, json } of vectors) {
      const value = a.readText(types[type]!, json);
      expect(types[type]!.write(value)).toBe(json);
    }
    expect(new Set(vectors.map(({ type }) => type))).toEqual(new Set(Object.keys(types)));
  });

  test("the values have the types of the API", () => {
    const read = (text: string): unknown => a.readText(response, text);
    expect(read('{"Run":{"Ok":null}}')).toEqual({ tag: "run", val: { tag: "ok" } });
    expect(read('{"Fetch":{"Err":"S3Get"}}')).toEqual({
      tag: "fetch",
      val: { tag: "err", val: "s3-get" },
    });
    expect(read('{"Wait":{"Ok":18446744073709551615}}')).toEqual({
      tag: "wait",
      val: { tag: "ok", val: 0xffff_ffff_ffff_ffffn },
    });
    expect(read('"Send"')).toEqual({ tag: "send" });
    expect(a.readText(request, '{"Maybe":null}')).toEqual({ tag: "maybe", val: undefined });
    const text =
      '{"char":"a","string":"b","bool":true,"type_":"c","base64_icon":null,"move_":[0,255],"get_http_now":"d","more":1}';
    expect(a.readText(texts, text)).toEqual({
      ...{ char: "a", string: "b", bool: true, type: "c", base64Icon: undefined, getHttpNow: "d" },
      move: Uint8Array.of(0, 255),
    });
  });

  test("a value that does not fit is refused with the place and both sides", () => {
    const cases: readonly [a.ApiType<unknown>, string, string][] = [
      [
        response,
        '{"ListFiles":[{"char":"ab"}]}',
        'ListFiles[0].char: expected one character, found "ab"',
      ],
      [response, '{"Run":"Ok"}', 'Run: expected {"Ok": …} or {"Err": …}, found "Ok"'],
      [response, '"Fetch"', 'expected "Fetch" with a payload, found "Fetch"'],
      [response, '{"Send":1}', 'expected "Send" without a payload, found an object with "Send"'],
      [request, '{"AddField":["a","b"]}', "AddField: expected a list of 3, found a list of 2"],
      [
        request,
        '{"Level":"Low"}',
        'Level: expected one of "ReadOnly", "S3Get", "Http", found "Low"',
      ],
      [request, "[]", "expected one of"],
      [numbers, '{"a":256}', "a: expected an integer from 0 to 255, found 256"],
      [numbers, '{"a":1.5}', "a: expected an integer from 0 to 255, found 1.5"],
      [numbers, '{"a":0,"b":0,"c":0,"d":18446744073709551616}', "d: expected an integer from 0 to"],
      [numbers, "null", "expected an object with"],
      [texts, '{"char":"a","string":5}', "string: expected a text, found 5"],
      [a.bytes, "[1,256]", "[1]: expected a byte from 0 to 255, found 256"],
      [a.bool, "1", "expected true or false, found 1"],
      [a.record({ toString: a.option(a.string) }), "{}", ""],
    ];
    for (const [type, json, text] of cases) {
      if (text === "") expect(a.readText(type, json)).toEqual({ toString: undefined });
      else expect(() => a.readText(type, json)).toThrow(text);
    }
  });

  test("a wrong argument is refused before anything is sent", () => {
    const wrong = (type: a.ApiType<unknown>, value: unknown, text: string): void => {
      expect(() => type.write(value)).toThrow(text);
    };
    wrong(request, { tag: "gone" }, "expected { tag } with one of list-files");
    wrong(
      request,
      { tag: "level", val: "low" },
      'level: expected one of read-only, s3-get, HTTP, found "low"',
    );
    wrong(numbers, { a: -1 }, "a: expected an integer from 0 to 255, found -1");
    wrong(a.u64, -1, "expected an integer from 0 to 18446744073709551615, found -1");
    wrong(a.u64, 2 ** 60, "found 1152921504606847000");
    wrong(a.string, "\ud800", "expected a text of whole characters");
    wrong(a.bytes, [1], "expected bytes (a Uint8Array), found a list of 1");
    wrong(a.result(a.u8, null), { tag: "yes" }, 'expected { tag } with "ok" or "err"');
  });
});

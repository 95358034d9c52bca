import { expect, test } from "bun:test";
import { readRights } from "./test-rights.ts";

const read = (rights: object) =>
  readRights(JSON.stringify({ one: rights }), "first.dev").get("one");

test("[P20][P20.1] an entry is a process id, or JSON text of a capability or of an id with params", () => {
  const rights = read({
    request_capabilities: [
      "vfs:distro:sys",
      '{"issuer":"our@vfs:distro:sys","params":"{\\"root\\":true}"}',
      '{"issuer":"second.dev@a:b:c","params":"1"}',
    ],
    grant_capabilities: ["kv:distro:sys", '["chat:chat:alice.os","{\\"may\\":\\"read\\"}"]'],
  });
  expect(rights?.request.map(({ issuer, params }) => [issuer, params])).toEqual([
    ["first.dev@vfs:distro:sys", '"messaging"'],
    ["first.dev@vfs:distro:sys", '{"root":true}'],
    ["second.dev@a:b:c", "1"],
  ]);
  expect(rights?.grant.map(({ to, params }) => [String(to), params])).toEqual([
    ["kv:distro:sys", undefined],
    ["chat:chat:alice.os", { may: "read" }],
  ]);
});

test("[P26] row 12: entries as manifests have them count", () => {
  const entry = { process: "vfs:distro:sys", params: { root: true } };
  const rights = read({ request_capabilities: [entry], grant_capabilities: [entry] });
  expect(rights?.request.map((each) => each.toJSON())).toEqual([
    { issuer: "first.dev@vfs:distro:sys", params: '{"root":true}' },
  ]);
  expect(rights?.grant.map(({ to, params }) => [String(to), params])).toEqual([
    ["vfs:distro:sys", { root: true }],
  ]);
});

test("both lists may be left out", () => {
  expect(read({})).toEqual({ request: [], grant: [] });
});

test.each([
  ["[]", "an object with the names of tests is expected"],
  ['{"one":1}', '"one" is not an object'],
  ['{"one":{"request_capabilities":{}}}', '"one": "request_capabilities" is not a list'],
  ['{"one":{"request_capabilities":[1]}}', "1 is neither a process id nor"],
  ['{"one":{"request_capabilities":["{}"]}}', "{} is neither a process id nor"],
  ['{"one":{"request_capabilities":["a:b"]}}', "a:b"],
  ['{"one":{"grant_capabilities":[["a:b:c"]]}}', '["a:b:c"] is neither a process id nor'],
  ['{"one":{"grant_capabilities":["[1,2]"]}}', "[1,2] is neither a process id nor"],
])("%s is refused with what is wrong", (text, expected) => {
  expect(() => readRights(text, "first.dev")).toThrow(expected);
});

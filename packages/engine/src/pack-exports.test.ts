/** Scripts that export interfaces to components they are composed with. */
import { describe, expect, test } from "bun:test";
import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";
import { linkByJco } from "../test/jco-script.ts";
import {
  type ExportedFunction,
  type ExportedInterface,
  type ExportedType,
  packScript,
  readEngine,
} from "./index.ts";

const engine = await readEngine();
const API = "notes:alice/api@1.0.0";

const u8: ExportedType = { kind: "u8" };
const string: ExportedType = { kind: "string" };
const color: ExportedType = { kind: "enum", name: "color", cases: ["dark-red", "green"] };
const rights: ExportedType = {
  kind: "flags",
  name: "rights",
  flags: Array.from({ length: 32 }, (_, at) => `right-${at}`),
};
const few: ExportedType = { kind: "flags", name: "few", flags: ["a-b", "c"] };
const note: ExportedType = {
  kind: "record",
  name: "note",
  fields: [
    { name: "text", type: string },
    { name: "made-at", type: { kind: "u64" } },
    { name: "color", type: { kind: "option", element: color } },
    { name: "tags", type: { kind: "list", element: string } },
  ],
};
const wrapped: ExportedType = {
  kind: "record",
  name: "wrapped",
  fields: [{ name: "only", type: { kind: "s16" } }],
};
const shape: ExportedType = {
  kind: "variant",
  name: "shape",
  cases: [
    { name: "nothing", type: undefined },
    { name: "circle", type: { kind: "f32" } },
    { name: "exact", type: { kind: "f64" } },
    { name: "big", type: { kind: "s64" } },
    { name: "named", type: { kind: "tuple", elements: [string, u8] } },
    { name: "both", type: note },
  ],
};
const nested: ExportedType = {
  kind: "result",
  ok: { kind: "option", element: { kind: "option", element: u8 } },
  err: shape,
};

/** Takes a value of each type and gives it back. */
function echo(name: string, type: ExportedType): ExportedFunction {
  return { name, params: [{ name: "value", type }], result: type };
}

const VALUES: Readonly<Record<string, readonly [ExportedType, readonly unknown[]]>> = {
  bool: [{ kind: "bool" }, [true, false]],
  s8: [{ kind: "s8" }, [-128, -1, 127]],
  u8: [u8, [0, 255]],
  s16: [{ kind: "s16" }, [-32768, -2, 32767]],
  u16: [{ kind: "u16" }, [65535]],
  s32: [{ kind: "s32" }, [-2147483648, 5]],
  u32: [{ kind: "u32" }, [0, 4294967295]],
  s64: [{ kind: "s64" }, [-(2n ** 63n), -1n, 2n ** 63n - 1n]],
  u64: [{ kind: "u64" }, [0n, 2n ** 64n - 1n]],
  f32: [{ kind: "f32" }, [1.5, -0, Infinity]],
  f64: [{ kind: "f64" }, [Math.PI, Number.MIN_VALUE]],
  char: [{ kind: "char" }, ["a", "é", "😀"]],
  string: [string, ["", "héllo 😀", "x".repeat(100_000)]],
  bytes: [{ kind: "list", element: u8 }, [new Uint8Array(), Uint8Array.of(1, 2, 255)]],
  strings: [{ kind: "list", element: string }, [[], ["a", "", "ccc"]]],
  pairs: [
    { kind: "list", element: { kind: "tuple", elements: [u8, { kind: "f64" }, string] } },
    [
      [
        [1, 2.5, "x"],
        [2, -1, ""],
      ],
    ],
  ],
  color: [color, ["dark-red", "green"]],
  rights: [
    rights,
    [Object.fromEntries(Array.from({ length: 32 }, (_, at) => [`right${at}`, at % 3 === 0]))],
  ],
  few: [
    few,
    [
      { aB: true, c: false },
      { aB: false, c: true },
    ],
  ],
  note: [
    note,
    [
      { text: "t", madeAt: 7n, color: "green", tags: ["x", "y"] },
      { text: "", madeAt: 0n, color: undefined, tags: [] },
    ],
  ],
  wrapped: [wrapped, [{ only: -5 }]],
  option: [{ kind: "option", element: string }, ["x", undefined]],
  shape: [
    shape,
    [
      { tag: "nothing" },
      { tag: "circle", val: 0.25 },
      { tag: "exact", val: 0.1 },
      { tag: "big", val: -9n },
      { tag: "named", val: ["n", 3] },
      { tag: "both", val: { text: "b", madeAt: 1n, color: undefined, tags: ["z"] } },
    ],
  ],
};

const echoes: ExportedInterface = {
  name: API,
  functions: Object.entries(VALUES).map(([name, [type]]) => echo(`echo-${name}`, type)),
};

describe("exported functions, called through jco", async () => {
  const script = `const echo = (value) => value;
    kinode.exportInterface("${API}", new Proxy({}, { get: () => echo }));`;
  const component = packScript(engine, script, { exports: [echoes] });
  const { exports } = await linkByJco(component);
  const api = exports[API] ?? exports["api"]!;

  for (const [name, [, values]] of Object.entries(VALUES)) {
    test(`take and give values of ${name}`, () => {
      const call = api[`echo${name[0]!.toUpperCase()}${name.slice(1)}`]!;
      for (const value of values) expect(call(value)).toEqual(value);
    });
  }

  test("work a thousand times in one memory", () => {
    const long = "y".repeat(5_000);
    for (let i = 0; i < 1_000; i++) expect(api["echoString"]!(long)).toBe(long);
  });
});

test("the component says what it exports, in WIT", async () => {
  const wit = await componentWit(packScript(engine, "", { exports: [echoes] }));
  expect(wit).toContain(`export ${API};`);
  expect(wit).toContain("export init: func(our: string)");
});

test("functions may be async, have many parameters, and throw what a result says", async () => {
  const params = Array.from({ length: 18 }, (_, at) => ({ name: `p-${at}`, type: string }));
  const functions: ExportedFunction[] = [
    { name: "join-all", params, result: string },
    { name: "later", params: [{ name: "n", type: { kind: "u32" } }], result: { kind: "u32" } },
    {
      name: "may-fail",
      params: [{ name: "how", type: string }],
      result: { kind: "result", ok: u8, err: string },
    },
    { name: "nothing", params: [], result: undefined },
    { name: "deep", params: [{ name: "x", type: nested }], result: nested },
  ];
  const script = `let calls = 0;
    kinode.exportInterface("${API}", {
      joinAll: (...all) => all.join("-"),
      async later(n) { await undefined; await null; return n + ++calls },
      mayFail(how) {
        if (how === "ok") return 5;
        if (how === "payload") throw Object.assign(new Error("x"), { payload: "the payload" });
        throw new RangeError("the message");
      },
      nothing() { console.log("called", typeof this.later) },
      deep: (x) => x.tag === "ok" ? x.val : (() => { throw { payload: x.val } })(),
    });`;
  const { exports, printed } = await linkByJco(
    packScript(engine, script, { exports: [{ name: API, functions }] }),
  );
  const api = exports[API] ?? exports["api"]!;
  const names = params.map((_, at) => `v${at}`);
  expect(api["joinAll"]!(...names)).toBe(names.join("-"));
  expect([api["later"]!(10), api["later"]!(10)]).toEqual([11, 12]);
  expect(api["mayFail"]!("ok")).toBe(5);
  const failed = (how: string): unknown => {
    try {
      return api["mayFail"]!(how);
    } catch (thrown) {
      return String(thrown); // jco makes an object of the text
    }
  };
  expect(failed("payload")).toBe("the payload");
  expect(failed("other")).toBe("the message");
  expect(api["nothing"]!()).toBeUndefined();
  expect(printed).toEqual(["called function"]);
  for (const val of [{ tag: "some", val: 7 }, { tag: "some", val: undefined }, { tag: "none" }]) {
    expect(api["deep"]!({ tag: "ok", val })).toEqual(val);
  }
});

test("a value of the wrong type, or no function at all, ends the call with a text", async () => {
  const functions: ExportedFunction[] = [
    { name: "small", params: [], result: u8 },
    { name: "missing", params: [], result: undefined },
  ];
  const script = `kinode.exportInterface("${API}", { small: () => 256 });`;
  const component = packScript(engine, script, { exports: [{ name: API, functions }] });
  for (const name of ["small", "missing"]) {
    const { exports } = await linkByJco(component);
    expect(() => (exports[API] ?? exports["api"]!)[name]!()).toThrow();
  }
});

test("several interfaces can be exported by one script", async () => {
  const other = "other:alice/more";
  const { exports } = await linkByJco(
    packScript(
      engine,
      `kinode.exportInterface("${API}", { one: (n) => ({ ...n, text: "1" }) });
       kinode.exportInterface("${other}", { one: (n) => ({ ...n, text: "2" }) });`,
      { exports: [API, other].map((name) => ({ name, functions: [echo("one", note)] })) },
    ),
  );
  const value = { text: "", madeAt: 0n, color: undefined, tags: [] };
  expect(exports[API]!["one"]!(value)).toEqual({ ...value, text: "1" });
  expect(exports[other]!["one"]!(value)).toEqual({ ...value, text: "2" });
});

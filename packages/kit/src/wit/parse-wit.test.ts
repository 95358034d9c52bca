import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { WitError } from "./errors.ts";
import { parseWit } from "./parse-wit.ts";
import { resolveWit, witId } from "./resolve-wit.ts";
import { CHAT, PROCESS, TRANSFER } from "../../test/wit-texts.ts";

const WIT = join(import.meta.dir, "../../../../wit");
const process = parseWit(PROCESS, "process.wit");
const resolve = (...texts: string[]) =>
  resolveWit([process, ...texts.map((text, index) => parseWit(text, `${index}.wit`))], {
    defaultPackage: process.package!,
  });

test("every interface of this repository is read and resolved", () => {
  const folders = readdirSync(WIT).filter((name) => name.includes("process"));
  expect(folders).toHaveLength(4);
  for (const folder of folders) {
    const document = parseWit(readFileSync(join(WIT, folder, "process.wit"), "utf8"), folder);
    const wit = resolveWit([document], { defaultPackage: document.package! });
    const standard = wit.interfaces.get(witId(document.package!, "standard"))!;
    expect(standard.functions.length).toBeGreaterThan(10);
    expect(standard.names.get("address")?.declaration.shape.kind).toBe("record");
  }
});

test("API files without a package belong to that of the process interface", () => {
  const wit = resolve(CHAT, TRANSFER);
  const worker = wit.interfaces.get("kinode:process/file-transfer-worker@1.0.0")!;
  expect(worker.names.get("address")?.owner.id).toBe("kinode:process/standard@1.0.0");
  expect(worker.functions.map(({ name }) => name)).toEqual(["start-download"]);
  const exporter = wit.worlds.get("kinode:process/file-transfer-worker-api-v0@1.0.0")!;
  expect([...exporter.exports.keys()]).toEqual([worker.id]);
  const world = wit.worlds.get("kinode:process/chat-example-dot-os-v0@1.0.0")!;
  expect([...world.imports.keys()]).toEqual([
    "kinode:process/chat@1.0.0",
    "kinode:process/standard@1.0.0",
  ]);
  expect([...world.exports.keys()]).toEqual(["init"]);
});

test("all of the language is read", () => {
  const { interfaces, worlds, packages, aliases } = parseWit(
    `package a:b@1.2.3-rc.1+five;
    use c:d/e@0.1.0 as other;
    /* a comment /* in a comment */ */
    @since(version = 0.2.0)
    @unstable(feature = more)
    interface i {
      /** Several
       *  lines. */
      use c:d/e@0.1.0.{x as y, z};
      flags f { a, b-c, }
      resource r {
        constructor(a: u8);
        m: func() -> own<r>;
        s: static func(x: borrow<r>);
      }
      resource empty;
      type t = result<list<option<tuple<s8, f64>>>, char>;
      type u = result;
      type v = result<_, string>;
      variant %type { %enum(u8), other, }
      f1: func(a: t, %from: bool) -> result<u32>;
    }
    world w {
      import i;
      import c:d/e@0.1.0;
      export run: func(a: string);
      import inline: interface { g: func(); }
      include x:y/z with { a as b, c as d }
      include v;
      use i.{t};
      record mine { a: t }
    }
    package n:m { interface j { } }`,
    "all.wit",
  );
  expect(interfaces.map(({ name }) => name)).toEqual(["i"]);
  expect(interfaces[0]!.items.map((item) => item.kind)).toEqual([
    ...["use", "type", "type", "type", "type", "type", "type", "type", "function"],
  ] as never);
  expect(interfaces[0]!.items[0]).toMatchObject({
    names: [
      { name: "x", as: "y" },
      { name: "z", as: "z" },
    ],
  });
  expect(worlds[0]!.items.map((item) => item.kind)).toEqual([
    ...["import", "import", "export", "import", "include", "include", "use", "type"],
  ] as never);
  expect(packages.map((one) => one.package?.name)).toEqual(["m"]);
  expect(aliases).toMatchObject([{ as: "other", from: { interface: "e" } }]);
});

/** Types that contain the next one. */
const chain = (length: number): string[] => [
  ...Array.from({ length: length - 1 }, (_, at) => `record t${at} { next: t${at + 1} }`),
  `type t${length - 1} = u8;`,
];

test("deep types are fine", () => {
  expect(resolve(`interface a { ${chain(100).join(" ")} }`).interfaces.size).toBe(2);
});

test("what is wrong is told with its place and what to do", () => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    ["interface a {\n  record b { c d }\n}", '0.wit:2:16: expected ":", found "d"'],
    ["interface a {\n  record b { type: u8 }\n}", 'Write "%type" to use this word as a name'],
    ["interface Aa {}", '0.wit:1:11: "Aa" is not a name'],
    ["interface a--b {}", '"a--b" is not a name'],
    ["interface a { type b = c; }", '0.wit:1:24: there is no type "c" in "a"'],
    ["interface a { type b = list<b>; }", 'the type "b" contains itself'],
    ["interface a { record b { c: option<d> }\n variant d { e(b) } }", "contains itself"],
    ["interface a { use gone.{b}; }", 'there is no interface "kinode:process/gone@1.0.0"'],
    ["interface a { use standard.{gone}; }", 'has no type "gone"'],
    [
      "interface a { use b.{x}; type y = u8; }\ninterface b { use a.{y}; type x = u8; }",
      "depends on itself",
    ],
    ["interface a { enum b { c, c } }", '0.wit:1:27: there are two cases "c"'],
    ["interface a { type b = u8; b: func(); }", '"b" is declared twice'],
    ["interface a {}\ninterface a {}", '0.wit:2:11: "a" is already declared at 0.wit:1'],
    ["interface a { f: func(a: u8, a: u8); }", 'two parameters "a"'],
    ["interface a { variant b { } }", "this variant has no case"],
    ["interface a { type b = tuple<>; }", "a tuple has at least one element"],
    ["interface a { f: async func(); }", "asynchronous functions are not supported"],
    ["interface a { type b = stream<u8>; }", '"stream" is not supported'],
    ["interface a { # }", '0.wit:1:15: "#" has no meaning here'],
    ["interface a { /* open", "this comment has no end"],
    ["interface a {", "found the end of the text"],
    ["world a { include gone; }", 'there is no world "kinode:process/gone@1.0.0"'],
    ["package a:b@one;", "expected a version such as 1.0.0"],
    [
      `interface a { type b = ${"list<".repeat(70)}u8${">".repeat(70)}; }`,
      "nested more than 64 deep",
    ],
  ];
  for (const [text, message] of cases) {
    expect(() => resolve(text)).toThrow(WitError);
    expect(() => resolve(text)).toThrow(message);
  }
});

test("no text crashes the reader", () => {
  const words = fc.constantFrom(
    ...'interface a { } record ( ) < > , ; : = @ . -> list option u8 % "x" // /* 1.0.0 package world use'.split(
      " ",
    ),
  );
  const mutated = fc
    .tuple(fc.nat(TRANSFER.length), fc.nat(40), fc.string())
    .map(([at, length, text]) => TRANSFER.slice(0, at) + text + TRANSFER.slice(at + length));
  const texts = fc.oneof(
    fc.array(words).map((list) => list.join(" ")),
    mutated,
    fc.string(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        resolve(text);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(WitError);
      }
    }),
    { numRuns: 2_000, seed: 4 },
  );
});

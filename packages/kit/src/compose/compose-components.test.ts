/** Composed components, judged by the common component tools; running them is the linker's test. */
import {
  componentEmbed,
  componentNew,
  componentWit,
  parse,
  print,
} from "@bytecodealliance/jco-transpile/wasm-tools";
import { expect, test } from "bun:test";
import { CHAT, PROCESS, TRANSFER } from "../../test/wit-texts.ts";
import { composeComponents, linkedInterfaces } from "./compose-components.ts";
import { ComposeError } from "./errors.ts";
import { readComponentShape } from "./read-shape.ts";

const SHARED = `
interface base {
  resource handle { constructor(); poke: func() -> u8; }
  record point { x: f64, y: f64 }
  flags marks { a, b }
  type points = list<point>;
  look: func(at: point) -> points;
  hold: func(h: borrow<handle>) -> marks;
}
interface middle {
  use base.{handle, point as place, marks};
  enum level { low, high }
  variant shape { dot(place), line(tuple<place, place>), nothing, text(result<string, level>) }
  draw: func(shape: shape, %with: option<marks>) -> handle;
}
interface provided {
  use base.{handle, point};
  use middle.{shape, level};
  resource pen { constructor(h: handle); write: func(text: string) -> result<point, level>; }
  pick: func(name: list<string>, code: char) -> own<pen>;
  paint: func(shape: shape, pen: borrow<pen>) -> result;
}
interface after {
  use base.{point};
  use flat.{size};
  measure: func(point: point, size: size);
}
interface flat { record size { width: u32 } area: func(size: size) -> u64; }
`;

/** A component that does nothing, with the imports and exports of a world. */
async function dummy(text: string, world: string): Promise<Uint8Array> {
  const witSource = PROCESS.replace(/^package [^;]+;/m, "$&") + text;
  return componentNew(await componentEmbed({ witSource, world, dummy: true }));
}

/** Names in the text form of imports and exports of the whole component. */
async function linksOf(bytes: Uint8Array): Promise<{ imports: string[]; exports: string[] }> {
  const wit = await componentWit(bytes);
  const root = /world root \{([^]*?)\n\}/.exec(wit)![1]!;
  const names = (word: string): string[] =>
    [...root.matchAll(new RegExp(`^ *${word} ([^;]+?)(?:: func[^;]*)?;$`, "gm"))].map((m) => m[1]!);
  return { imports: names("import"), exports: names("export") };
}

test("a process is linked with the component that exports what it imports", async () => {
  const plug = await dummy(TRANSFER, "file-transfer-worker-api-v0");
  const socket = await dummy(
    `${TRANSFER}\nworld app { import file-transfer-worker; include process-v1; }`,
    "app",
  );
  const worker = "kinode:process/file-transfer-worker@1.0.0";
  expect(linkedInterfaces(socket, plug)).toEqual([worker]);
  const composed = composeComponents(socket, plug);
  expect(await linksOf(composed)).toEqual({
    imports: ["kinode:process/standard@1.0.0"],
    exports: ["init"],
  });
  const text = await print(composed);
  // Two nested components, none of whose core modules are the composed one's own.
  expect([...text.matchAll(/^ {2}\(component /gm)]).toHaveLength(2);
  expect([...text.matchAll(/^ {2}\(core module/gm)]).toHaveLength(0);
});

test("resources, shared imports and types of other interfaces keep their meaning", async () => {
  const plug = await dummy(
    `${SHARED}\nworld plug { import base; import middle; export provided; }`,
    "plug",
  );
  const socket = await dummy(
    `${SHARED}\nworld socket { import after; import provided; import extra: func(a: u8) -> string; export flat; export run: func(); }`,
    "socket",
  );
  const composed = composeComponents(socket, plug);
  const { imports, exports } = await linksOf(composed);
  expect(imports.sort()).toEqual([
    ...["extra", "kinode:process/after@1.0.0", "kinode:process/base@1.0.0"],
    ...["kinode:process/flat@1.0.0", "kinode:process/middle@1.0.0"],
  ]);
  expect(exports.sort()).toEqual(["kinode:process/flat@1.0.0", "run"]);
  // The shared interface has what both use of it, once.
  const imported = (await print(composed)).split("\n  (component")[0]!;
  const base = imported.split("(import").find((text) => text.includes('"handle"'))!;
  for (const name of ["handle", "point", "marks", "[constructor]handle", "[method]handle.poke"]) {
    expect(base.split(JSON.stringify(name))).toHaveLength(2);
  }
});

test("a composed component can be composed again", async () => {
  const all = (world: string): string => `${SHARED}${CHAT}\n${world}`;
  const inner = await dummy(all("world inner { export flat; }"), "inner");
  const middle = await dummy(all("world middle-one { import flat; export after; }"), "middle-one");
  const outer = await dummy(
    all("world outer { import after; import flat; include process-v1; }"),
    "outer",
  );
  const once = composeComponents(middle, inner);
  expect(linkedInterfaces(outer, once)).toEqual(["kinode:process/after@1.0.0"]);
  const twice = composeComponents(outer, once);
  const { imports, exports } = await linksOf(twice);
  expect(imports.sort()).toEqual([
    "kinode:process/base@1.0.0",
    "kinode:process/flat@1.0.0",
    "kinode:process/standard@1.0.0",
  ]);
  expect(exports).toEqual(["init"]);
  const third = composeComponents(twice, inner);
  expect((await linksOf(third)).imports.sort()).toEqual([
    "kinode:process/base@1.0.0",
    "kinode:process/standard@1.0.0",
  ]);
});

test("what does not fit is refused with both sides", async () => {
  const one = await parse(
    '(component (import "a:b/c@1.0.0" (instance)) (export "x" (instance 0)))',
  );
  const two = await parse('(component (import "d" (func)) (export "e" (func 0)))');
  expect(() => composeComponents(one, two)).toThrow(
    'Nothing to compose: the one component imports "a:b/c@1.0.0", the other exports "e"',
  );
  const plug = await parse(
    '(component (import "a:b/s" (instance (export "f" (func)))) (import "p" (func (param "x" u8))) (export "q" (func 0)))',
  );
  const clash = await parse('(component (import "q" (func)) (import "p" (func (param "x" u16))))');
  expect(() => composeComponents(clash, plug)).toThrow(
    'The two components cannot share the import "p": one is a function of another type',
  );
  const types = await parse('(component (import "t" (type (sub resource))))');
  expect(() => readComponentShape(types)).toThrow("is neither an interface nor a function");
});

test("names may hold anything", async () => {
  const plug = await parse(
    '(component (import "a:b/c@1.0.0-x.1+y" (instance)) (export "e" (instance 0)))',
  );
  const socket = await parse(
    '(component (import "e" (instance)) (import "locked-dep=<a:b>" (component)) (export "e2" (instance 0)))',
  );
  expect(() => composeComponents(socket, plug)).toThrow("is neither an interface nor a function");
  const plain = await parse('(component (import "e" (instance)) (export "e2" (instance 0)))');
  expect((await linksOf(composeComponents(plain, plug))).imports).toEqual(["a:b/c@1.0.0-x.1+y"]);
});

test("bytes that are no component, or half of one, are refused", async () => {
  const plug = await dummy(TRANSFER, "file-transfer-worker-api-v0");
  expect(() => readComponentShape(new Uint8Array(0))).toThrow("this is not a component");
  expect(() => readComponentShape(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toThrow(
    ComposeError,
  );
  let random = 7;
  const next = (below: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return random % below;
  };
  let refused = 0;
  for (let round = 0; round < 1_000; round += 1) {
    const bytes = plug.slice(0, round % 3 === 0 ? next(plug.length) : plug.length);
    for (let change = next(4); change >= 0; change -= 1) {
      if (bytes.length > 0) bytes[8 + next(Math.min(bytes.length, 1_500))] = next(256);
    }
    try {
      readComponentShape(bytes);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ComposeError);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(300);
});

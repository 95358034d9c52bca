/** Well-formed components whose parts do not fit together, or that need what is not there: each is refused with a text. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { processorMs } from "@kinode-ts/testing/processor-time";
import { compileComponent, systemPowers } from "../src/index.ts";
import { parseText } from "./build-component.ts";

setDefaultTimeout(120_000);

const RUN = `
  (core module $Run (func (export "run")))
  (core instance $run (instantiate $Run))
  (func (export "run") (canon lift (core func $run "run")))`;

const lowerOf = (options: string): string => `
  (import "say" (func $say (param "text" string)))
  (core module $Mem (memory (export "memory") 1))
  (core instance $mem (instantiate $Mem))
  (core func (canon lower (func $say) (memory (core memory $mem "memory")) ${options}))`;

/** A chain or a doubling of types, `depth` long. */
const types = (depth: number, next: (previous: number) => string): string =>
  `(type $t0 u8) ${Array.from({ length: depth }, (_, i) => `(type $t${i + 1} ${next(i)})`).join("\n")}
   (import "f" (func (param "a" $t${depth})))`;

/** Components inside each other, each with two instances of the next. */
function doubling(depth: number): string {
  let text = "(component $c0)";
  for (let i = 1; i <= depth; i++) {
    text = `(component $c${i} ${text}
      (instance (instantiate $c${i - 1})) (instance (instantiate $c${i - 1})))`;
  }
  return `${text} (instance (instantiate $c${depth}))`;
}

const CASES: Readonly<Record<string, readonly [text: string, reason: string]>> = {
  "a nested component without its import": [
    `(component $C (import "f" (func))) (instance (instantiate $C))`,
    'a nested component is not given its import "f"',
  ],
  "an import of a nested component that is something else": [
    `(component $D) (component $C (import "f" (func))) (instance (instantiate $C (with "f" (component $D))))`,
    'a nested component is not given its import "f"',
  ],
  "a function of another type given to a nested component": [
    `(import "g" (func $g (param "a" u32) (result string)))
     (component $C (import "f" (func (param "a" u64))))
     (instance (instantiate $C (with "f" (func $g))))`,
    '"f" is func(a: u32) -> string where func(a: u64) is wanted',
  ],
  "an instance without a function that is wanted": [
    `(import "g" (instance $g (export "a" (func))))
     (component $C (import "i" (instance (export "b" (func)))))
     (instance (instantiate $C (with "i" (instance $g))))`,
    'the instance given as "i" lacks "b"',
  ],
  "a member of an instance that is something else": [
    `(import "g" (instance $g (export "a" (type (sub resource)))))
     (component $C (import "i" (instance (export "a" (func)))))
     (instance (instantiate $C (with "i" (instance $g))))`,
    'the instance given as "i" has as type what should be a func: "a"',
  ],
  "a function of an instance of another type": [
    `(import "g" (instance $g (export "a" (func))))
     (component $C (import "i" (instance (export "a" (func (param "x" bool))))))
     (instance (instantiate $C (with "i" (instance $g))))`,
    '"i#a" is func() where func(x: bool) is wanted',
  ],
  "a core module without its import": [
    `(core module $M (import "a" "b" (func))) (core instance (instantiate $M))`,
    'a core module is not given its import "a"',
  ],
  "a core instance without an export that is wanted": [
    `(core module $A (func (export "x"))) (core instance $a (instantiate $A))
     (core module $M (import "a" "b" (func))) (core instance (instantiate $M (with "a" (instance $a))))`,
    'a core module exports no func "b"',
  ],
  "a memory where a function is wanted": [
    `(core module $A (memory (export "b") 1)) (core instance $a (instantiate $A))
     (core module $M (import "a" "b" (func))) (core instance (instantiate $M (with "a" (instance $a))))`,
    'a core module exports no func "b"',
  ],
  "an alias of a function that is not there": [
    `(import "g" (instance $g (export "a" (func)))) (alias export $g "b" (func))`,
    'there is no function "b" to alias',
  ],
  "a record as a resource": [
    `(type $r (record (field "a" u8))) (import "f" (func (param "a" (own $r))))`,
    "type 0 is used as a resource and is none",
  ],
  "a function type as a value": [
    `(type $f (func)) (import "f" (func (param "a" $f)))`,
    "type 0 is used as the type of a value",
  ],
  "resource.new for a resource of the host": [
    `(import "i" (instance $i (export "r" (type (sub resource))))) (alias export $i "r" (type $r))
     (core func (canon resource.new $r))`,
    "resource.new is used outside the component that has the resource",
  ],
  "strings as UTF-16": [lowerOf("string-encoding=utf16"), "it needs strings as utf16"],
  "strings as Latin-1 or UTF-16": [
    lowerOf("string-encoding=latin1+utf16"),
    "it needs strings as latin1+utf16",
  ],
  "asynchronous functions": [lowerOf("async"), "it needs asynchronous functions"],
  "a component from outside": [
    `(import "c" (component $c)) (instance (instantiate $c))`,
    "it needs a component from outside",
  ],
  "a core module from outside": [
    `(import "m" (core module $m)) (core instance (instantiate $m))`,
    "it needs a core module from outside",
  ],
  "a type a hundred deep": [
    types(100, (i) => `(list $t${i})`),
    "the depth of a type is 65, above the limit of 64",
  ],
  "a type that doubles thirty times": [
    types(30, (i) => `(tuple $t${i} $t${i})`),
    "the size of a type is 2047, above the limit of 2000",
  ],
  "components that double forty times": [doubling(20), "above the limit of"],
  "an empty record": ["(type (record))", "a record is empty"],
  "a field that is no word": [
    `(type (record (field "a b" u8)))`,
    '"a b" is no name in kebab-case at byte',
  ],
  "two fields of one name": [
    `(type (record (field "a" u8) (field "a" u8)))`,
    'the name "a" occurs twice at byte',
  ],
};

for (const [what, [text, reason]] of Object.entries(CASES)) {
  test(`${what}: refused`, async () => {
    const bytes = await parseText(`(component ${text} ${RUN})`);
    const startedMs = processorMs();
    await expect(compileComponent(bytes, systemPowers)).rejects.toThrow(
      /^Cannot load the component: /,
    );
    await expect(compileComponent(bytes, systemPowers)).rejects.toThrow(reason);
    expect(processorMs() - startedMs).toBeLessThan(1_000);
  });
}

test("what those cases have in common is fine by itself", async () => {
  const component = await compileComponent(await parseText(`(component ${RUN})`), systemPowers);
  await using instance = await component.instantiate();
  expect(await instance.exports["run"]!()).toBeUndefined();
});

test("modules, components and types of an enclosing component are within reach", async () => {
  const bytes = await parseText(`(component
    (core module $M (func (export "run") (result i32) (i32.const 7)))
    (type $number u32)
    (component $Inner
      (core module (export "unused") (func))
      (alias outer 1 $M (core module $Mine))
      (alias outer 1 $number (type $n))
      (core instance $m (instantiate $Mine))
      (func (export "run") (result $n) (canon lift (core func $m "run"))))
    (component $Outer
      (alias outer 1 $Inner (component $I))
      (instance $i (instantiate $I))
      (export "inner" (instance $i)))
    (instance $o (instantiate $Outer))
    (alias export $o "inner" (instance $i))
    (alias export $i "run" (func $run))
    (export "run" (func $run)))`);
  await using instance = await (await compileComponent(bytes, systemPowers)).instantiate();
  expect(await instance.exports["run"]!()).toBe(7);
});

test("a start function of a core module runs before anything is called, and can be ended", async () => {
  const text = (body: string) => `(component
    (core module $M (global $g (mut i32) (i32.const 1))
      (func $start ${body}) (start $start)
      (func (export "run") (result i32) (global.get $g)))
    (core instance $m (instantiate $M))
    (func (export "run") (result u32) (canon lift (core func $m "run"))))`;
  const ran = await compileComponent(
    await parseText(text("(global.set $g (i32.const 2))")),
    systemPowers,
  );
  await using instance = await ran.instantiate();
  expect(await instance.exports["run"]!()).toBe(2);
  const endless = await compileComponent(await parseText(text("(loop $l (br $l))")), systemPowers);
  await expect(endless.instantiate({}, { maxCpuMs: 20 })).rejects.toThrow(
    "it used more than its 20 ms of processor time",
  );
});

test("tables and memories of all modules of a component are bounded together", async () => {
  const modules = Array.from(
    { length: 4 },
    (_, i) => `(core module $T${i} (table (export "t") 0 funcref)
      (func (export "run") (result i32) (table.grow 0 (ref.null func) (i32.const 400000))))
      (core instance $t${i} (instantiate $T${i}))
      (func (export "run-${i}") (result s32) (canon lift (core func $t${i} "run")))`,
  );
  const bytes = await parseText(`(component ${modules.join("\n")})`);
  await using instance = await (await compileComponent(bytes, systemPowers)).instantiate();
  for (let i = 0; i < 4; i++) expect(await instance.exports[`run-${i}`]!()).toBe(-1);
});

for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
  test(`a function or resource called "${name}" is none that every object has`, async () => {
    const bytes = await parseText(`(component
      (import "wasi:io/streams@0.2.0" (instance $io
        (export "${name}" (type (sub resource)))
        (export "x${name}" (func))
        (export "${name}x" (func))))
      (alias export $io "${name}" (type $r))
      (core func $drop (canon resource.drop $r))
      (core func $call (canon lower (func $io "${name}x")))
      (core module $M
        (import "${name}" "${name}" (func $drop (param i32)))
        (import "${name}" "call" (func $call))
        (func (export "${name}") (param i32) (call $call)))
      (core instance $m (instantiate $M
        (with "${name}" (instance (export "${name}" (func $drop)) (export "call" (func $call))))))
      (func (export "${name}") (param "n" u32) (canon lift (core func $m "${name}"))))`);
    await using instance = await (await compileComponent(bytes, systemPowers)).instantiate();
    await expect(instance.exports[name]!(1)).rejects.toThrow("which this node does not have");
  });
}

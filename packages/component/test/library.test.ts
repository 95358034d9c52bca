/**
 * Components as libraries: a caller's functions in, values out, no node anywhere.
 */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { guestBytes } from "@kinode-ts/testing/guests";
import { InstanceError, compileComponent, systemPowers } from "../src/index.ts";
import type { CompiledComponent, ImportsObject } from "../src/index.ts";
import { ALLOCATOR, buildComponent } from "./build-component.ts";

setDefaultTimeout(120_000);

const WIT = `package demo:calc;
interface log { line: func(text: string); now: func() -> u64; }
interface math { checked-div: func(a: s32, b: s32) -> result<s32, string>; }
world w {
  import log;
  import ask: func(question: string) -> string;
  export add: func(a: u32, b: u32) -> u32;
  export say-hello: func(name: string) -> string;
  export ask-twice: func(question: string) -> string;
  export time: func() -> u64;
  export spin: func();
  export crash: func();
  export grow: func() -> u32;
  export math;
}`;

const CORE = `(module
  (import "demo:calc/log" "line" (func $line (param i32 i32)))
  (import "demo:calc/log" "now" (func $now (result i64)))
  (import "$root" "ask" (func $ask (param i32 i32 i32)))
  ${ALLOCATOR}
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "say-hello") (param i32 i32) (result i32)
    (call $line (local.get 0) (local.get 1))
    (i32.store (i32.const 1024) (local.get 0))
    (i32.store (i32.const 1028) (local.get 1))
    (i32.const 1024))
  (func (export "cabi_post_say-hello") (param i32)
    (i32.store (i32.const 2048) (i32.add (i32.load (i32.const 2048)) (i32.const 1))))
  (func (export "ask-twice") (param i32 i32) (result i32)
    (call $ask (local.get 0) (local.get 1) (i32.const 1024))
    (call $ask (i32.load (i32.const 1024)) (i32.load (i32.const 1028)) (i32.const 1024))
    (i32.const 1024))
  (func (export "time") (result i64) (call $now))
  (func (export "spin") (loop $l (br $l)))
  (func (export "crash") unreachable)
  (func (export "grow") (result i32)
    (loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 16)) (i32.const 0))))
    (memory.size))
  (func (export "demo:calc/math#checked-div") (param i32 i32) (result i32)
    (if (i32.eqz (local.get 1))
      (then
        (i32.store8 (i32.const 1024) (i32.const 1))
        (i32.store (i32.const 1028) (i32.const 512))
        (i32.store (i32.const 1032) (i32.const 4)))
      (else
        (i32.store8 (i32.const 1024) (i32.const 0))
        (i32.store (i32.const 1028) (i32.div_s (local.get 0) (local.get 1)))))
    (i32.const 1024))
  (data (i32.const 512) "zero")
)`;

let component: CompiledComponent;
let lines: string[];
const imports = (): ImportsObject => ({
  "demo:calc/log": { line: (text: string) => void lines.push(text), now: () => 5n },
  ask: (question: string) => `${question}?`,
});

beforeAll(async () => {
  component = await compileComponent(await buildComponent(CORE, WIT), systemPowers);
});

const instantiate = (given: ImportsObject = {}, limits = {}) => {
  lines = [];
  return component.instantiate({ ...imports(), ...given }, limits);
};

test("functions are called with values and answer with values", async () => {
  await using calc = await instantiate();
  const { exports } = calc;
  expect(await exports["add"]!(1, 2)).toBe(3);
  expect(await exports["sayHello"]!("wörld")).toBe("wörld");
  expect(await exports["say-hello"]!("again")).toBe("again");
  expect(lines).toEqual(["wörld", "again"]);
  expect(await exports["askTwice"]!("why")).toBe("why??");
  expect(await exports["time"]!()).toBe(5n);
  expect(await exports["demo:calc/math"]!["checkedDiv"]!(7, -2)).toEqual({ tag: "ok", val: -3 });
  expect(await exports["demo:calc/math"]!["checkedDiv"]!(7, 0)).toEqual({
    tag: "err",
    val: "zero",
  });
});

test("imports and exports are described with their types", () => {
  expect(component.imports).toEqual([
    { interface: "demo:calc/log", name: "now", type: "func() -> u64" },
    { interface: "demo:calc/log", name: "line", type: "func(text: string)" },
    { interface: undefined, name: "ask", type: "func(question: string) -> string" },
  ]);
  expect(component.exports).toContainEqual({
    interface: "demo:calc/math",
    name: "checked-div",
    type: "func(a: s32, b: s32) -> result<s32, string>",
  });
});

test("a function of the caller may return a promise, also for a result that is one number", async () => {
  const later = <T>(value: T): Promise<T> =>
    new Promise((resolve) => setTimeout(resolve, 1, value));
  await using calc = await instantiate({
    ask: (question: string) => later(`${question}!`),
    "demo:calc/log": { line: () => later(undefined), now: () => later(7n) },
  });
  const calls = [
    calc.exports["askTwice"]!("a"),
    calc.exports["time"]!(),
    calc.exports["askTwice"]!("b"),
  ];
  expect(await Promise.all(calls)).toEqual(["a!!", 7n, "b!!"]);
});

test("imports that are not given are all named", async () => {
  await expect(component.instantiate({ "demo:calc/log": { line: () => {} } })).rejects.toThrow(
    'The component imports functions that were not given: "demo:calc/log" "now", "ask"',
  );
});

test("values of the wrong kind are refused, and the instance goes on", async () => {
  await using calc = await instantiate();
  await expect(calc.exports["add"]!(1, "2")).rejects.toThrow(
    'Expected a u32 (a whole number from 0 to 4294967295), got "2"',
  );
  await expect(calc.exports["add"]!(1)).rejects.toThrow("Expected 2 arguments, got 1");
  await expect(calc.exports["add"]!(-1, 2 ** 32)).rejects.toThrow(TypeError);
  await expect(calc.exports["sayHello"]!(null)).rejects.toThrow("Expected a string, got null");
  expect(await calc.exports["add"]!(4, 5)).toBe(9);
});

test("a function of the caller that throws or returns the wrong kind ends the instance, with its error as the cause", async () => {
  const cause = new Error("no answer");
  const calc = await instantiate({
    ask: () => {
      throw cause;
    },
  });
  const error = await calc.exports["askTwice"]!("x").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InstanceError);
  expect((error as InstanceError).cause).toBe(cause);
  await expect(calc.exports["add"]!(1, 2)).rejects.toThrow("The component trapped");
  const wrong = await instantiate({ ask: () => 5 });
  await expect(wrong.exports["askTwice"]!("x")).rejects.toThrow("Expected a string, got 5");
});

test("a trap ends the instance with a reason; calls made later say so", async () => {
  const calc = await instantiate();
  const after = calc.exports["crash"]!().catch((error: unknown) => error);
  const queued = calc.exports["add"]!(1, 2).catch((error: unknown) => error);
  expect(await after).toMatchObject({
    fault: { code: "instance.trapped", reason: expect.stringContaining("unreachable") },
  });
  expect(await queued).toBeInstanceOf(InstanceError);
  expect(await calc.ended).toMatchObject({ kind: "trapped" });
  expect(calc.usage().memoryBytes).toBe(0);
});

test("an endless loop lets others have their turn, and ends when killed", async () => {
  const calc = await instantiate();
  const spinning = calc.exports["spin"]!().catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 30));
  calc.kill();
  expect(await spinning).toMatchObject({ fault: { code: "instance.ended", how: "killed" } });
  expect(await calc.ended).toEqual({ kind: "killed" });
});

test("an instance that nobody calls is killed and closed at once", async () => {
  const killed = await instantiate();
  killed.kill();
  expect(await killed.ended).toEqual({ kind: "killed" });
  const closed = await instantiate();
  const last = closed.exports["add"]!(1, 1);
  await closed.close();
  expect(await last).toBe(2);
  expect(await closed.ended).toEqual({ kind: "closed" });
  await expect(closed.exports["add"]!(1, 1)).rejects.toThrow("The component was closed");
});

test("processor time is bounded", async () => {
  const calc = await instantiate({}, { maxCpuMs: 20 });
  await expect(calc.exports["spin"]!()).rejects.toThrow(
    "it used more than its 20 ms of processor time",
  );
});

test("WASI is there without being given, and standard error can be read", async () => {
  const { imports, instantiate: make } = await compileComponent(guestBytes("exit-3"), systemPowers);
  expect(imports).toEqual([]);
  const instance = await make();
  await expect(instance.exports["init"]!("our@x:y:z")).rejects.toMatchObject({
    fault: { code: "instance.trapped", reason: "it called exit with code 1", stderr: "bye" },
  });
  expect(instance.stderr()).toBe("bye");
});

test("WASI can be given like other imports", async () => {
  const { imports, instantiate: make } = await compileComponent(guestBytes("exit-3"), {
    ...systemPowers,
    wasi: "imports",
  });
  expect(imports.map(({ name }) => name)).toContain("exit");
  await expect(make()).rejects.toThrow('"wasi:cli/exit@');
});

test("memory is bounded", async () => {
  await using calc = await instantiate({}, { maxMemoryBytes: 4 << 20 });
  expect(Number(await calc.exports["grow"]!()) * 65_536).toBeLessThanOrEqual(4 << 20);
  await expect(instantiate({}, { maxMemoryBytes: 65_536 })).rejects.toThrow(
    "it needs 262144 bytes of memory to start, above its limit of 65536",
  );
});

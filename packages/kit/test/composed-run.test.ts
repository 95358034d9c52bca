/** Composed components run as processes, through the linker of the node. */
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { linkExporters } from "../src/compose/link-exporters.ts";
import { composeComponents } from "../src/index.ts";
import { DirectLink } from "../../testing/src/direct-link.ts";
import { loadComponent } from "../../component/src/load-component.ts";
import { address, LIMITS, options } from "../../component/test/run-guest.ts";
import { PROCESS } from "./wit-texts.ts";

const PRELUDE = readFileSync(join(import.meta.dir, "../../testing/guests/wat/prelude.txt"), "utf8");

const WIT = `${PROCESS}
interface voice {
  use standard.{address};
  enum mood { calm, loud }
  variant answer { said(string), refused(mood) }
  shout: func(text: string, times: u8, to: option<address>) -> result<answer, mood>;
}
world voice-api-v0 { export voice; import standard; }
world app { import voice; include process-v1; }
`;

async function component(world: string, core: string): Promise<Uint8Array> {
  const binary = await parse(core.replace("(; prelude ;)", PRELUDE));
  const witSource = WIT;
  return componentNew(await componentEmbed({ binary, witSource, world, stringEncoding: "utf8" }));
}

/** Writes the text in capitals, `times` often; `times` 0 is the error `loud`. Prints before. */
const VOICE = `(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (; prelude ;)
  (data (i32.const 8) "voice")
  (func (export "kinode:process/voice@1.0.0#shout")
    (param $text i32) (param $length i32) (param $times i32)
    (param $some i32) (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local $out i32) (local $at i32) (local $char i32)
    (call $print (i32.const 0) (i32.const 8) (i32.const 5))
    ;; result at 1024: discriminant, then (at 4) the variant: discriminant, (at 8) pointer and length
    (if (i32.eqz (local.get $times)) (then
      (i32.store8 (i32.const 1024) (i32.const 1))
      (i32.store8 (i32.const 1028) (i32.const 1))
      (return (i32.const 1024))))
    (local.set $out (call $realloc (i32.const 0) (i32.const 0) (i32.const 1)
      (i32.mul (local.get $length) (local.get $times))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (i32.mul (local.get $length) (local.get $times))))
      (local.set $char (i32.load8_u
        (i32.add (local.get $text) (i32.rem_u (local.get $at) (local.get $length)))))
      (if (i32.and (i32.ge_u (local.get $char) (i32.const 97)) (i32.le_u (local.get $char) (i32.const 122)))
        (then (local.set $char (i32.sub (local.get $char) (i32.const 32)))))
      (i32.store8 (i32.add (local.get $out) (local.get $at)) (local.get $char))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store8 (i32.const 1028) (i32.const 0))
    (i32.store (i32.const 1032) (local.get $out))
    (i32.store (i32.const 1036) (i32.mul (local.get $length) (local.get $times)))
    (i32.const 1024))
  (func (export "cabi_post_kinode:process/voice@1.0.0#shout") (param i32)))`;

/** Asks for "hey" three times and prints it, then for nothing and prints "no" when that is an error. */
const APP = `(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (import "kinode:process/voice@1.0.0" "shout"
    (func $shout (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (; prelude ;)
  (data (i32.const 8) "hey no ")
  (func $ask (param $times i32)
    (call $shout (i32.const 8) (i32.const 4) (local.get $times)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 2048)))
  (func (export "init") (param i32 i32)
    (call $ask (i32.const 3))
    (if (i32.load8_u (i32.const 2048)) (then unreachable))
    (call $print (i32.const 0) (i32.load (i32.const 2056)) (i32.load (i32.const 2060)))
    (call $ask (i32.const 0))
    (if (i32.and (i32.eq (i32.load8_u (i32.const 2048)) (i32.const 1)) (i32.eq (i32.load8_u (i32.const 2052)) (i32.const 1)))
      (then (call $print (i32.const 0) (i32.const 12) (i32.const 2))))))`;

async function run(bytes: Uint8Array): Promise<{ lines: readonly string[]; ending: string }> {
  const program = await loadComponent(bytes, options());
  const host = new DirectLink().createHost(address("app"), true);
  const process = program.start(host, LIMITS);
  const ending = await process.ended;
  return { lines: host.lines, ending: ending.kind };
}

test("a process calls the functions of the component it was composed with", async () => {
  const composed = composeComponents(
    await component("app", APP),
    await component("voice-api-v0", VOICE),
  );
  // Both print: the shared import leads to the same process.
  expect(await run(composed)).toEqual({
    lines: ["voice", "HEY HEY HEY ", "voice", "no"],
    ending: "returned",
  });
});

test("what is not composed does not run, and it says which interface is missing", async () => {
  const app = await component("app", APP);
  expect(run(app)).rejects.toThrow("kinode:process/voice@1.0.0");
});

test("an exporter that several need is linked once, after them", async () => {
  const witOf = (name: string): string => `interface ${name} { call: func(n: u32) -> u32; }\n`;
  const texts = `${PROCESS}\n${witOf("one")}${witOf("two")}
    world one-api-v0 { export one; }
    world two-api-v0 { import one; export two; }
    world app { import two; import one; include process-v1; }`;
  const make = async (world: string, core: string): Promise<Uint8Array> => {
    const binary = await parse(core.replace("(; prelude ;)", PRELUDE));
    return componentNew(await componentEmbed({ binary, witSource: texts, world }));
  };
  const one = await make(
    "one-api-v0",
    `(module (func (export "kinode:process/one@1.0.0#call") (param i32) (result i32)
       (i32.add (local.get 0) (i32.const 1))))`,
  );
  const two = await make(
    "two-api-v0",
    `(module (import "kinode:process/one@1.0.0" "call" (func $one (param i32) (result i32)))
       (func (export "kinode:process/two@1.0.0#call") (param i32) (result i32)
         (i32.mul (call $one (local.get 0)) (i32.const 10))))`,
  );
  const app = await make(
    "app",
    `(module (import "kinode:process/one@1.0.0" "call" (func $one (param i32) (result i32)))
       (import "kinode:process/two@1.0.0" "call" (func $two (param i32) (result i32)))
       (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
       (; prelude ;)
       (data (i32.const 8) "right")
       (func (export "init") (param i32 i32)
         (if (i32.eq (call $two (call $one (i32.const 2))) (i32.const 40))
           (then (call $print (i32.const 0) (i32.const 8) (i32.const 5))))))`,
  );
  // Either way round: "one" is needed by both.
  for (const exporters of [
    [one, two],
    [two, one],
  ]) {
    expect(await run(linkExporters(app, exporters))).toEqual({
      ...{ lines: ["right"], ending: "returned" },
    });
  }
  expect(linkExporters(one, [two])).toBe(one);
  const witCircle = `world one-api-v0 { import two; export one; }`;
  const circular = await componentNew(
    await componentEmbed({
      ...{ witSource: texts.replace("world one-api-v0 { export one; }", witCircle) },
      ...{ world: "one-api-v0", dummy: true },
    }),
  );
  expect(() => linkExporters(app, [circular, two])).toThrow("import each other's");
});

/**
 * A component of 2 MB, made here because nobody wants one in a repository: it answers every message, and around that it has
 * what large programs have, code (1.4 MB in 4,000 functions), data (0.6 MB) and a table of 3,000 functions.
 * @module
 */
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { join } from "node:path";

const FUNCTIONS = 4_000;
const TABLE = 3_000;
const DATA_BYTES = 600_000;
/** Instructions of 9 bytes or so. */
const STEPS = 38;

function functionText(index: number): string {
  const steps = Array.from(
    { length: STEPS },
    (_, step) =>
      `(local.set 1 (i32.xor (local.get ${step & 1}) (i32.const ${(index * 37 + step) % 60})))`,
  );
  return `(func $f${index} (param i32) (result i32) (local i32) ${steps.join("")} (local.get 1))`;
}

export async function largeComponent(): Promise<Uint8Array> {
  const functions = Array.from({ length: FUNCTIONS }, (_, index) => functionText(index));
  const names = Array.from({ length: TABLE }, (_, index) => `$f${index}`);
  const respond =
    "(i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)";
  const text = `(module
    (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
    (import "kinode:process/standard@1.0.0" "send-response" (func $respond (param ${"i32 ".repeat(14)})))
    (memory (export "memory") 17)
    (table ${TABLE} funcref) (elem (i32.const 0) ${names.join(" ")})
    (global $bump (mut i32) (i32.const 700000))
    (data (i32.const 16) "pong") (data (i32.const 65536) "${"d".repeat(DATA_BYTES)}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $bump (i32.add (i32.and (i32.add (global.get $bump) (i32.const 15)) (i32.const -16)) (local.get 3)))
      (i32.and (i32.sub (global.get $bump) (local.get 3)) (i32.const -8)))
    (func (export "init") (param i32 i32)
      (loop $next
        (global.set $bump (i32.const 700000))
        (call $receive (i32.const 1024))
        (call $respond ${respond})
        (br $next)))
    ${functions.join("\n")})`;
  const wit = join(import.meta.dir, "../../wit/kinode-process-1.0.0/process.wit");
  const embedded = await componentEmbed({
    binary: await parse(text),
    witSource: await Bun.file(wit).text(),
    world: "process-v1",
  });
  return await componentNew(embedded, []);
}

/**
 * Builds small components for tests, with the public tools as they run in this repository.
 * @module
 */
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";

/** A component from a core module in text and the WIT of its one world `w`. */
export async function buildComponent(coreText: string, witSource: string): Promise<Uint8Array> {
  const binary = await parse(coreText);
  const embedded = await componentEmbed({
    binary,
    witSource,
    world: "w",
    stringEncoding: "utf8",
  });
  return componentNew(embedded, []);
}

/** A component from its own text; it is not validated. */
export const parseText = (text: string): Promise<Uint8Array> => parse(text);

/** A memory with a bump allocator that grows, from 64 KiB on. */
export const ALLOCATOR = `
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 65536))
  (func $realloc (export "cabi_realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32)
    (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (loop $more
      (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
        (then
          (if (i32.lt_s (memory.grow (i32.const 16)) (i32.const 0)) (then unreachable))
          (br $more))))
    (if (local.get $old)
      (then (memory.copy (local.get $at) (local.get $old) (local.get $was))))
    (local.get $at))
`;

/**
 * A guest, made by program, that calls any function of an interface with any core values: the state it reads at its start
 * says which. In a loop it catches everything that can be caught.
 * @module
 */
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import type { CoreType } from "../../src/canonical-abi/abi-type.ts";
import { IMAGE_AT, MEMORY_BYTES } from "./call-image.ts";
import type { Call } from "./call-image.ts";

const WIT = `${import.meta.dir}/../../../../wit`;
/** Which function, how often, and its values, in front of the image in the state and in memory. */
const HEADER_BYTES = 8 + 8 * 20;
const HEADER_AT = IMAGE_AT - HEADER_BYTES;
const REPEAT = { once: 0, forever: 1 } as const;

export interface CallerFunction {
  readonly module: string;
  readonly name: string;
  readonly params: readonly CoreType[];
  readonly results: readonly CoreType[];
}

function importOf({ module, name, params, results }: CallerFunction, index: number): string {
  const list = (kind: string, types: readonly CoreType[]): string =>
    types.length === 0 ? "" : ` (${kind} ${types.join(" ")})`;
  return `(import "${module}" "${name}" (func $f${index}${list("param", params)}${list("result", results)}))`;
}

function callOf({ params, results }: CallerFunction, index: number): string {
  const values = params.map((type, i) => {
    const load = `(i64.load (i32.const ${HEADER_AT + 8 + 8 * i}))`;
    return type === "i64" ? load : `(i32.wrap_i64 ${load})`;
  });
  const call = `(call $f${index} ${values.join(" ")})`;
  return results.length === 0 ? call : `(drop ${call})`;
}

/** The text of the caller's core module. `init` copies the state to `HEADER_AT` and does what it says. */
export function callerText(functions: readonly CallerFunction[]): string {
  const getState = functions.findIndex(({ name }) => name === "get-state");
  const labels = functions.map((_item, index) => index);
  const dispatch = labels.reduce(
    (inner, index) => `(block $b${index} ${inner}) ${callOf(functions[index]!, index)} (return)`,
    `(br_table ${labels.join(" ")} (i32.load (i32.const ${HEADER_AT})))`,
  );
  return `(module
    ${functions.map(importOf).join("\n")}
    (memory (export "memory") ${MEMORY_BYTES / 65_536})
    (global $bump (mut i32) (i32.const ${IMAGE_AT + 65_536}))
    (func (export "cabi_realloc") (param $old i32) (param $oldSize i32) (param $align i32) (param $size i32) (result i32)
      (local $pointer i32)
      (local.set $pointer (i32.and
        (i32.add (global.get $bump) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $bump (i32.add (local.get $pointer) (local.get $size)))
      (if (i32.gt_u (global.get $bump) (i32.const ${MEMORY_BYTES})) (then (unreachable)))
      (local.get $pointer))
    (func $reset (global.set $bump (i32.const ${IMAGE_AT + 65_536})))
    (func $dispatch ${dispatch})
    (func $caught (block $out (try_table (catch_all $out) (call $dispatch))))
    (func (export "init") (param i32 i32)
      (call $f${getState} (i32.const 256))
      (memory.copy (i32.const ${HEADER_AT}) (i32.load (i32.const 260)) (i32.load (i32.const 264)))
      (call $reset)
      (if (i32.eqz (i32.load (i32.const ${HEADER_AT + 4})))
        (then (call $dispatch))
        (else (loop $forever (call $caught) (call $reset) (br $forever))))))`;
}

export interface CallerWorld {
  readonly witSource: string;
  readonly world: string;
}

/** The world of one of the process interfaces. */
export async function processWorld(folder: string, world: string): Promise<CallerWorld> {
  return { witSource: await Bun.file(`${WIT}/${folder}/process.wit`).text(), world };
}

export async function buildCaller(
  functions: readonly CallerFunction[],
  { witSource, world }: CallerWorld,
  adapters: [string, Uint8Array][] = [],
): Promise<Uint8Array> {
  const embedded = await componentEmbed({
    binary: await parse(callerText(functions)),
    witSource,
    world,
    stringEncoding: "utf8",
  });
  return componentNew(embedded, adapters);
}

/** The state that makes a caller call function `index`. */
export function callState(index: number, call: Call, repeat: keyof typeof REPEAT): Uint8Array {
  const state = new Uint8Array(HEADER_BYTES + call.image.length);
  const view = new DataView(state.buffer);
  view.setUint32(0, index, true);
  view.setUint32(4, REPEAT[repeat], true);
  call.args.forEach((value, i) => view.setBigUint64(8 + 8 * i, BigInt.asUintN(64, value), true));
  state.set(call.image, HEADER_BYTES);
  return state;
}

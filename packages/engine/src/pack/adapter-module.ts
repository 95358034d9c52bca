/**
 * The core module between lifted functions and the engine: each of its functions writes its arguments into a block of the
 * engine's memory, eight bytes each, and calls the engine with its number.
 * Source: canonical ABI, "Flattening"; packages/engine/engine/src/exports.h.
 * @module
 */
import { concat, indexLeb, leb, listSection, MODULE_HEADER, named } from "./binary.ts";
import { type ExportedFunction, flatten, type FlatType } from "./exported-interface.ts";
import { plainFunction } from "./without-aliases.ts";

/** More parameters than these go through memory. */
const MAX_FLAT_PARAMS = 16;

const CODE: Readonly<Record<FlatType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
const STORE: Readonly<Record<FlatType, number>> = { i32: 0x36, i64: 0x37, f32: 0x38, f64: 0x39 };
const LOAD: Readonly<Record<FlatType, number>> = { i32: 0x28, i64: 0x29, f32: 0x2a, f64: 0x2b };
const ALIGN: Readonly<Record<FlatType, number>> = { i32: 2, i64: 3, f32: 2, f64: 3 };

interface Signature {
  readonly params: readonly FlatType[];
  readonly result: FlatType | undefined;
  /** The result lies where the returned pointer says. */
  readonly isIndirect: boolean;
}

function signatureOf(one: ExportedFunction): Signature {
  const { params, result } = plainFunction(one);
  const flat = params.flatMap((param) => flatten(param.type));
  const results = result === undefined ? [] : flatten(result);
  return {
    params: flat.length > MAX_FLAT_PARAMS ? ["i32"] : flat,
    result: results.length > 1 ? "i32" : results[0],
    isIndirect: results.length > 1,
  };
}

function typeOf({ params, result }: Signature): number[] {
  const results = result === undefined ? [0] : [1, CODE[result]];
  return [0x60, ...leb(params.length), ...params.map((type) => CODE[type]), ...results];
}

const CALL = 0x10;
const BLOCK_FUNCTION = 0;
const CALL_FUNCTION = 1;

function bodyOf({ params, result, isIndirect }: Signature, number: number): Uint8Array {
  const block = params.length; // the local after the parameters
  const code: number[] = [CALL, BLOCK_FUNCTION, 0x21, ...leb(block)];
  for (const [at, type] of params.entries()) {
    code.push(0x20, ...leb(block), 0x20, ...leb(at), STORE[type], ALIGN[type], ...leb(at * 8));
  }
  code.push(0x41, ...indexLeb(number), CALL, CALL_FUNCTION);
  if (result === undefined) code.push(0x1a);
  else if (!isIndirect) code.push(LOAD[result], ALIGN[result], 0);
  code.push(0x0b);
  const body = concat([[1, 1, CODE.i32], code]);
  return concat([leb(body.length), body]);
}

/** Exports a function `<number>` for each of the functions; imports the engine as `engine`. */
export function adapterModule(functions: readonly ExportedFunction[]): Uint8Array {
  const signatures = functions.map(signatureOf);
  const types = [
    [0x60, 0, 1, CODE.i32],
    [0x60, 1, CODE.i32, 1, CODE.i32],
    ...signatures.map(typeOf),
  ];
  const imports = [
    [...named("engine"), ...named("export_block"), 0, 0],
    [...named("engine"), ...named("call_export"), 0, 1],
    [...named("engine"), ...named("memory"), 2, 0, 1],
  ];
  return concat([
    MODULE_HEADER,
    listSection(1, types),
    listSection(2, imports),
    listSection(
      3,
      functions.map((_, number) => leb(number + 2)),
    ),
    listSection(
      7,
      functions.map((_, number) => [...named(String(number)), 0, ...leb(number + 2)]),
    ),
    listSection(10, signatures.map(bodyOf)),
  ]);
}

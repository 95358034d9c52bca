/**
 * A module of small functions between the core modules of a program and the node.
 *
 * Each calls an import of the node and acts on the status it answers: it goes on, waits in `suspend`, or executes
 * `unreachable`. So nothing is ever thrown into a guest, and what suspends is below no function of the node.
 * The core modules themselves then need no wrappers, and their metering does not depend on what they are linked to.
 * @module
 */
import { ByteWriter } from "../core-module/byte-writer.ts";
import type { FuncType, ValueType } from "../core-module/core-module.ts";
import { VALUE_TYPE_CODE } from "../core-module/core-module.ts";
import { STATUS } from "../core-module/metering.ts";
import type { LowerProtocol } from "./lowered.ts";

/** Module name of the imports, `suspend` and one function by number for each trampoline. */
export const TRAMPOLINE_MODULE = "kinode:link";
/** Global that says, when not 0, that the node has called the guest: then the guest may not call the node. */
export const TRAMPOLINE_MODE = "mode";
/** Globals for results, by core type. The node sets them before it answers or wakes. */
export const RESULT_GLOBAL = { i32: "i32", i64: "i64", f32: "f32", f64: "f64" } as const;

export interface Trampoline {
  /** As the guest sees it. */
  readonly type: FuncType;
  readonly protocol: LowerProtocol;
}

const RESULTS = ["i32", "i64", "f32", "f64"] as const;
const OP = {
  unreachable: 0x00,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  call: 0x10,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  i32Const: 0x41,
  f32Const: 0x43,
  i32Eq: 0x46,
  i32LtS: 0x48,
  i32Sub: 0x6b,
  i32Ne: 0x47,
};
const VOID = 0x40;
const I32 = 0x7f;
const ZERO: Readonly<Record<(typeof RESULTS)[number], readonly number[]>> = {
  i32: [0x41, 0],
  i64: [0x42, 0],
  f32: [0x43, 0, 0, 0, 0],
  f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
};

/** The type of the node's function behind a trampoline. */
function importType({ type, protocol }: Trampoline): FuncType {
  return protocol === "plain" || protocol === "errno"
    ? type
    : { params: type.params, results: ["i32"] };
}

/** Writes the module. Function `i` is exported as `i`. */
export function writeTrampolines(items: readonly Trampoline[]): Uint8Array {
  const out = new ByteWriter(64 + 64 * items.length);
  const section = (id: number, content: () => void): void => {
    out.byte(id);
    const start = out.beginSized();
    content();
    out.endSized(start);
  };
  out.all([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(1, () => {
    out.u32(1 + 2 * items.length);
    writeType({ params: [], results: ["i32"] }, out);
    for (const item of items) {
      writeType(importType(item), out);
      writeType(item.type, out);
    }
  });
  section(2, () => {
    out.u32(1 + items.length);
    writeImport("suspend", 0, out);
    items.forEach((_item, i) => writeImport(String(i), 1 + 2 * i, out));
  });
  section(3, () => {
    out.u32(items.length);
    items.forEach((_item, i) => out.u32(2 + 2 * i));
  });
  section(6, () => {
    out.u32(1 + RESULTS.length);
    out.all([I32, 1, ...ZERO.i32, OP.end]);
    for (const type of RESULTS) out.all([VALUE_TYPE_CODE.get(type)!, 1, ...ZERO[type], OP.end]);
  });
  section(7, () => {
    out.u32(1 + RESULTS.length + items.length);
    writeExport(TRAMPOLINE_MODE, 3, 0, out);
    RESULTS.forEach((type, i) => writeExport(RESULT_GLOBAL[type], 3, 1 + i, out));
    items.forEach((_item, i) => writeExport(String(i), 0, 1 + items.length + i, out));
  });
  section(10, () => {
    out.u32(items.length);
    items.forEach((item, i) => {
      const start = out.beginSized();
      writeBody(item, 1 + i, out);
      out.endSized(start);
    });
  });
  return out.finish();
}

function writeType(type: FuncType, out: ByteWriter): void {
  out.byte(0x60);
  for (const values of [type.params, type.results]) {
    out.u32(values.length);
    for (const value of values) out.byte(VALUE_TYPE_CODE.get(value)!);
  }
}

function writeImport(name: string, type: number, out: ByteWriter): void {
  out.name(TRAMPOLINE_MODULE);
  out.name(name);
  out.byte(0);
  out.u32(type);
}

function writeExport(name: string, kind: number, index: number, out: ByteWriter): void {
  out.name(name);
  out.byte(kind);
  out.u32(index);
}

function writeBody(item: Trampoline, func: number, out: ByteWriter): void {
  const { params, results } = item.type;
  const answer = params.length;
  const op = (code: number, index: number): void => {
    out.byte(code);
    out.u32(index);
  };
  out.all([1, 1, I32]);
  op(OP.globalGet, 0);
  out.all([OP.if, VOID, OP.unreachable, OP.end]);
  for (let i = 0; i < params.length; i++) op(OP.localGet, i);
  op(OP.call, func);
  if (item.protocol === "plain") {
    out.byte(OP.end);
    return;
  }
  op(OP.localTee, answer);
  if (item.protocol === "errno") {
    out.all([OP.i32Const, 0, OP.i32LtS, OP.if, VOID, OP.i32Const, 0]);
    op(OP.localGet, answer);
    out.byte(OP.i32Sub);
    writeSettle(out, answer);
    out.all([OP.i32Const, 0]);
    op(OP.localSet, answer);
    out.byte(OP.end);
    op(OP.localGet, answer);
  } else {
    out.all([OP.if, VOID]);
    op(OP.localGet, answer);
    writeSettle(out, answer);
    out.byte(OP.end);
    const result = results[0] as Exclude<ValueType, "v128"> | undefined;
    if (result !== undefined) op(OP.globalGet, 1 + RESULTS.indexOf(result as "i32"));
  }
  out.byte(OP.end);
}

/** Waits if the status on the stack says so, and ends if it or what follows says that. */
function writeSettle(out: ByteWriter, _answer: number): void {
  out.all([OP.i32Const, STATUS.wait, OP.i32Ne, OP.if, VOID, OP.unreachable, OP.end]);
  out.all([OP.call, 0, OP.if, VOID, OP.unreachable, OP.end]);
}

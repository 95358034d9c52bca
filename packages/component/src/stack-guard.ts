/**
 * Makes sure that the node has room on the stack before it works for a guest.
 *
 * A host function runs on the stack of the guest that called it. A guest that calls itself until little is left, and then
 * sends a message, would make the node fail half-way: in the kernel's tables, or while the receiver is woken, so that
 * another process ends for it. There is no way to ask how much is left, but a function whose frame is large fails at
 * its first instruction when the frame does not fit. This one has `LOCALS` values that are alive across a call in a
 * branch that is never taken; compiled, it costs about 4 ns.
 * @module
 */
import { ByteWriter } from "./core-module/byte-writer.ts";

/** Values of 8 bytes in the frame. Many more and the engine's compiler gives up on the function, which then is slow. */
const LOCALS = 1_000;

const OP = {
  if: 0x04,
  end: 0x0b,
  call: 0x10,
  localGet: 0x20,
  localSet: 0x21,
  i64Store: 0x37,
  i32Const: 0x41,
  i64Const: 0x42,
  i64Add: 0x7c,
};
const I32 = 0x7f;
const I64 = 0x7e;

/**
 * Called before the node works on a guest's stack; one serves all processes.
 * @throws {RangeError} too little stack is left for work of the node
 */
export const ensureStack: (never: 0) => void = createStackGuard();

function createStackGuard(): (never: 0) => void {
  const module = new WebAssembly.Module(guardModule() as Uint8Array<ArrayBuffer>);
  const imports = { node: { value: () => 0n } };
  return new WebAssembly.Instance(module, imports).exports["guard"] as (never: 0) => void;
}

/** `guard(condition)`: if it is true, takes `LOCALS` values from the node, then stores their sum. */
function guardModule(): Uint8Array {
  const out = new ByteWriter(8 * LOCALS);
  const section = (id: number, content: () => void): void => {
    out.byte(id);
    const start = out.beginSized();
    content();
    out.endSized(start);
  };
  out.all([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  section(1, () => out.all([2, 0x60, 0, 1, I64, 0x60, 1, I32, 0]));
  section(2, () => {
    out.u32(1);
    out.name("node");
    out.name("value");
    out.all([0x00, 0]);
  });
  section(3, () => out.all([1, 1]));
  section(5, () => out.all([1, 0x00, 1]));
  section(7, () => {
    out.u32(1);
    out.name("guard");
    out.all([0x00, 1]);
  });
  section(10, () => {
    out.u32(1);
    const start = out.beginSized();
    writeBody(out);
    out.endSized(start);
  });
  return out.finish();
}

function writeBody(out: ByteWriter): void {
  out.u32(1);
  out.u32(LOCALS);
  out.all([I64, OP.localGet, 0, OP.if, 0x40]);
  for (let local = 1; local <= LOCALS; local++) {
    out.all([OP.call, 0, OP.localSet]);
    out.u32(local);
  }
  out.all([OP.i32Const, 0, OP.i64Const, 0]);
  for (let local = 1; local <= LOCALS; local++) {
    out.byte(OP.localGet);
    out.u32(local);
    out.byte(OP.i64Add);
  }
  out.all([OP.i64Store, 3, 0, OP.end, OP.end]);
}

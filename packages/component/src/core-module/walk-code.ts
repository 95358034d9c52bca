/**
 * Walks instructions without understanding them: where each ends, and which ones matter to metering.
 * Source: WebAssembly core specification 2.0, section 5.4 "Instructions", with tail calls, both forms of exception
 * handling and SIMD. What is not listed is refused by name, so nothing unmetered slips through.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import type { FuncType } from "./core-module.ts";
import { readValueType, unsupported } from "./core-module.ts";

/** What the rewriting is told while a body is walked. Offsets are into the reader's bytes. */
export interface CodeVisitor {
  /** Before the first instruction that begins behind this offset, `stretch` is called. */
  readonly stretchEnd: number;
  stretch(at: number): void;
  /** `block`, `if` or `try…` opens, its body begins at `at`; a branch to its label carries `arity` values. */
  block(opcode: number, arity: number, at: number): void;
  /** A loop: its instruction lies at `start`, its body begins at `at`. */
  loop(arity: number, start: number, at: number): void;
  /** The other arm of an `if` (`else`) or a handler of a `try` begins at `at`. */
  arm(opcode: number, at: number): void;
  /** The innermost block, loop or function ends; `at` is behind that `end` (or `delegate`). */
  end(at: number): void;
  /** A place where a branch at `at`, or a handler of the `try_table` there, can go to. */
  target(opcode: number, label: number, at: number): void;
  /** `br`, `br_if` or `br_table` at `start … end`, after its targets; `label` is the outermost of them. */
  branch(opcode: number, label: number, start: number, end: number): void;
  /** What comes after this instruction at `start` does not follow it: `return`, `unreachable`, a throw, a tail call. */
  leave(opcode: number, start: number): void;
  /** A `try` or `try_table` is about to open. */
  handlers(): void;
  /** A call that returns, of a function or (`index` −1) of whatever a table holds. */
  call(index: number, start: number, end: number): void;
  /** Another instruction that names a function: its index lies at `start … end`. */
  func(index: number, start: number, end: number): void;
  /** `memory.grow` at `start … end`. */
  memoryGrow(start: number, end: number): void;
  /** An instruction at `start` that works on as many bytes or elements as its topmost operand says. */
  bulk(start: number): void;
}

/** Bounds of the index spaces as the author wrote them; nothing may reach what metering adds. */
export interface CodeBounds {
  readonly types: readonly FuncType[];
  readonly globalCount: number;
  readonly funcCount: number;
}

/**
 * Walks instructions until the reader's end; the last must be the `end` of the body.
 * @param localCount - parameters and locals of the function
 */
export function walkBody(
  reader: ByteReader,
  bounds: CodeBounds,
  localCount: number,
  visitor: CodeVisitor,
): void {
  let last = -1;
  while (!reader.atEnd) {
    if (reader.at > visitor.stretchEnd) visitor.stretch(reader.at);
    last = walkInstruction(reader, bounds, localCount, visitor);
  }
  if (last !== 0x0b) reader.fail("a function does not finish with end");
}

/** Walks a constant expression up to and including its `end`. */
export function walkConstant(reader: ByteReader, bounds: CodeBounds, visitor: CodeVisitor): void {
  while (walkInstruction(reader, bounds, 0, visitor) !== 0x0b);
}

function walkInstruction(
  reader: ByteReader,
  bounds: CodeBounds,
  localCount: number,
  visitor: CodeVisitor,
): number {
  const start = reader.at;
  const opcode = reader.byte();
  if (opcode >= 0x45 && opcode <= 0xc4) return opcode; // numeric instructions, no immediates
  if (opcode >= 0x28 && opcode <= 0x3e) {
    memoryArgument(reader);
    return opcode;
  }
  switch (opcode) {
    case 0x03:
      visitor.loop(blockType(reader, bounds).params.length, start, reader.at);
      break;
    case 0x02: // block
    case 0x04: // if
      visitor.block(opcode, blockType(reader, bounds).results.length, reader.at);
      break;
    case 0x06: // try
      visitor.handlers();
      visitor.block(opcode, blockType(reader, bounds).results.length, reader.at);
      break;
    case 0x1f:
      visitor.handlers();
      tryTable(reader, bounds, visitor);
      break;
    case 0x05: // else
    case 0x19: // catch_all
      visitor.arm(opcode, reader.at);
      break;
    case 0x07: // catch
      reader.u32();
      visitor.arm(opcode, reader.at);
      break;
    case 0x0b: // end
      visitor.end(reader.at);
      break;
    case 0x18: // delegate
      reader.u32();
      visitor.end(reader.at);
      break;
    case 0x0c: // br
    case 0x0d: // br_if
    case 0x0e: // br_table
      branch(reader, opcode, start, visitor);
      break;
    case 0x08: // throw
    case 0x09: // rethrow
      reader.u32();
      visitor.leave(opcode, start);
      break;
    case 0x00: // unreachable
    case 0x0a: // throw_ref
    case 0x0f: // return
      visitor.leave(opcode, start);
      break;
    case 0x10: // call
      visitor.call(boundedIndex(reader, bounds.funcCount, "function"), start, reader.at);
      break;
    case 0x12: // return_call
      visitor.leave(opcode, start);
      funcIndex(reader, bounds, visitor);
      break;
    case 0xd2: // ref.func
      funcIndex(reader, bounds, visitor);
      break;
    case 0x11: // call_indirect
      boundedIndex(reader, bounds.types.length, "type");
      reader.u32();
      visitor.call(-1, start, reader.at);
      break;
    case 0x13: // return_call_indirect
      visitor.leave(opcode, start);
      boundedIndex(reader, bounds.types.length, "type");
      reader.u32();
      break;
    case 0x23: // global.get
    case 0x24: // global.set
      boundedIndex(reader, bounds.globalCount, "global");
      break;
    case 0x20: // local.get
    case 0x21: // local.set
    case 0x22: // local.tee
      boundedIndex(reader, localCount, "local");
      break;
    case 0x25: // table.get
    case 0x26: // table.set
      reader.u32();
      break;
    case 0x1c: // select with types
      for (let left = reader.count("types"); left > 0; left--) readValueType(reader);
      break;
    case 0x3f: // memory.size
      memoryIndex(reader);
      break;
    case 0x40:
      memoryIndex(reader);
      visitor.memoryGrow(start, reader.at);
      break;
    case 0x41:
      reader.skipLeb(5);
      break;
    case 0x42:
      reader.skipLeb(10);
      break;
    case 0x43:
      reader.skip(4);
      break;
    case 0x44:
      reader.skip(8);
      break;
    case 0xd0:
      nullReference(reader);
      break;
    case 0xfc:
      walkBulk(reader, start, visitor);
      break;
    case 0xfd:
      walkSimd(reader);
      break;
    case 0x01: // nop
    case 0x1a: // drop
    case 0x1b: // select
    case 0xd1: // ref.is_null
      break;
    default:
      refuse(reader, opcode, start);
  }
  return opcode;
}

function refuse(reader: ByteReader, opcode: number, at: number): never {
  if (opcode === 0x14 || opcode === 0x15 || (opcode >= 0xd3 && opcode <= 0xd6))
    return unsupported("typed references");
  if (opcode === 0xfb) return unsupported("garbage collection");
  if (opcode === 0xfe) return unsupported("threads (atomics)");
  if (opcode >= 0xe0 && opcode <= 0xe6) return unsupported("stack switching");
  return reader.fail(`unknown instruction 0x${opcode.toString(16)}`, at);
}

function funcIndex(reader: ByteReader, bounds: CodeBounds, visitor: CodeVisitor): void {
  const start = reader.at;
  const index = boundedIndex(reader, bounds.funcCount, "function");
  visitor.func(index, start, reader.at);
}

function boundedIndex(reader: ByteReader, bound: number, what: string): number {
  const at = reader.at;
  const index = reader.u32();
  if (index >= bound) reader.fail(`${what} ${index} does not exist`, at);
  return index;
}

function memoryIndex(reader: ByteReader): void {
  if (reader.byte() !== 0) unsupported("multiple memories");
}

function memoryArgument(reader: ByteReader): void {
  const align = reader.u32();
  if ((align & 0x40) !== 0) unsupported("multiple memories");
  reader.u32();
}

/** An empty type, or one value and nothing taken. */
const NO_TYPE: FuncType = { params: [], results: [] };
const ONE_RESULT: FuncType = { params: [], results: ["i32"] };

function blockType(reader: ByteReader, bounds: CodeBounds): FuncType {
  const first = reader.peek();
  if (first === 0x40) {
    reader.byte();
    return NO_TYPE;
  }
  if (first >= 0x63 && first <= 0x7f) {
    readValueType(reader);
    return ONE_RESULT;
  }
  return bounds.types[boundedIndex(reader, bounds.types.length, "type")]!;
}

function nullReference(reader: ByteReader): void {
  const heapType = reader.byte();
  if (heapType !== 0x70 && heapType !== 0x6f && heapType !== 0x69) unsupported("typed references");
}

function branch(reader: ByteReader, opcode: number, start: number, visitor: CodeVisitor): void {
  let outermost = 0;
  for (let left = opcode === 0x0e ? reader.count("branches") + 1 : 1; left > 0; left--) {
    const label = reader.u32();
    visitor.target(opcode, label, start);
    if (label > outermost) outermost = label;
  }
  visitor.branch(opcode, outermost, start, reader.at);
}

/** Its handlers' labels count from outside of it. */
function tryTable(reader: ByteReader, bounds: CodeBounds, visitor: CodeVisitor): void {
  const at = reader.at;
  const type = blockType(reader, bounds);
  for (let left = reader.count("catch clauses"); left > 0; left--) {
    const kind = reader.byte();
    if (kind > 3) reader.fail("unknown catch clause", reader.at - 1);
    if (kind < 2) reader.u32();
    visitor.target(0x1f, reader.u32(), at);
  }
  visitor.block(0x1f, type.results.length, reader.at);
}

function walkBulk(reader: ByteReader, start: number, visitor: CodeVisitor): void {
  const sub = reader.u32();
  if (sub <= 7) return; // saturating conversions
  switch (sub) {
    case 8: // memory.init
      reader.u32();
      memoryIndex(reader);
      break;
    case 9: // data.drop
    case 13: // elem.drop
    case 16: // table.size
      reader.u32();
      return;
    case 10: // memory.copy
      memoryIndex(reader);
      memoryIndex(reader);
      break;
    case 11: // memory.fill
      memoryIndex(reader);
      break;
    case 12: // table.init
    case 14: // table.copy
      reader.u32();
      reader.u32();
      break;
    case 15: // table.grow
    case 17: // table.fill
      reader.u32();
      break;
    case 19: // i64.add128 … i64.mul_wide_u
    case 20:
    case 21:
    case 22:
      return unsupported("wide arithmetic");
    default:
      reader.fail(`unknown instruction 0xfc ${sub}`, start);
  }
  visitor.bulk(start);
}

function walkSimd(reader: ByteReader): void {
  const sub = reader.u32();
  if (sub <= 11 || sub === 92 || sub === 93) memoryArgument(reader);
  else if (sub === 12 || sub === 13) reader.skip(16);
  else if (sub >= 21 && sub <= 34) reader.byte();
  else if (sub >= 84 && sub <= 91) {
    memoryArgument(reader);
    reader.byte();
  } else if (sub > 0x113) reader.fail(`unknown vector instruction ${sub}`);
}

/**
 * Walks instructions without understanding them: where each ends, and which ones matter to metering.
 * Source: WebAssembly core specification 2.0, section 5.4 "Instructions", with tail calls, both forms of exception
 * handling and SIMD. What is not listed is refused by name, so nothing unmetered slips through.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import { readValueType, unsupported } from "./core-module.ts";

/** What the rewriting is told while a body is walked. Offsets are into the reader's bytes. */
export interface CodeVisitor {
  /** A loop's body begins at `at`. */
  loop(at: number): void;
  /** An instruction that names a function: its index lies at `start … end`. */
  func(index: number, start: number, end: number): void;
  /** `memory.grow` at `start … end`. */
  memoryGrow(start: number, end: number): void;
  /** An instruction at `start` that works on as many bytes or elements as its topmost operand says. */
  bulk(start: number): void;
}

/** Bounds of the index spaces as the author wrote them; nothing may reach what metering adds. */
export interface CodeBounds {
  readonly typeCount: number;
  readonly globalCount: number;
  readonly funcCount: number;
}

/** Walks instructions until the reader's end; the last must be the `end` of the body. */
export function walkBody(reader: ByteReader, bounds: CodeBounds, visitor: CodeVisitor): void {
  let last = -1;
  while (!reader.atEnd) last = walkInstruction(reader, bounds, visitor);
  if (last !== 0x0b) reader.fail("a function does not finish with end");
}

/** Walks a constant expression up to and including its `end`. */
export function walkConstant(reader: ByteReader, bounds: CodeBounds, visitor: CodeVisitor): void {
  while (walkInstruction(reader, bounds, visitor) !== 0x0b);
}

function walkInstruction(reader: ByteReader, bounds: CodeBounds, visitor: CodeVisitor): number {
  const start = reader.at;
  const opcode = reader.byte();
  if (opcode >= 0x45 && opcode <= 0xc4) return opcode; // numeric instructions, no immediates
  if (opcode >= 0x28 && opcode <= 0x3e) {
    memoryArgument(reader);
    return opcode;
  }
  switch (opcode) {
    case 0x03:
      blockType(reader, bounds);
      visitor.loop(reader.at);
      break;
    case 0x02: // block
    case 0x04: // if
    case 0x06: // try
      blockType(reader, bounds);
      break;
    case 0x10: // call
    case 0x12: // return_call
    case 0xd2: // ref.func
      funcIndex(reader, bounds, visitor);
      break;
    case 0x11: // call_indirect
    case 0x13: // return_call_indirect
      boundedIndex(reader, bounds.typeCount, "type");
      reader.u32();
      break;
    case 0x23: // global.get
    case 0x24: // global.set
      boundedIndex(reader, bounds.globalCount, "global");
      break;
    case 0x07: // catch
    case 0x08: // throw
    case 0x09: // rethrow
    case 0x0c: // br
    case 0x0d: // br_if
    case 0x18: // delegate
    case 0x20: // local.get
    case 0x21: // local.set
    case 0x22: // local.tee
    case 0x25: // table.get
    case 0x26: // table.set
      reader.u32();
      break;
    case 0x0e: // br_table
      for (let left = reader.count("branches") + 1; left > 0; left--) reader.u32();
      break;
    case 0x1c: // select with types
      for (let left = reader.count("types"); left > 0; left--) readValueType(reader);
      break;
    case 0x1f:
      tryTable(reader, bounds);
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
    case 0x00: // unreachable
    case 0x01: // nop
    case 0x05: // else
    case 0x0a: // throw_ref
    case 0x0b: // end
    case 0x0f: // return
    case 0x19: // catch_all
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

function blockType(reader: ByteReader, bounds: CodeBounds): void {
  const first = reader.peek();
  if (first === 0x40) reader.byte();
  else if (first >= 0x63 && first <= 0x7f) readValueType(reader);
  else boundedIndex(reader, bounds.typeCount, "type");
}

function nullReference(reader: ByteReader): void {
  const heapType = reader.byte();
  if (heapType !== 0x70 && heapType !== 0x6f && heapType !== 0x69) unsupported("typed references");
}

function tryTable(reader: ByteReader, bounds: CodeBounds): void {
  blockType(reader, bounds);
  for (let left = reader.count("catch clauses"); left > 0; left--) {
    const kind = reader.byte();
    if (kind > 3) reader.fail("unknown catch clause", reader.at - 1);
    if (kind < 2) reader.u32();
    reader.u32();
  }
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

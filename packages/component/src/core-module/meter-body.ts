/**
 * Rewrites function bodies: fuel checks, the way to wrapped imports, paid bulk instructions.
 * @module
 */
import { ByteReader } from "../byte-reader.ts";
import { BodyPlan, OP, OP_FIELDS } from "./body-plan.ts";
import { ByteWriter } from "./byte-writer.ts";
import { readValueType } from "./core-module.ts";
import { writeInlineCall } from "./meter-functions.ts";
import type { MeterPlan } from "./meter-plan.ts";
import { walkBody } from "./walk-code.ts";

const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const END = 0x0b;
const BR = 0x0c;
const BR_IF = 0x0d;
const BR_TABLE = 0x0e;
const CALL = 0x10;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const UNREACHABLE = 0x00;
const VOID = 0x40;
const I32 = 0x7f;
/** `i32.const 1` `i32.sub` */
const MINUS_1 = [0x41, 1, 0x6b];
/** `i32.const 0` `i32.lt_s` */
const IS_BELOW_0 = [0x41, 0, 0x48];
const NO_LOOP = -1;
/** Around each call in a loop the local is stored and loaded; with more calls than this the code would grow too much. */
const MAX_CALLS = 12;
/** The engine takes no more. */
const MAX_LOCALS = 50_000;

function withIndex(out: ByteWriter, opcode: number, index: number): void {
  out.byte(opcode);
  out.u32(index);
}

/** `--fuel` */
function payment(plan: MeterPlan): Uint8Array {
  const out = new ByteWriter(32);
  withIndex(out, GLOBAL_GET, plan.fuel);
  out.all(MINUS_1);
  withIndex(out, GLOBAL_SET, plan.fuel);
  return out.finish();
}

/** `if (--fuel < 0) exhausted()` */
function checkedPayment(plan: MeterPlan): Uint8Array {
  const out = new ByteWriter(32);
  out.all(payment(plan));
  withIndex(out, GLOBAL_GET, plan.fuel);
  out.all(IS_BELOW_0);
  out.all([IF, VOID]);
  withIndex(out, CALL, plan.exhausted);
  out.byte(END);
  return out.finish();
}

/** What stands for a direct call of an import that may wait: a suspended frame less is 50 ns less per suspension. */
function inlinedCalls(plan: MeterPlan): ReadonlyMap<number, Uint8Array> {
  const calls = new Map<number, Uint8Array>();
  for (const item of plan.wrapped) {
    if (item.protocol !== "status") continue;
    const out = new ByteWriter(64);
    writeInlineCall(plan, item, out);
    calls.set(item.func, out.finish());
  }
  return calls;
}

/** Rewrites the next body, of a function of this type; returns how many loops it has. */
export type RewriteBody = (type: number) => number;

/** One for all bodies of a module: there can be tens of thousands. */
export function bodyRewriter(plan: MeterPlan, section: ByteReader, out: ByteWriter): RewriteBody {
  const rewriter = new BodyRewriter(plan, section.bytes, out);
  return (type) => {
    const size = section.u32();
    const body = new ByteReader(section.bytes, section.at, section.at + size);
    section.skip(size);
    const bodyStart = out.beginSized();
    const loopCount = rewriter.rewrite(body, type);
    out.endSized(bodyStart);
    return loopCount;
  };
}

/**
 * In a loop with few calls, and all loops inside it, fuel is counted in a local, which the compiler keeps in a register: a
 * global would be loaded and stored in each turn, and each turn would wait for the store of the last. The global has the true
 * number wherever anyone else can look: before calls, and where control leaves the outermost loop.
 *
 * A used up local leaves the loop before it asks the host, and the loop is entered again:
 *
 *     block $out  loop $again  block $used
 *       loop  if (--local < 0) br $used  …  end
 *       br $out
 *     end  local = refill(local), br $again  end  end
 *
 * With the call inside, the compiler would keep everything that lives across the loop in memory: a loop over floating-point
 * numbers took four times as long.
 */
class BodyRewriter {
  readonly #plan: MeterPlan;
  readonly #source: Uint8Array;
  readonly #out: ByteWriter;
  readonly #payment: Uint8Array;
  readonly #checkedPayment: Uint8Array;
  readonly #inlined: ReadonlyMap<number, Uint8Array>;
  readonly #body = new BodyPlan();
  #copied = 0;
  /** Index of the local that counts. */
  #local = 0;
  /** The outermost loop around that counts in the local. */
  #outermost = NO_LOOP;
  /** The loops around, the innermost last. */
  readonly #around: number[] = [];

  constructor(plan: MeterPlan, source: Uint8Array, out: ByteWriter) {
    this.#plan = plan;
    this.#source = source;
    this.#out = out;
    this.#payment = payment(plan);
    this.#checkedPayment = checkedPayment(plan);
    this.#inlined = inlinedCalls(plan);
  }

  rewrite(reader: ByteReader, typeIndex: number): number {
    const type = this.#plan.module.types[typeIndex]!;
    const groupsAt = reader.at;
    const groupCount = reader.count("locals");
    const declaredAt = reader.at;
    let localCount = type.params.length;
    for (let left = groupCount; left > 0; left--) {
      localCount += reader.u32();
      readValueType(reader);
    }
    if (localCount >= MAX_LOCALS) reader.fail(`${localCount} locals in a function`, groupsAt);
    const codeAt = reader.at;
    const body = this.#body;
    body.begin(reader, type.results.length);
    walkBody(reader, this.#plan.bounds, localCount, body);
    const loopCount = body.loopDepth.length;
    this.#local = loopCount > 0 && !body.hasHandlers ? localCount : NO_LOOP;
    this.#writeLocals(groupCount, declaredAt, codeAt);
    if (!body.isTiny) this.#out.all(body.isLeaf ? this.#payment : this.#checkedPayment);
    this.#writeCode(codeAt, reader.end);
    return loopCount;
  }

  #writeLocals(groupCount: number, declaredAt: number, codeAt: number): void {
    const out = this.#out;
    const more = this.#local !== NO_LOOP;
    out.u32(groupCount + (more ? 1 : 0));
    out.range(this.#source, declaredAt, codeAt);
    if (more) out.all([1, I32]);
  }

  #writeCode(start: number, end: number): void {
    const { ops } = this.#body;
    this.#copied = start;
    this.#outermost = NO_LOOP;
    this.#around.length = 0;
    for (let at = 0; at < ops.length; at += OP_FIELDS)
      this.#writeOp(ops[at]!, ops[at + 1]!, ops[at + 2]!, ops[at + 3]!);
    this.#copyTo(end);
  }

  #copyTo(at: number): void {
    this.#out.range(this.#source, this.#copied, at);
    this.#copied = at;
  }

  #writeOp(kind: number, start: number, end: number, value: number): void {
    switch (kind) {
      case OP.loop:
        return this.#loop(value, start, end);
      case OP.loopEnd:
        return this.#loopEnd(value, end);
      case OP.charge:
        return this.#pay(start, false);
      case OP.check:
        return this.#pay(start, true);
      case OP.leave:
        this.#copyTo(start);
        return this.#storeFuel();
      case OP.branch:
        return this.#branch(start, end, value, false);
      case OP.plainBranchIf:
        return this.#branch(start, end, value, true);
      case OP.call:
      case OP.callIndirect:
        return this.#call(value, start, end);
      case OP.func:
        this.#copyTo(start);
        this.#out.u32(this.#plan.mapFunc(value));
        this.#copied = end;
        return;
      case OP.grow:
        return this.#addedCall(start, end, this.#plan.grow);
      case OP.bulk:
        return this.#addedCall(start, start, this.#plan.charge);
    }
  }

  #loop(loop: number, start: number, at: number): void {
    const out = this.#out;
    const isInLoop = this.#isInLoop;
    if (!isInLoop && (this.#local === NO_LOOP || this.#body.loopCalls[loop]! > MAX_CALLS)) {
      this.#copyTo(at);
      out.all(this.#checkedPayment);
      return;
    }
    this.#copyTo(start);
    if (!isInLoop) {
      this.#outermost = loop;
      this.#loadFuel();
    }
    this.#around.push(loop);
    if (!this.#isFramed(loop)) return this.#pay(at, true);
    for (const opcode of [BLOCK, LOOP]) {
      out.byte(opcode);
      out.range(this.#source, start + 1, at);
    }
    out.all([BLOCK, VOID]);
    this.#copyTo(at);
    this.#takeFromLocal();
    out.all(IS_BELOW_0);
    withIndex(out, BR_IF, 1);
  }

  #loopEnd(loop: number, at: number): void {
    if (this.#around.at(-1) !== loop) return;
    const out = this.#out;
    this.#copyTo(at);
    this.#around.pop();
    if (this.#isFramed(loop)) {
      out.all([BR, 2, END]);
      this.#askHost();
      out.all([BR, 0, END, END]);
    }
    if (loop !== this.#outermost) return;
    this.#storeFuel();
    this.#outermost = NO_LOOP;
  }

  /** A loop that takes values off the stack cannot be entered again. */
  #isFramed(loop: number): boolean {
    return this.#body.loopArity[loop] === 0;
  }

  get #isInLoop(): boolean {
    return this.#outermost !== NO_LOOP;
  }

  /** Takes one unit; the local's new value is on the stack. */
  #takeFromLocal(): void {
    withIndex(this.#out, LOCAL_GET, this.#local);
    this.#out.all(MINUS_1);
    withIndex(this.#out, LOCAL_TEE, this.#local);
  }

  #askHost(): void {
    withIndex(this.#out, LOCAL_GET, this.#local);
    withIndex(this.#out, CALL, this.#plan.refill);
    withIndex(this.#out, LOCAL_SET, this.#local);
  }

  #pay(at: number, checked: boolean): void {
    const out = this.#out;
    this.#copyTo(at);
    if (!this.#isInLoop) {
      out.all(checked ? this.#checkedPayment : this.#payment);
      return;
    }
    withIndex(out, LOCAL_GET, this.#local);
    out.all(MINUS_1);
    withIndex(out, checked ? LOCAL_TEE : LOCAL_SET, this.#local);
    if (!checked) return;
    out.all(IS_BELOW_0);
    out.all([IF, VOID]);
    this.#askHost();
    out.byte(END);
  }

  #storeFuel(): void {
    if (!this.#isInLoop) return;
    withIndex(this.#out, LOCAL_GET, this.#local);
    withIndex(this.#out, GLOBAL_SET, this.#plan.fuel);
  }

  #loadFuel(): void {
    if (!this.#isInLoop) return;
    withIndex(this.#out, GLOBAL_GET, this.#plan.fuel);
    withIndex(this.#out, LOCAL_SET, this.#local);
  }

  /** A label as it is counted in the rewritten code; `depth` is the number of frames around in the source. */
  #label(label: number, depth: number): number {
    const frame = depth - 1 - label;
    let added = 0;
    for (let i = this.#around.length - 1; i >= 0; i--) {
      const loop = this.#around[i]!;
      if (this.#body.loopDepth[loop]! <= frame) break;
      if (this.#isFramed(loop)) added += 3;
    }
    return label + added;
  }

  /** Stores the fuel before a branch that leaves the outermost loop; a plain `br_if` only if it is taken. */
  #branch(start: number, end: number, depth: number, isPlainIf: boolean): void {
    if (!this.#isInLoop) return;
    const out = this.#out;
    this.#copyTo(start);
    const reader = new ByteReader(this.#source, start, end);
    const opcode = reader.byte();
    const labels: number[] = [];
    for (let left = opcode === BR_TABLE ? reader.u32() + 1 : 1; left > 0; left--)
      labels.push(reader.u32());
    this.#copied = end;
    const outermostFrame = this.#body.loopDepth[this.#outermost]!;
    const leaves = labels.some((label) => depth - 1 - label < outermostFrame);
    if (leaves && isPlainIf) {
      out.all([IF, VOID]);
      this.#storeFuel();
      withIndex(out, BR, this.#label(labels[0]!, depth) + 1);
      out.byte(END);
      return;
    }
    if (leaves) this.#storeFuel();
    out.byte(opcode);
    if (opcode === BR_TABLE) out.u32(labels.length - 1);
    for (const label of labels) out.u32(this.#label(label, depth));
  }

  #call(index: number, start: number, end: number): void {
    const out = this.#out;
    const inline = index < 0 ? undefined : this.#inlined.get(index);
    if (this.#isInLoop) {
      this.#copyTo(start);
      this.#storeFuel();
    }
    if (inline !== undefined) {
      this.#copyTo(start);
      out.all(inline);
      this.#copied = end;
    } else if (index >= 0 && this.#plan.mapFunc(index) !== index) {
      this.#copyTo(start);
      withIndex(out, CALL, this.#plan.mapFunc(index));
      this.#copied = end;
    }
    if (!this.#isInLoop) return;
    this.#copyTo(end);
    if (this.#source[end] !== UNREACHABLE) this.#loadFuel();
  }

  /** A call that metering adds, in place of `start … end`. */
  #addedCall(start: number, end: number, func: number): void {
    this.#copyTo(start);
    this.#storeFuel();
    withIndex(this.#out, CALL, func);
    this.#loadFuel();
    this.#copied = end;
  }
}

/**
 * What one function body is made of, as far as metering is concerned.
 *
 * Fuel is taken at loops and function entries, and wherever code could go on for `PATH_BYTES` without paying: the longest
 * way through the code since the last payment is followed through all branches, so no form of code gets far for one unit.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import { ComponentError } from "../errors.ts";
import type { CodeVisitor } from "./walk-code.ts";

/** The longest way without paying, in bytes of code; an instruction has 2 to 3. */
const PATH_BYTES = 512;
/** A function without calls, with no longer way than this, pays nothing: … */
const LEAF_BYTES = 96;
/** … its callers do, as every call counts as this much. */
const CALL_BYTES = 64;
/** Of so many payments in straight code one is a check as well: such code alone can be megabytes. */
const CHARGES_PER_CHECK = 32;

/** What happens at a place of the body. */
export const OP = {
  /** A loop's instruction, without its block type; `value` is its number. */
  loop: 0,
  /** Behind the end of a loop; `value` is its number. */
  loopEnd: 1,
  /** Straight code pays. */
  charge: 2,
  /** Straight code pays and is checked. */
  check: 3,
  /** `br`, `br_if` or `br_table`; `value` is the number of control frames around. */
  branch: 4,
  /** `br_if` to a label that takes no values. */
  plainBranchIf: 5,
  /** Control leaves the function. */
  leave: 6,
  /** A direct call; `value` is the function's index. */
  call: 7,
  callIndirect: 8,
  /** The index of a function; `value` is the same. */
  func: 9,
  grow: 10,
  bulk: 11,
} as const;

/** Control frames of one function. Bounds the time of rewriting it, which nothing interrupts; real ones have a few thousand. */
const MAX_FRAMES = 200_000;

const IF = 0x04;
const ELSE = 0x05;
const TRY_TABLE = 0x1f;
const BR_IF = 0x0d;
const RETURN = 0x0f;
const UNREACHABLE = 0x00;
const NO_LOOP = -1;

/** A place is four numbers in `ops`: `kind`, `start … end` in the source, `value`. In the order of the source. */
export const OP_FIELDS = 4;

/** Filled by walking one body; made once and used for all. */
export class BodyPlan implements CodeVisitor {
  readonly ops: number[] = [];
  stretchEnd = 0;
  /** By loop, in the order they begin: the depth of its control frame, and how many values a branch to it carries. */
  readonly loopDepth: number[] = [];
  readonly loopArity: number[] = [];
  /** Calls inside, those of loops inside included. */
  readonly loopCalls: number[] = [];
  /** Whether it has handlers of exceptions: they are reached from anywhere, so nothing may be kept in a local. */
  hasHandlers = false;
  /** Whether it calls nothing that is metered itself. */
  isLeaf = true;
  /** The longest way to where control leaves the function or pays. */
  #longestEnd = 0;
  #chargeCount = 0;
  /** Control frames, the function's own first: which loop, how many values a branch to its label carries. */
  readonly #frameLoop: number[] = [];
  readonly #frameArity: number[] = [];
  /** Longest way that arrives at the frame's label, and at its `else`. */
  readonly #frameArrived: number[] = [];
  readonly #frameElse: number[] = [];
  #depth = 0;
  #frameCount = 0;
  #callCount = 0;
  #reader: ByteReader | undefined;
  /** The longest unpaid way to `#from`. */
  #way = 0;
  #from = 0;

  begin(reader: ByteReader, resultCount: number): void {
    this.#reader = reader;
    this.ops.length = 0;
    this.loopDepth.length = 0;
    this.loopArity.length = 0;
    this.loopCalls.length = 0;
    this.#callCount = 0;
    this.hasHandlers = false;
    this.isLeaf = true;
    this.#longestEnd = 0;
    this.#chargeCount = 0;
    this.#depth = 0;
    this.#frameCount = 0;
    this.#open(NO_LOOP, resultCount);
    this.#goOn(0, reader.at);
  }

  /** Whether it is so small that its callers pay for it. */
  get isTiny(): boolean {
    return this.isLeaf && this.#longestEnd <= LEAF_BYTES;
  }

  #push(kind: number, start: number, end: number, value: number): void {
    this.ops.push(kind, start, end, value);
  }

  #open(loop: number, arity: number): void {
    if (++this.#frameCount > MAX_FRAMES) {
      throw new ComponentError({
        code: "component.too-large",
        what: "the number of blocks in one function",
        value: this.#frameCount,
        bound: MAX_FRAMES,
      });
    }
    const at = this.#depth++;
    this.#frameLoop[at] = loop;
    this.#frameArity[at] = arity;
    this.#frameArrived[at] = 0;
    this.#frameElse[at] = 0;
  }

  #goOn(way: number, at: number): void {
    this.#way = way;
    this.#from = at;
    this.stretchEnd = at + PATH_BYTES - way;
  }

  #wayTo(at: number): number {
    return this.#way + at - this.#from;
  }

  #ends(way: number): void {
    if (way > this.#longestEnd) this.#longestEnd = way;
  }

  stretch(at: number): void {
    this.#ends(this.#wayTo(at));
    const isCheck = ++this.#chargeCount % CHARGES_PER_CHECK === 0;
    this.#push(isCheck ? OP.check : OP.charge, at, at, 0);
    this.#goOn(0, at);
  }

  block(opcode: number, arity: number, at: number): void {
    this.#open(NO_LOOP, arity);
    if (opcode === IF) this.#frameElse[this.#depth - 1] = this.#wayTo(at);
  }

  loop(arity: number, start: number, at: number): void {
    this.#ends(this.#wayTo(at));
    const loop = this.loopDepth.length;
    this.#push(OP.loop, start, at, loop);
    this.loopDepth.push(this.#depth);
    this.loopArity.push(arity);
    this.loopCalls.push(-this.#callCount);
    this.#open(loop, arity);
    this.#goOn(0, at);
  }

  arm(opcode: number, at: number): void {
    const frame = this.#depth - 1;
    this.#arrive(frame, this.#wayTo(at));
    // a handler may be reached from anywhere in its try
    this.#goOn(opcode === ELSE ? this.#frameElse[frame]! : PATH_BYTES, at);
    this.#frameElse[frame] = 0;
  }

  end(at: number): void {
    if (this.#depth === 0) this.#reader!.fail("an end too many", at);
    const frame = --this.#depth;
    const loop = this.#frameLoop[frame]!;
    if (loop !== NO_LOOP) {
      this.loopCalls[loop]! += this.#callCount;
      this.#push(OP.loopEnd, at, at, loop);
      return;
    }
    const arrived = Math.max(this.#frameArrived[frame]!, this.#frameElse[frame]!);
    const way = Math.max(arrived, this.#wayTo(at));
    this.#goOn(way, at);
    if (frame === 0) this.#ends(way);
  }

  #arrive(frame: number, way: number): void {
    if (way > this.#frameArrived[frame]!) this.#frameArrived[frame] = way;
  }

  #frameOf(label: number, at: number): number {
    const frame = this.#depth - 1 - label;
    if (frame < 0) this.#reader!.fail(`label ${label} does not exist`, at);
    return frame;
  }

  target(opcode: number, label: number, at: number): void {
    const frame = this.#frameOf(label, at);
    const way = opcode === TRY_TABLE ? PATH_BYTES : this.#wayTo(at);
    if (this.#frameLoop[frame]! === NO_LOOP) this.#arrive(frame, way);
    else this.#ends(way);
  }

  branch(opcode: number, label: number, start: number, end: number): void {
    const arity = this.#frameArity[this.#frameOf(label, start)];
    const isPlain = opcode === BR_IF && arity === 0;
    this.#push(isPlain ? OP.plainBranchIf : OP.branch, start, end, this.#depth);
    if (opcode !== BR_IF) this.#goOn(0, end);
  }

  leave(opcode: number, start: number): void {
    if (opcode !== UNREACHABLE) {
      this.#ends(this.#wayTo(start));
      this.#push(OP.leave, start, start, 0);
      if (opcode !== RETURN) this.isLeaf = false;
    }
    this.#goOn(0, start);
  }

  handlers(): void {
    this.hasHandlers = true;
    this.isLeaf = false;
  }

  call(index: number, start: number, end: number): void {
    this.isLeaf = false;
    this.#callCount++;
    this.#push(index < 0 ? OP.callIndirect : OP.call, start, end, index);
    this.#goOn(this.#wayTo(end) + CALL_BYTES, end);
  }

  func(index: number, start: number, end: number): void {
    this.#push(OP.func, start, end, index);
  }

  memoryGrow(start: number, end: number): void {
    this.isLeaf = false;
    this.#callCount++;
    this.#push(OP.grow, start, end, 0);
  }

  bulk(start: number): void {
    this.isLeaf = false;
    this.#callCount++;
    this.#push(OP.bulk, start, start, 0);
  }
}

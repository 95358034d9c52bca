/**
 * The functions that metering adds to a module, instruction by instruction.
 * @module
 */
import type { ByteWriter } from "./byte-writer.ts";
import type { MeterPlan, WrappedImport } from "./meter-plan.ts";
import { BULK_BYTES_SHIFT, CALLBACK_FUEL, MODE, STATUS } from "./metering.ts";

const I32 = 0x7f;
const VOID = 0x40;

/** Writes instructions by name; only what the functions below need. */
class Assembler {
  readonly #out: ByteWriter;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  #withIndex(opcode: number, index: number): this {
    this.#out.byte(opcode);
    this.#out.u32(index);
    return this;
  }

  localGet = (index: number): this => this.#withIndex(0x20, index);
  localSet = (index: number): this => this.#withIndex(0x21, index);
  localTee = (index: number): this => this.#withIndex(0x22, index);
  globalGet = (index: number): this => this.#withIndex(0x23, index);
  globalSet = (index: number): this => this.#withIndex(0x24, index);
  call = (index: number): this => this.#withIndex(0x10, index);

  constant(value: number): this {
    this.#out.byte(0x41);
    this.#out.s32(value);
    return this;
  }

  plain(opcode: number): this {
    this.#out.byte(opcode);
    return this;
  }

  add = (): this => this.plain(0x6a);
  subtract = (): this => this.plain(0x6b);
  equal = (): this => this.plain(0x46);
  isNegative = (): this => this.constant(0).plain(0x48);
  isAbove = (): this => this.plain(0x4b); // unsigned
  shiftRight = (bits: number): this => this.constant(bits).plain(0x76); // unsigned
  trap = (): this => this.plain(0x00);
  end = (): this => this.plain(0x0b);
  returns = (): this => this.plain(0x0f);

  /** `if` without result; closed by `end`. */
  when(): this {
    this.#out.all([0x04, VOID]);
    return this;
  }

  /** `i32.store` of an aligned word. */
  store(offset: number): this {
    this.#out.all([0x36, 2, offset]);
    return this;
  }

  memorySize(): this {
    this.#out.all([0x3f, 0]);
    return this;
  }

  memoryGrow(): this {
    this.#out.all([0x40, 0]);
    return this;
  }
}

/** Growing is two calls of the system, whatever the size. */
const GROW_FUEL = 4_096;

export function writeAddedBodies(plan: MeterPlan, out: ByteWriter): void {
  const body = (i32Locals: number, write: (code: Assembler) => void): void => {
    const start = out.beginSized();
    if (i32Locals === 0) out.u32(0);
    else {
      out.u32(1);
      out.u32(i32Locals);
      out.byte(I32);
    }
    write(new Assembler(out));
    out.byte(0x0b);
    out.endSized(start);
  };
  body(0, (code) => exhausted(plan, code));
  body(0, (code) => settle(plan, code));
  body(0, (code) => charge(plan, code));
  body(1, (code) => grow(plan, code));
  body(0, (code) => refill(plan, code));
  for (const item of plan.wrapped) body(1, (code) => wrapper(plan, item, code));
  if (plan.reallocFunc === undefined) return;
  const realloc = plan.mapFunc(plan.reallocFunc);
  body(3, (code) => guardedRealloc(plan, realloc, code));
  body(0, (code) => put(plan, realloc, code));
  body(2, (code) => message(plan, code));
}

/** Fuel is used up: asks the host, unless nothing may suspend here. */
function exhausted(plan: MeterPlan, code: Assembler): void {
  code.globalGet(plan.mode).when().trap().end();
  code.call(plan.look).call(plan.settle);
}

/** Acts on a status: goes on, waits, or ends. */
function settle(plan: MeterPlan, code: Assembler): void {
  code.localGet(0).when();
  code.globalGet(plan.mode).when().trap().end();
  code.localGet(0).constant(STATUS.wait).equal().when().call(plan.suspend).localSet(0).end();
  code.localGet(0).when().trap().end();
  code.end();
}

/** Takes fuel for an operand and passes it on. */
function charge(plan: MeterPlan, code: Assembler): void {
  code
    .globalGet(plan.fuel)
    .localGet(0)
    .shiftRight(BULK_BYTES_SHIFT)
    .subtract()
    .globalSet(plan.fuel);
  code.globalGet(plan.fuel).isNegative().when().call(plan.exhausted).end();
  code.localGet(0);
}

/** What `exhausted` does, for a count in a local: takes it and gives it back. */
function refill(plan: MeterPlan, code: Assembler): void {
  code.localGet(0).globalSet(plan.fuel).call(plan.exhausted).globalGet(plan.fuel);
}

/** Lets the host look at the memory, where it may: not while it has called the guest itself. */
function askHost(plan: MeterPlan, code: Assembler): void {
  code.globalGet(plan.mode).constant(MODE.normal).equal().when().call(plan.exhausted).end();
}

/**
 * `memory.grow` within the limits of the process and of the node: the host says before how far it may grow, and counts
 * after. Local 1: the current size in pages, then the result.
 */
function grow(plan: MeterPlan, code: Assembler): void {
  if (plan.module.memories.length === 0) {
    code.constant(-1);
    return;
  }
  askHost(plan, code);
  code.memorySize().localSet(1);
  code.localGet(0).globalGet(plan.maxPages).isAbove().when().constant(-1).returns().end();
  code
    .localGet(0)
    .localGet(1)
    .add()
    .globalGet(plan.maxPages)
    .isAbove()
    .when()
    .constant(-1)
    .returns()
    .end();
  code.globalGet(plan.fuel).constant(GROW_FUEL).subtract().globalSet(plan.fuel);
  code.globalGet(plan.fuel).isNegative().when().call(plan.exhausted).end();
  code.localGet(0).memoryGrow().localSet(1);
  askHost(plan, code);
  code.localGet(1);
}

/**
 * Calls an import whose arguments are on the stack, and acts on its status: anything but "done" goes to `suspend`,
 * which also knows whether the process is to end.
 */
export function writeInlineCall(plan: MeterPlan, item: WrappedImport, out: ByteWriter): void {
  const code = new Assembler(out);
  code.globalGet(plan.mode).constant(MODE.callback).equal().when().trap().end();
  code.call(item.func).when();
  code.globalGet(plan.mode).when().trap().end();
  code.call(plan.suspend).when().trap().end();
  code.end();
}

/** Calls an import and acts on the status it answers. The local after the parameters holds the answer. */
function wrapper(plan: MeterPlan, item: WrappedImport, code: Assembler): void {
  const answer = item.type.params.length;
  code.globalGet(plan.mode).constant(MODE.callback).equal().when().trap().end();
  for (let i = 0; i < answer; i++) code.localGet(i);
  code.call(item.func).localTee(answer);
  if (item.protocol === "status") {
    code.when().localGet(answer).call(plan.settle).end();
    return;
  }
  code.isNegative().when();
  code.constant(0).localGet(answer).subtract().call(plan.settle);
  code.constant(0).localSet(answer).end();
  code.localGet(answer);
}

/** Enters the guest for the host: own fuel, no calls out. Two locals keep what was. */
function enter(plan: MeterPlan, code: Assembler, savedFuel: number): void {
  code.globalGet(plan.fuel).localSet(savedFuel);
  code.globalGet(plan.mode).localSet(savedFuel + 1);
  code.constant(CALLBACK_FUEL).globalSet(plan.fuel).constant(MODE.callback).globalSet(plan.mode);
}

/** Leaves it; what was used is taken from the process's own fuel. */
function leave(plan: MeterPlan, code: Assembler, savedFuel: number): void {
  code.localGet(savedFuel + 1).globalSet(plan.mode);
  code
    .localGet(savedFuel)
    .constant(CALLBACK_FUEL)
    .subtract()
    .globalGet(plan.fuel)
    .add()
    .globalSet(plan.fuel);
}

/** Realloc for the host. Locals: 4 and 5 what was saved, 6 the result. */
function guardedRealloc(plan: MeterPlan, realloc: number, code: Assembler): void {
  enter(plan, code, 4);
  for (let i = 0; i < 4; i++) code.localGet(i);
  code.call(realloc).localSet(6);
  leave(plan, code, 4);
  code.localGet(6);
}

/** Allocates `length` (1) bytes and stores pointer and length at `at` (0); no bytes: a pointer of 1. */
function put(plan: MeterPlan, realloc: number, code: Assembler): void {
  if (plan.module.memories.length === 0) return;
  code.localGet(0).localGet(1).store(4);
  code.localGet(0).constant(1).store(0);
  code.localGet(1).when();
  code.localGet(0).constant(0).constant(0).constant(1).localGet(1).call(realloc).store(0).end();
}

/** The strings of an address and a body in one call. Parameters: addressAt, 4 lengths, bodyAt, bodyLength. */
function message(plan: MeterPlan, code: Assembler): void {
  enter(plan, code, 7);
  for (let i = 0; i < 4; i++)
    code
      .localGet(0)
      .constant(8 * i)
      .add()
      .localGet(1 + i)
      .call(plan.put);
  code.localGet(5).localGet(6).call(plan.put);
  leave(plan, code, 7);
}

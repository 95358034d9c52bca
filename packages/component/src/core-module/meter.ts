/**
 * Rewrites a core module so that it can be interrupted, ended and kept within its memory; one pass over the code.
 *
 * What changes: two function imports, three globals and a few functions are added; imported functions that may wait are
 * reached through a small wrapper; loops and function entries get a fuel check; bulk instructions pay for their
 * length; the module's memory is given to it, as one that grows in place; `memory.grow` goes through a check of the process's
 * limit; tables get a maximum. Custom sections are left out.
 * Indices of added things lie outside what the author's code may name (`CodeBounds`).
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import { ByteReader } from "../byte-reader.ts";
import { ComponentError, quoted } from "../errors.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { CoreModule, CoreTable, FuncType, Limits } from "./core-module.ts";
import { SECTION, VALUE_TYPE_CODE, readValueType } from "./core-module.ts";
import { bodyRewriter } from "./meter-body.ts";
import { writeAddedBodies } from "./meter-functions.ts";
import type { MeterOptions, MeterPlan } from "./meter-plan.ts";
import { ADDED_IMPORTS, planMetering } from "./meter-plan.ts";
import { METER_EXPORT, METER_MEMORY, METER_MODULE, MODE, START_MAX_PAGES } from "./metering.ts";
import { rewriteConstant } from "./rewrite-constant.ts";
import { rewriteElements } from "./rewrite-elements.ts";

export interface MeteredModule {
  readonly bytes: Uint8Array;
  readonly loopCount: number;
  readonly functionCount: number;
}

/** @throws {ComponentError} malformed code or a feature that cannot be metered */
export function meterModule(module: CoreModule, options: MeterOptions): MeteredModule {
  const steps = meterSteps(module, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * The same with breaks: others have their turn after every `MAX_WORK_MS`. Code can be made to cost fifty times what a
 * compiler's costs, and a file may have megabytes of it.
 * @throws {ComponentError} malformed code or a feature that cannot be metered
 */
export async function meterModuleInTurns(
  module: CoreModule,
  options: MeterOptions,
  clock: Clock,
): Promise<MeteredModule> {
  const steps = meterSteps(module, options);
  let untilMs = clock.monotonicMs() + MAX_WORK_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (clock.monotonicMs() < untilMs) continue;
    await new Promise<void>((resolve) => clock.afterTurn(resolve));
    untilMs = clock.monotonicMs() + MAX_WORK_MS;
  }
}

const MAX_WORK_MS = 8;
/** Functions between two looks at the clock. */
const BODIES_PER_STEP = 64;
/** The same for large ones, in bytes of code. */
const BYTES_PER_STEP = 16_384;

/** Pauses between functions. */
function* meterSteps(module: CoreModule, options: MeterOptions): Generator<void, MeteredModule> {
  const plan = planMetering(module, options);
  const size = module.sections.reduce((sum, section) => sum + section.end - section.start, 0);
  const out = new ByteWriter(Math.ceil(size * 1.1) + 4096);
  out.all([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const counts = { loopCount: 0 };
  for (const id of WRITE_ORDER) {
    if (id === SECTION.code) yield* writeCodeSection(plan, out, counts);
    else writeSection(id, plan, out);
  }
  const functionCount = module.funcTypes.length - module.importedFuncs.length;
  return { bytes: out.finish(), loopCount: counts.loopCount, functionCount };
}

const WRITE_ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

function writeSection(id: number, plan: MeterPlan, out: ByteWriter): void {
  const { module } = plan;
  const range = module.sections.find((section) => section.id === id);
  const write = (body: (writer: ByteWriter) => void): void => {
    out.byte(id);
    const start = out.beginSized();
    body(out);
    out.endSized(start);
  };
  const reader = (): ByteReader => new ByteReader(module.bytes, range!.start, range!.end);
  if (id === SECTION.type) return write((writer) => writeTypes(plan, writer));
  if (id === SECTION.memory) return;
  if (id === SECTION.import) return write((writer) => writeImports(plan, writer));
  if (id === SECTION.func) return write((writer) => writeFuncs(plan, writer));
  if (id === SECTION.global)
    return write((writer) =>
      writeGlobals(plan, range === undefined ? undefined : reader(), writer),
    );
  if (id === SECTION.export) return write((writer) => writeExports(plan, writer));
  if (id === SECTION.element && (range !== undefined || plan.declaredFuncs.length > 0))
    return write((writer) =>
      rewriteElements(range === undefined ? undefined : reader(), plan, writer),
    );
  if (range === undefined) return;
  if (id === SECTION.start) return write((writer) => writer.u32(plan.mapFunc(module.start!)));
  if (id === SECTION.table) return write((writer) => writeTables(plan, writer));
  return write((writer) => writer.range(module.bytes, range.start, range.end));
}

function writeType(type: FuncType, out: ByteWriter): void {
  out.byte(0x60);
  for (const values of [type.params, type.results]) {
    out.u32(values.length);
    for (const value of values) out.byte(VALUE_TYPE_CODE.get(value)!);
  }
}

function writeTypes(plan: MeterPlan, out: ByteWriter): void {
  const types = [...plan.module.types, ...plan.addedTypes];
  out.u32(types.length);
  for (const type of types) writeType(type, out);
}

function writeImports(plan: MeterPlan, out: ByteWriter): void {
  const { module } = plan;
  const ownMemory = module.importsMemory ? undefined : module.memories[0];
  out.u32(module.imports.length + ADDED_IMPORTS.length + (ownMemory === undefined ? 0 : 1));
  let func = 0;
  for (const item of module.imports) {
    out.name(item.module);
    out.name(item.name);
    const newType = item.kind === "func" ? plan.importTypes.get(func++) : undefined;
    if (item.kind === "memory") writeMemory(module.memories[0]!, out);
    else if (newType === undefined) out.range(module.bytes, item.start, item.end);
    else {
      out.byte(0);
      out.u32(newType);
    }
  }
  for (const name of ADDED_IMPORTS) {
    out.name(METER_MODULE);
    out.name(name);
    out.byte(0);
    out.u32(module.types.length);
  }
  if (ownMemory === undefined) return;
  out.name(METER_MODULE);
  out.name(METER_MEMORY);
  writeMemory(ownMemory, out);
}

/** An import of a memory that grows in place. To the engine that is one that threads may share; there are none. */
function writeMemory({ min, max = MAX_PAGES }: Limits, out: ByteWriter): void {
  out.all([2, SHARED_WITH_MAX]);
  out.u32(min);
  out.u32(max);
}

const SHARED_WITH_MAX = 3;
const MAX_PAGES = 65_536;

function writeFuncs(plan: MeterPlan, out: ByteWriter): void {
  const types = [
    ...plan.module.funcTypes.slice(plan.module.importedFuncs.length),
    ...plan.addedFuncTypes,
  ];
  out.u32(types.length);
  for (const type of types) out.u32(type);
}

function writeLimits(limits: Limits, out: ByteWriter): void {
  out.byte(limits.max === undefined ? 0 : 1);
  out.u32(limits.min);
  if (limits.max !== undefined) out.u32(limits.max);
}

function writeTables(plan: MeterPlan, out: ByteWriter): void {
  const { module, options } = plan;
  const tables: readonly CoreTable[] = module.tables.slice(module.importedTableCount);
  // the bound is for all tables of the instance together, so that many tables are no way around it
  const total = module.tables.reduce((sum, table) => sum + table.min, 0);
  const bound = options.maxTableElements;
  if (total > bound || tables.length > MAX_TABLES) {
    const fact =
      total > bound
        ? { what: "the size of its tables", value: total, bound }
        : { what: "the number of its tables", value: tables.length, bound: MAX_TABLES };
    throw new ComponentError({ code: "component.too-large", ...fact });
  }
  const share = Math.floor((bound - total) / Math.max(1, tables.length));
  out.u32(tables.length);
  for (const table of tables) {
    out.byte(VALUE_TYPE_CODE.get(table.element)!);
    writeLimits({ min: table.min, max: Math.min(table.max ?? bound, table.min + share) }, out);
  }
}

const MAX_TABLES = 64;

function writeGlobals(plan: MeterPlan, reader: ByteReader | undefined, out: ByteWriter): void {
  out.u32(plan.module.definedGlobalCount + 3);
  if (reader !== undefined) {
    for (let left = reader.u32(); left > 0; left--) {
      const start = reader.at;
      readValueType(reader);
      reader.byte();
      out.range(reader.bytes, start, reader.at);
      rewriteConstant(reader, plan, out);
    }
    reader.finish("the global section");
  }
  const minPages = plan.module.memories[0]?.min ?? 0;
  for (const value of [plan.options.startFuel, MODE.start, Math.max(minPages, START_MAX_PAGES)]) {
    out.all([0x7f, 1, 0x41]);
    out.s32(value);
    out.byte(0x0b);
  }
}

function writeExports(plan: MeterPlan, out: ByteWriter): void {
  const { module } = plan;
  const added: (readonly [string, number, number])[] = [
    [METER_EXPORT.fuel, 3, plan.fuel],
    [METER_EXPORT.mode, 3, plan.mode],
    [METER_EXPORT.maxPages, 3, plan.maxPages],
  ];
  if (plan.reallocWrapper !== undefined) {
    added.push([METER_EXPORT.realloc, 0, plan.reallocWrapper]);
    added.push([METER_EXPORT.message, 0, plan.message]);
  }
  checkExports(module);
  out.u32(plan.keptExports.length + added.length);
  for (const item of plan.keptExports) {
    out.name(item.name);
    out.byte(["func", "table", "memory", "global", "tag"].indexOf(item.kind));
    out.u32(item.kind === "func" ? plan.mapFunc(item.index) : item.index);
  }
  for (const [name, kind, index] of added) {
    out.name(name);
    out.byte(kind);
    out.u32(index);
  }
}

/**
 * What the engine would check, for those that it does not get to see.
 * @throws {ComponentError} `component.invalid-module` an export is there twice or names nothing of the author's
 */
function checkExports(module: CoreModule): void {
  const bounds = { func: module.funcTypes.length, global: module.globalCount };
  const names = new Set<string>();
  for (const { kind, name, index } of module.exports) {
    const bound = kind === "func" || kind === "global" ? bounds[kind] : Infinity;
    const fault = index >= bound ? "names nothing" : names.has(name) ? "is there twice" : undefined;
    if (fault !== undefined) {
      const what = `its export ${quoted(name)} ${fault}`;
      throw new ComponentError({ code: "component.invalid-module", what });
    }
    names.add(name);
  }
}

function* writeCodeSection(
  plan: MeterPlan,
  out: ByteWriter,
  counts: { loopCount: number },
): Generator<void, void> {
  const { module } = plan;
  const range = module.sections.find((section) => section.id === SECTION.code);
  const reader = range && new ByteReader(module.bytes, range.start, range.end);
  out.byte(SECTION.code);
  const start = out.beginSized();
  const defined = module.funcTypes.length - module.importedFuncs.length;
  const bodies = reader === undefined ? 0 : reader.u32();
  if (bodies !== defined) {
    throw new ComponentError({
      code: "component.invalid-module",
      what: `its core module has ${defined} functions but ${bodies} bodies`,
    });
  }
  checkItems(plan, defined);
  out.u32(defined + plan.addedFuncTypes.length);
  if (reader !== undefined) {
    const rewrite = bodyRewriter(plan, reader, out);
    let pauseAt = reader.at + BYTES_PER_STEP;
    for (let body = 0; body < bodies; body++) {
      counts.loopCount += rewrite(module.funcTypes[module.importedFuncs.length + body]!);
      checkItems(plan, defined + counts.loopCount);
      if (reader.at < pauseAt && (body + 1) % BODIES_PER_STEP !== 0) continue;
      pauseAt = reader.at + BYTES_PER_STEP;
      yield;
    }
    reader.finish("the code section");
  }
  writeAddedBodies(plan, out);
  out.endSized(start);
}

/** @throws {ComponentError} `component.too-large` */
function checkItems({ options }: MeterPlan, value: number): void {
  const bound = options.maxCodeItems ?? Infinity;
  if (value <= bound) return;
  const what = "the number of its functions and loops";
  throw new ComponentError({ code: "component.too-large", what, value, bound });
}

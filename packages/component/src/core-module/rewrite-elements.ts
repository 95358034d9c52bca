/**
 * Element segments with their function indices mapped.
 * Source: WebAssembly core specification 2.0, section 5.5.12.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { readValueType } from "./core-module.ts";
import type { MeterPlan } from "./meter-plan.ts";
import { rewriteConstant } from "./rewrite-constant.ts";

/** Flag bits of a segment. */
const PASSIVE = 1;
const EXPLICIT = 2;
const EXPRESSIONS = 4;

/** @param reader - of the section, if the module has one */
export function rewriteElements(
  reader: ByteReader | undefined,
  plan: MeterPlan,
  out: ByteWriter,
): void {
  const count = reader?.count("element segments") ?? 0;
  const { declaredFuncs } = plan;
  out.u32(count + (declaredFuncs.length > 0 ? 1 : 0));
  if (reader !== undefined) {
    for (let left = count; left > 0; left--) rewriteSegment(reader, plan, out);
    reader.finish("the element section");
  }
  if (declaredFuncs.length === 0) return;
  // last, so that the author's segments keep their indices
  out.u32(PASSIVE | EXPLICIT);
  out.byte(0);
  out.u32(declaredFuncs.length);
  for (const index of declaredFuncs) out.u32(plan.mapFunc(index));
}

function rewriteSegment(reader: ByteReader, plan: MeterPlan, out: ByteWriter): void {
  const flags = reader.u32();
  if (flags > 7) reader.fail(`unknown form of element segment ${flags}`);
  out.u32(flags);
  const active = (flags & PASSIVE) === 0;
  if (active) {
    if ((flags & EXPLICIT) !== 0) out.u32(reader.u32());
    rewriteConstant(reader, plan, out);
  }
  const start = reader.at;
  if ((flags & (PASSIVE | EXPLICIT)) !== 0) {
    if ((flags & EXPRESSIONS) !== 0) readValueType(reader);
    else if (reader.byte() !== 0) reader.fail("unknown kind of elements", reader.at - 1);
  }
  out.range(reader.bytes, start, reader.at);
  const length = reader.count("elements");
  out.u32(length);
  for (let left = length; left > 0; left--) {
    if ((flags & EXPRESSIONS) !== 0) rewriteConstant(reader, plan, out);
    else {
      const index = reader.u32();
      if (index >= plan.bounds.funcCount) reader.fail(`function ${index} does not exist`);
      out.u32(plan.mapFunc(index));
    }
  }
}

/**
 * Constant expressions with their function indices mapped.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { MeterPlan } from "./meter-plan.ts";
import type { CodeVisitor } from "./walk-code.ts";
import { walkConstant } from "./walk-code.ts";

/** A visitor that only follows function indices: for constant expressions. */
function indexVisitor(
  source: Uint8Array,
  plan: MeterPlan,
  out: ByteWriter,
  from: () => number,
  moved: (to: number) => void,
): CodeVisitor {
  const nothing = (): void => undefined;
  return {
    stretchEnd: Infinity,
    stretch: nothing,
    block: nothing,
    loop: nothing,
    arm: nothing,
    end: nothing,
    target: nothing,
    branch: nothing,
    leave: nothing,
    handlers: nothing,
    call: nothing,
    memoryGrow: nothing,
    bulk: nothing,
    func(index, start, end) {
      out.range(source, from(), start);
      out.u32(plan.mapFunc(index));
      moved(end);
    },
  };
}

/** Copies one constant expression, with its function indices mapped. */
export function rewriteConstant(reader: ByteReader, plan: MeterPlan, out: ByteWriter): void {
  let copied = reader.at;
  walkConstant(
    reader,
    plan.bounds,
    indexVisitor(
      reader.bytes,
      plan,
      out,
      () => copied,
      (to) => (copied = to),
    ),
  );
  out.range(reader.bytes, copied, reader.at);
}

/**
 * Core modules in text, run metered and as they are.
 * @module
 */
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { readCoreModule } from "../src/core-module/core-module.ts";
import { LinearMemories } from "../src/linear-memories.ts";
import { meterModule } from "../src/core-module/meter.ts";
import {
  METER_EXPORT,
  METER_MEMORY,
  METER_MODULE,
  MODE,
  STATUS,
} from "../src/core-module/metering.ts";

type Exports = Readonly<Record<string, never>> & { run(value: number): number };

/** Bytes of a module in text. */
export const assemble = async (text: string): Promise<Uint8Array> =>
  (await parse(text)) as Uint8Array;

export function meterCore(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return meterModule(readCoreModule(bytes, 0, bytes.length), {
    protocolOf: () => "plain",
    realloc: undefined,
    startFuel: 1_000,
    maxTableElements: 1_000,
  }).bytes as Uint8Array<ArrayBuffer>;
}

export function runPlain(bytes: Uint8Array, value: number): number {
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  return (new WebAssembly.Instance(module).exports as unknown as Exports).run(value);
}

export interface MeteredRun {
  readonly result: number;
  /** How often the guest asked whether it may go on. */
  readonly looks: number;
}

/** Runs with so much fuel between two looks; the last of `maxLooks` ends it. @throws what the guest ends with */
export function runMetered(
  bytes: Uint8Array,
  value: number,
  fuel: number,
  maxLooks = Infinity,
): MeteredRun {
  let looks = 0;
  const left = (): WebAssembly.Global<"i32"> =>
    exports[METER_EXPORT.fuel] as WebAssembly.Global<"i32">;
  const look = (): number => {
    if (++looks >= maxLooks) return STATUS.end;
    left().value = fuel;
    return STATUS.done;
  };
  const [size] = readCoreModule(bytes, 0, bytes.length).memories;
  const memory = size && new LinearMemories().create(size);
  const imports = { [METER_MODULE]: { look, suspend: () => STATUS.end, [METER_MEMORY]: memory! } };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(meterCore(bytes)), imports);
  (exports[METER_EXPORT.mode] as WebAssembly.Global).value = MODE.normal;
  left().value = fuel;
  const result = (exports as unknown as Exports).run(value);
  return { result, looks };
}

import { expect, setDefaultTimeout, test } from "bun:test";
import { guestBytes } from "@kinode-ts/testing/guests";
import { BinaryReader } from "wasmparser";
import type { IOperatorInformation } from "wasmparser";
import { readCoreModule } from "../src/core-module/core-module.ts";
import { meterModule } from "../src/core-module/meter.ts";
import { contentHash } from "../src/content-hash.ts";
import { METER_EXPORT, METERING_VERSION } from "../src/core-module/metering.ts";
import { parseComponent } from "../src/parse-component.ts";
import { traceInit } from "../src/trace-init.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(30_000);

/** Numbers of the oracle's states and operators: it declares them as ambient enums, which cannot be imported. */
const BEGIN_FUNCTION_BODY = 28;
const CODE_OPERATOR = 30;
const LOOP = 0x03;

/** Version of the rewriting, and what it makes of two guests. */
const RECORDED = ["5", "db365b2718d8627c", "e879b149f804ec70"];

const COMPONENTS = ["echo", "indirect", "endless-catch", "probe-1.0.0", "rust-bench"];

function mainModule(name: string) {
  const bytes = guestBytes(name);
  const main = traceInit(parseComponent(bytes));
  return {
    core: readCoreModule(bytes, main.start, main.end),
    main,
    bytes: bytes.slice(main.start, main.end),
  };
}

const meter = (name: string, maxTableElements = 100_000) => {
  const { core, main } = mainModule(name);
  return meterModule(core, {
    protocolOf: (_item, type) => (type.results.length === 0 ? "status" : "plain"),
    realloc: main.realloc,
    startFuel: 1_000,
    maxTableElements,
  });
};

/** Loops and function bodies, counted by a parser we did not write. */
function countByOracle(bytes: Uint8Array): { loops: number; functions: number } {
  const reader = new BinaryReader();
  const copy = bytes.slice();
  reader.setData(copy.buffer, 0, copy.length);
  const counts = { loops: 0, functions: 0 };
  while (reader.read()) {
    if (Number(reader.state) === BEGIN_FUNCTION_BODY) counts.functions++;
    if (Number(reader.state) === CODE_OPERATOR) {
      const { code } = reader.result as IOperatorInformation;
      if (Number(code) === LOOP) counts.loops++;
    }
  }
  if (reader.error !== null) throw reader.error;
  return counts;
}

for (const name of COMPONENTS) {
  test(`${name}: every loop and function that another parser finds is metered, and the result is valid`, () => {
    const original = countByOracle(mainModule(name).bytes);
    const metered = meter(name);
    expect({ loops: metered.loopCount, functions: metered.functionCount }).toEqual({
      loops: original.loops,
      functions: original.functions,
    });
    expect(WebAssembly.validate(metered.bytes as Uint8Array<ArrayBuffer>)).toBe(true);
    // a loop that can be entered again has one of ours around it
    expect(countByOracle(metered.bytes).loops).toBeGreaterThanOrEqual(original.loops);
  });
}

test("what metering adds is exported under names that an author cannot take", () => {
  const module = new WebAssembly.Module(meter("echo").bytes as Uint8Array<ArrayBuffer>);
  const names = WebAssembly.Module.exports(module).map((item) => item.name);
  for (const name of Object.values(METER_EXPORT)) expect(names).toContain(name);
});

test("a start makes only the exports that run a process; code may still refer to the functions of the others", () => {
  // (func $f (export "f") (export "g")) whose body takes a reference to itself, declared by its export alone
  const exports = [7, 9, 2, 1, 0x66, 0, 0, 1, 0x67, 0, 0];
  const bytes = coreModule([0xd2, 0, 0x1a], [0, 1], exports);
  expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  const options = { protocolOf: () => "plain" as const, realloc: undefined, startFuel: 1 };
  const core = readCoreModule(bytes, 0, bytes.length);
  const names = (keptExports: ReadonlySet<string>) => {
    const metered = meterModule(core, { ...options, maxTableElements: 10, keptExports }).bytes;
    const module = new WebAssembly.Module(metered as Uint8Array<ArrayBuffer>);
    return WebAssembly.Module.exports(module)
      .map((item) => item.name)
      .filter((name) => !name.startsWith("kinode:"));
  };
  expect(names(new Set(["f"]))).toEqual(["f"]);
  expect(names(new Set())).toEqual([]);
});

test("exports that are left out are checked all the same", () => {
  const meterNothing = (exports: readonly number[]) => () => {
    const bytes = coreModule([], [0, 1], exports);
    const core = readCoreModule(bytes, 0, bytes.length);
    meterModule(core, {
      protocolOf: () => "plain",
      realloc: undefined,
      startFuel: 1,
      maxTableElements: 10,
      keptExports: new Set(),
    });
  };
  expect(meterNothing([7, 5, 1, 1, 0x66, 0, 1])).toThrow('its export "f" names nothing');
  expect(meterNothing([7, 9, 2, 1, 0x66, 0, 0, 1, 0x66, 0, 0])).toThrow(
    'its export "f" is there twice',
  );
});

/** A minimal core module around one function body. */
function coreModule(
  body: readonly number[],
  memory: readonly number[] = [0, 1],
  exports: readonly number[] = [],
): Uint8Array {
  const section = (id: number, content: readonly number[]): number[] => [
    id,
    content.length,
    ...content,
  ];
  return new Uint8Array([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, ...memory]),
    ...exports,
    ...section(10, [1, body.length + 2, 0, ...body, 0x0b]),
  ]);
}

const meterCore = (bytes: Uint8Array) =>
  meterModule(readCoreModule(bytes, 0, bytes.length), {
    protocolOf: () => "plain",
    realloc: undefined,
    startFuel: 1,
    maxTableElements: 10,
  });

const REFUSED: readonly (readonly [
  string,
  readonly number[],
  readonly number[] | undefined,
  string,
])[] = [
  ["atomics", [0xfe, 0x00, 2, 0], undefined, "WebAssembly threads (atomics)"],
  ["garbage collection", [0xfb, 0x00, 0], undefined, "WebAssembly garbage collection"],
  ["typed references", [0x14, 0], undefined, "WebAssembly typed references"],
  ["shared memory", [], [3, 1, 2], "WebAssembly threads (shared memory)"],
  ["64-bit memory", [], [4, 1], "WebAssembly 64-bit memories"],
  [
    "multiple memories",
    [0x41, 0, 0x28, 0x42, 0, 0, 0x1a],
    undefined,
    "WebAssembly multiple memories",
  ],
];

for (const [name, body, memory, feature] of REFUSED) {
  test(`${name}: refused by name`, () => {
    expect(() => meterCore(coreModule(body, memory))).toThrow(
      `Cannot load the component: it needs ${feature}, which this node does not support`,
    );
  });
}

test("code cannot name what metering adds", () => {
  // global.get 0, call 1 and a block of type 1 do not exist in the author's module, but do in the rewritten one
  expect(() => meterCore(coreModule([0x23, 0, 0x1a]))).toThrow("global 0 does not exist");
  expect(() => meterCore(coreModule([0x10, 1]))).toThrow("function 1 does not exist");
  expect(() => meterCore(coreModule([0x02, 1, 0x0b]))).toThrow("type 1 does not exist");
});

test("a memory that cannot be is malformed", () => {
  const meterMemory = (memory: readonly number[]) => () => meterCore(coreModule([], memory));
  expect(meterMemory([1, 5, 3])).toThrow("memories of at least 5 and at most 3");
  // 65,537 pages
  expect(meterMemory([0, 0x81, 0x80, 4])).toThrow("a memory of 65537 pages");
  expect(meterMemory([1, 0, 0x81, 0x80, 4])).toThrow("a memory of 65537 pages");
  expect(meterMemory([1, 0, 0x80, 0x80, 4])).not.toThrow();
});

test("unknown instructions and bodies without an end are malformed", () => {
  expect(() => meterCore(coreModule([0xff]))).toThrow("unknown instruction 0xff");
  expect(() => meterCore(coreModule([0x41]))).toThrow("at byte");
});

test("what is written changes only with the version that names kept modules", () => {
  const hashes = ["echo", "rust-bench"].map((name) => contentHash(meter(name).bytes).slice(0, 16));
  // after a change of the rewriting: raise METERING_VERSION, or nodes go on with what they kept
  expect([METERING_VERSION, ...hashes]).toEqual(RECORDED);
});

test("a table above the bound is refused with its size", () => {
  expect(() => meter("indirect", 1)).toThrow("the size of its tables is 2, above the limit of 1");
});

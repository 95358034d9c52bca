/**
 * Every type of the canonical ABI, through parameters and results, in both directions: a component hands what it is given
 * to a function of the host and returns what that returns. jco's bindings of the same component are the second opinion.
 */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import fc from "fast-check";
import { ComponentValues } from "../src/canonical-abi/component-values.ts";
import { functionCodec } from "../src/canonical-abi/function-codec.ts";
import type { ValueType } from "../src/canonical-abi/value-type.ts";
import type { ComponentInstance } from "../src/index.ts";
import { compileComponent, systemPowers } from "../src/index.ts";
import { ALLOCATOR, buildComponent } from "./build-component.ts";

setDefaultTimeout(120_000);

const t = (kind: string): ValueType => ({ kind }) as ValueType;
const list = (element: ValueType): ValueType => ({ kind: "list", element });
const option = (type: ValueType): ValueType => ({ kind: "option", type });
const tuple = (...items: ValueType[]): ValueType => ({ kind: "tuple", items });
const result = (ok?: ValueType, error?: ValueType): ValueType => ({ kind: "result", ok, error });
const record = (fields: Record<string, ValueType>): ValueType => ({
  kind: "record",
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
const variant = (cases: Record<string, ValueType | undefined>): ValueType => ({
  kind: "variant",
  cases: Object.entries(cases).map(([name, type]) => ({ name, type })),
});
const names = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const flags = (count: number): ValueType => ({ kind: "flags", names: names(count, "flag-") });
const enumOf = (count: number): ValueType => ({ kind: "enum", names: names(count, "case-") });

const PRIMITIVES = ["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"];
const point = record({ "x-axis": t("f32"), "y-axis": t("f64"), on: t("bool"), number: t("u64") });
const wide = record(Object.fromEntries(names(20, "field-").map((name) => [name, t("u32")])));

const TYPES: readonly ValueType[] = [
  ...PRIMITIVES.map(t),
  t("char"),
  t("string"),
  ...PRIMITIVES.map((name) => list(t(name))),
  list(t("string")),
  list(list(t("u8"))),
  list(t("char")),
  tuple(t("u8"), t("u64"), t("string")),
  point,
  list(point),
  wide,
  enumOf(3),
  enumOf(300),
  flags(3),
  flags(12),
  flags(32),
  flags(20),
  list(flags(9)),
  option(t("string")),
  option(t("u64")),
  option(option(t("u8"))),
  result(t("u32"), t("string")),
  result(undefined, t("f64")),
  result(t("bool")),
  result(),
  variant({ none: undefined, float: t("f32"), int: t("u32") }),
  variant({ float: t("f32"), long: t("u64"), text: t("string") }),
  variant({ double: t("f64"), long: t("s64"), small: t("s8") }),
  variant({
    mixed: tuple(t("f32"), t("f64"), t("u8")),
    other: tuple(t("u64"), t("f32"), t("f64")),
  }),
  list(variant({ a: point, b: list(t("string")), c: undefined })),
  variant(
    Object.fromEntries(names(300, "case-").map((name, i) => [name, i === 299 ? point : undefined])),
  ),
  record({ inner: record({ deep: list(option(result(t("char"), enumOf(3)))) }), last: t("s16") }),
];

/** WIT text of types, with a name for each that needs one. */
class WitText {
  readonly definitions: string[] = [];
  readonly #names = new Map<string, string>();

  of(type: ValueType): string {
    switch (type.kind) {
      case "list":
        return `list<${this.of(type.element)}>`;
      case "option":
        return `option<${this.of(type.type)}>`;
      case "tuple":
        return `tuple<${type.items.map((item) => this.of(item)).join(", ")}>`;
      case "result": {
        const ok = type.ok === undefined ? "_" : this.of(type.ok);
        if (type.error === undefined) return type.ok === undefined ? "result" : `result<${ok}>`;
        return `result<${ok}, ${this.of(type.error)}>`;
      }
      case "record":
        return this.#named(
          `record NAME { ${type.fields.map((field) => `${field.name}: ${this.of(field.type)}`).join(", ")} }`,
        );
      case "variant":
        return this.#named(
          `variant NAME { ${type.cases.map((item) => (item.type === undefined ? item.name : `${item.name}(${this.of(item.type)})`)).join(", ")} }`,
        );
      case "enum":
      case "flags":
        return this.#named(`${type.kind} NAME { ${type.names.join(", ")} }`);
      default:
        return type.kind;
    }
  }

  #named(text: string): string {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `t${this.#names.size}`;
      this.#names.set(text, name);
      this.definitions.push(text.replace("NAME", name));
    }
    return name;
  }

  get names(): string {
    return [...this.#names.values()].join(", ");
  }
}

const types = new ComponentValues();
const codecs = TYPES.map((type) =>
  functionCodec({ params: [types.of(type)], result: types.of(type) }),
);

async function build(): Promise<Uint8Array> {
  const wit = new WitText();
  const funcs = TYPES.map((type, i) => `id${i}: func(a: ${wit.of(type)}) -> ${wit.of(type)};`);
  const source = `package test:types;
    interface host { ${wit.definitions.join("\n")} ${funcs.join("\n")} }
    interface api { use host.{${wit.names}}; ${funcs.join("\n")} }
    world w { import host; export api; }`;
  const params = (list: readonly string[]): string =>
    list.length > 0 ? `(param ${list.join(" ")})` : "";
  const results = (list: readonly string[]): string =>
    list.length > 0 ? `(result ${list.join(" ")})` : "";
  const imports = codecs.map(
    ({ importType }, i) =>
      `(import "test:types/host" "id${i}" (func $h${i} ${params(importType.params)} ${results(importType.results)}))`,
  );
  const exports = codecs.map(({ importType, exportType }, i) => {
    const args = exportType.params.map((_, at) => `(local.get ${at})`).join(" ");
    const inMemory = importType.params.length > exportType.params.length;
    const body = inMemory
      ? `(call $h${i} ${args} (i32.const 1024)) (i32.const 1024)`
      : `(call $h${i} ${args})`;
    return `(func (export "test:types/api#id${i}") ${params(exportType.params)} ${results(exportType.results)} ${body})`;
  });
  return buildComponent(
    `(module ${imports.join("\n")} ${ALLOCATOR} ${exports.join("\n")})`,
    source,
  );
}

/** Random values of a type, in the forms of this package. */
function valuesOf(type: ValueType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "u8":
      return fc.integer({ min: 0, max: 0xff });
    case "s8":
      return fc.integer({ min: -0x80, max: 0x7f });
    case "u16":
      return fc.integer({ min: 0, max: 0xffff });
    case "s16":
      return fc.integer({ min: -0x8000, max: 0x7fff });
    case "u32":
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case "s32":
      return fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    case "u64":
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    case "s64":
      return fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
    case "f32":
      return fc.float();
    case "f64":
      return fc.double();
    case "char":
      return fc.string({ unit: "binary", minLength: 1, maxLength: 1 });
    case "string":
      return fc.string({ unit: "binary", maxLength: 40 });
    case "list": {
      const items = fc.array(valuesOf(type.element), { maxLength: 6 });
      const make = TYPED[type.element.kind];
      return make === undefined ? items : items.map((values) => make.from(values as never));
    }
    case "tuple":
      return fc.tuple(...type.items.map(valuesOf));
    case "record":
      return fc.record(
        Object.fromEntries(type.fields.map((field) => [camel(field.name), valuesOf(field.type)])),
        { noNullPrototype: true },
      );
    case "enum":
      return fc.constantFrom(...type.names);
    case "flags":
      return fc.record(Object.fromEntries(type.names.map((name) => [camel(name), fc.boolean()])), {
        noNullPrototype: true,
      });
    case "option":
      if (type.type.kind === "option")
        return fc.oneof(
          fc.constant({ tag: "none" }),
          valuesOf(type.type).map((val) => ({ tag: "some", val })),
        );
      return fc.option(valuesOf(type.type), { nil: undefined });
    case "result":
      return casesOf([
        ["ok", type.ok],
        ["err", type.error],
      ]);
    case "variant":
      return casesOf(type.cases.map((item) => [item.name!, item.type] as const));
    default:
      throw new TypeError(type.kind);
  }
}

function casesOf(
  cases: readonly (readonly [string, ValueType | undefined])[],
): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...cases.map(([tag, type]) =>
      type === undefined ? fc.constant({ tag }) : valuesOf(type).map((val) => ({ tag, val })),
    ),
  );
}

const camel = (name: string): string =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const TYPED: Readonly<Record<string, { from(values: never): unknown }>> = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
};

type Identity = (value: unknown) => unknown;

let bytes: Uint8Array;
let seen: unknown;
let ours: ComponentInstance;
let theirs: Record<string, Identity>;
let folder: string;

/** jco gives and takes the value of a top-level result as what is returned or thrown. */
const isResult = (type: ValueType): boolean => type.kind === "result";

/** The form jco has for the same value. */
function jcoForm(type: ValueType, value: unknown): unknown {
  const cases = (list: readonly { name: string; type: ValueType | undefined }[]): unknown => {
    const { tag, val } = value as { tag: string; val?: unknown };
    const inner = list.find((item) => item.name === tag)?.type;
    return inner === undefined ? { tag } : { tag, val: jcoForm(inner, val) };
  };
  switch (type.kind) {
    case "list":
      if (ArrayBuffer.isView(value)) return value;
      return (value as unknown[]).map((item) => jcoForm(type.element, item));
    case "tuple":
      return (value as unknown[]).map((item, i) => jcoForm(type.items[i]!, item));
    case "record":
      return Object.fromEntries(
        type.fields.map((field) => {
          const key = camel(field.name);
          return [key, jcoForm(field.type, (value as Record<string, unknown>)[key])];
        }),
      );
    case "variant":
      return cases(type.cases as { name: string; type: ValueType | undefined }[]);
    case "result":
      return cases([
        { name: "ok", type: type.ok },
        { name: "err", type: type.error },
      ]);
    case "option":
      if (type.type.kind === "option") {
        const { tag, val } = value as { tag: string; val?: unknown };
        return tag === "none" ? { tag } : { tag, val: jcoForm(type.type, val) };
      }
      return value === undefined ? undefined : jcoForm(type.type, value);
    default:
      return value;
  }
}

beforeAll(async () => {
  bytes = await build();
  const component = await compileComponent(bytes, systemPowers);
  const host = Object.fromEntries(
    TYPES.map((_, i) => [`id${i}`, (value: unknown) => ((seen = value), value)]),
  );
  ours = await component.instantiate({ "test:types/host": host });
  const { files } = await transpileBytes(bytes, {
    name: "types",
    instantiation: "async",
    wasiShim: false,
    nodejsCompat: false,
  });
  folder = mkdtempSync(join(tmpdir(), "jco-types-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const { instantiate } = (await import(join(folder, "types.js"))) as {
    instantiate(core: unknown, imports: unknown): Promise<{ api: Record<string, Identity> }>;
  };
  const jcoHost = Object.fromEntries(
    TYPES.map((type, i) => [
      `id${i}`,
      (value: unknown) => {
        seen = value;
        if (!isResult(type)) return value;
        const { tag, val } = value as { tag: string; val?: unknown };
        if (tag === "ok") return val;
        throw Object.assign(new Error("err"), { payload: val });
      },
    ]),
  );
  const made = await instantiate(
    (path: string) => new WebAssembly.Module(files[path] as Uint8Array<ArrayBuffer>),
    { "test:types/host": jcoHost },
  );
  theirs = made.api;
  rmSync(folder, { recursive: true });
});

describe("values of every type come back the same, and the host sees them the same as through jco", () => {
  for (const [i, type] of TYPES.entries()) {
    test(`${i}: ${new WitText().of(type)} ${type.kind}`, async () => {
      const call = ours.exports["test:types/api"]![`id${i}`]!;
      await fc.assert(
        fc.asyncProperty(valuesOf(type), async (value) => {
          expect(await call(value)).toEqual(value);
          expect(seen).toEqual(value);
          const form = jcoForm(type, value);
          let answer: unknown;
          try {
            answer = theirs[`id${i}`]!(form);
            if (isResult(type))
              answer = answer === undefined ? { tag: "ok" } : { tag: "ok", val: answer };
          } catch (error) {
            if (!isResult(type) || (error instanceof Error && !("payload" in error))) throw error;
            const payload =
              error instanceof Error ? (error as { payload?: unknown }).payload : error;
            answer = payload === undefined ? { tag: "err" } : { tag: "err", val: payload };
          }
          // undefined fields are left out or not; both mean the same
          expect(JSON.stringify(seen, replace)).toBe(JSON.stringify(form, replace));
          expect(JSON.stringify(answer, replace)).toBe(JSON.stringify(form, replace));
        }),
        { numRuns: 25, seed: 42 },
      );
    });
  }
});

/** Numbers JSON has no form for. */
function replace(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Float32Array || value instanceof Float64Array) return [...value];
  if (value instanceof BigUint64Array || value instanceof BigInt64Array)
    return [...value].map(String);
  return value;
}

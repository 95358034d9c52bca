/**
 * Canonical ABI types made out of the types a component declares, for callers without descriptors.
 *
 * | WIT                      | JavaScript                                                        |
 * | ------------------------ | ----------------------------------------------------------------- |
 * | `bool`                   | boolean                                                           |
 * | `u8` … `s32`, `f32 f64`  | number                                                            |
 * | `u64 s64`                | bigint; whole numbers are taken too                               |
 * | `char`, `string`         | string                                                            |
 * | `list<u8>` and of other numbers | `Uint8Array` and so on; arrays are taken too               |
 * | `list<T>`, `tuple<…>`    | array                                                             |
 * | `record`                 | object, field names in camelCase                                  |
 * | `variant`                | `{ tag, val }`                                                    |
 * | `enum`                   | its name                                                          |
 * | `flags`                  | object of booleans, names in camelCase                            |
 * | `option<T>`              | the value or `undefined`; `{ tag: "some", val }` and `{ tag: "none" }` when options are nested |
 * | `result<T, E>`           | `{ tag: "ok", val }` or `{ tag: "err", val }`                     |
 * | `own<R>`, `borrow<R>`    | the host's object, or a handle of the component's resource        |
 * @module
 */
import type { AbiType } from "./abi-type.ts";
import { flags, enumOf } from "./enums.ts";
import type { FlagsValue } from "./enums.ts";
import { borrow, own } from "./handles.ts";
import { bytes, list, numberList, string } from "./lists.ts";
import { expected, inPart } from "./expected.ts";
import { mapped, record, tuple } from "./records.ts";
import { bigU64, bool, char, f32, f64, s16, s32, s64, s8, u16, u32, u8 } from "./scalars.ts";
import type { CaseType, PrimitiveName, ValueType } from "./value-type.ts";
import { camelCase } from "./value-type.ts";
import { option, variant } from "./variants.ts";
import type { CaseValue } from "./variants.ts";

type Any = AbiType<unknown>;

/** The same type for values nobody has checked: `check` throws or returns the value to lower. */
function checked<T>(type: AbiType<T>, check: (value: unknown) => T): Any {
  return mapped<T, unknown>(type, (value) => value, check);
}

function integer(type: AbiType<number>, name: string, min: number, max: number): Any {
  return checked(type, (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? value
      : expected(`a ${name} (a whole number from ${min} to ${max})`, value),
  );
}

function bigInteger(type: AbiType<bigint>, name: string, min: bigint, max: bigint): Any {
  return checked(type, (value) => {
    const whole = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
    return typeof whole === "bigint" && whole >= min && whole <= max
      ? whole
      : expected(`a ${name} (a bigint from ${min} to ${max})`, value);
  });
}

const float = (type: AbiType<number>, name: string): Any =>
  checked(type, (value) =>
    typeof value === "number" ? value : expected(`an ${name} (a number)`, value),
  );

const isScalarValue = (value: string): boolean =>
  value.length > 0 &&
  value.length === (value.codePointAt(0)! > 0xffff ? 2 : 1) &&
  !/^[\ud800-\udfff]$/.test(value);

const PRIMITIVES: Readonly<Record<PrimitiveName, Any>> = {
  bool: checked(bool, (value) =>
    typeof value === "boolean" ? value : expected("a boolean", value),
  ),
  u8: integer(u8, "u8", 0, 0xff),
  s8: integer(s8, "s8", -0x80, 0x7f),
  u16: integer(u16, "u16", 0, 0xffff),
  s16: integer(s16, "s16", -0x8000, 0x7fff),
  u32: integer(u32, "u32", 0, 0xffff_ffff),
  s32: integer(s32, "s32", -0x8000_0000, 0x7fff_ffff),
  u64: bigInteger(bigU64, "u64", 0n, (1n << 64n) - 1n),
  s64: bigInteger(s64, "s64", -(1n << 63n), (1n << 63n) - 1n),
  f32: float(f32, "f32"),
  f64: float(f64, "f64"),
  char: checked(char, (value) =>
    typeof value === "string" && isScalarValue(value) ? value : expected("one character", value),
  ),
  string: checked(string, (value) =>
    typeof value === "string" ? value : expected("a string", value),
  ),
};

interface TypedArray extends ArrayBufferView {
  readonly length: number;
}
interface TypedArrayClass {
  new (buffer: ArrayBufferLike): TypedArray;
  from(values: readonly never[]): TypedArray;
}

const ARRAYS: Readonly<Partial<Record<PrimitiveName, TypedArrayClass>>> = {
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

function listOf(element: ValueType, elementType: Any): Any {
  const make = ARRAYS[element.kind as PrimitiveName];
  if (make === undefined) {
    return checked(list(elementType), (value) =>
      Array.isArray(value) ? value : expected("an array", value),
    );
  }
  const type = (make === Uint8Array ? bytes : numberList(elementType, make)) as AbiType<TypedArray>;
  return checked(type, (value) => {
    if (value instanceof make) return value;
    return Array.isArray(value)
      ? make.from(value as never[])
      : expected(`a ${make.name} or an array`, value);
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

function variantOf(cases: readonly CaseType[], types: readonly (Any | undefined)[]): Any {
  const names = cases.map(({ name }) => name!);
  const indices = new Map(names.map((name, index) => [name, index]));
  return mapped<CaseValue, unknown>(
    variant(types, names),
    ({ index, payload }) =>
      types[index] === undefined ? { tag: names[index] } : { tag: names[index], val: payload },
    (value) => {
      const index = isObject(value) ? indices.get(value["tag"] as string) : undefined;
      if (index === undefined) return expected(`a variant of ${names.join(", ")}`, value);
      return { index, payload: (value as { readonly val?: unknown }).val };
    },
  );
}

const RESULT = ["ok", "err"];

/** Same layout as a variant, told apart by what it is in WIT. */
function relabelled(type: Any, wit: ValueType): Any {
  return { ...type, wit };
}

/** Makes types, each part once. Guest resources go as they stand for themselves inside the program. */
export class ComponentValues {
  readonly #made = new Map<ValueType, Any>();
  readonly #handle: (type: ValueType & { kind: "own" | "borrow" }) => Any;

  /** @param handle - how handles look on this side; as what they stand for if not given */
  constructor(handle?: (type: ValueType & { kind: "own" | "borrow" }) => Any) {
    this.#handle = handle ?? plainHandle;
  }

  of(type: ValueType): Any {
    let made = this.#made.get(type);
    if (made === undefined) this.#made.set(type, (made = this.#make(type)));
    return made;
  }

  #optional(type: ValueType | undefined): Any | undefined {
    return type === undefined ? undefined : this.of(type);
  }

  #make(type: ValueType): Any {
    switch (type.kind) {
      case "list":
        return listOf(type.element, this.of(type.element));
      case "record": {
        const fields = type.fields.map(
          (field) => [camelCase(field.name), inPart(field.name, this.of(field.type))] as const,
        );
        const names = type.fields.map((field) => field.name);
        return checked(record(Object.fromEntries(fields), names), (value) =>
          isObject(value) ? value : expected("an object", value),
        );
      }
      case "tuple":
        return checked(tuple(...type.items.map((item) => this.of(item))), (value) =>
          Array.isArray(value) && value.length === type.items.length
            ? value
            : expected(`an array of ${type.items.length}`, value),
        );
      case "variant":
        return variantOf(
          type.cases,
          type.cases.map((item) => this.#optional(item.type)),
        );
      case "enum":
        return checked(enumOf(type.names), (value) =>
          typeof value === "string" && type.names.includes(value)
            ? value
            : expected(`one of ${type.names.join(", ")}`, value),
        );
      case "flags":
        return checked(flags(type.names), (value) =>
          isObject(value) ? (value as FlagsValue) : expected("an object of flags", value),
        );
      case "option": {
        const inner = this.of(type.type);
        if (type.type.kind !== "option") return option(inner);
        const cases = [
          { name: "none", type: undefined },
          { name: "some", type: type.type },
        ];
        return relabelled(variantOf(cases, [undefined, inner]), type);
      }
      case "result": {
        const cases = RESULT.map((name, i) => ({ name, type: i === 0 ? type.ok : type.error }));
        return relabelled(
          variantOf(
            cases,
            cases.map((item) => this.#optional(item.type)),
          ),
          type,
        );
      }
      case "own":
      case "borrow":
        return this.#handle(type as ValueType & { kind: "own" | "borrow" });
      default:
        return PRIMITIVES[type.kind];
    }
  }
}

function plainHandle(type: ValueType & { kind: "own" | "borrow" }): Any {
  return type.kind === "own" ? own<unknown>(type.resource) : borrow<unknown>(type.resource);
}

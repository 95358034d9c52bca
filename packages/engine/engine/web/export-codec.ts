/**
 * Values of exported functions, in and out of the engine's memory. JavaScript sees: records as objects with camel-case
 * names, variants as `{ tag, val }`, enums as text, flags as objects of booleans, options as the value or `undefined` (of options: `{ tag: "some" | "none", val }`),
 * results as `{ tag: "ok" | "err", val }`, 64-bit integers as bigint, lists of bytes as Uint8Array.
 * Source: canonical ABI, "Loading", "Storing", "Lifting and lowering flat values".
 * @module
 */
import {
  type ExportedField,
  type ExportedPrimitive,
  type ExportedType,
  flatten,
} from "../../src/pack/exported-interface.ts";

/** Access to the engine's memory; addresses are numbers. */
export interface Memory {
  read(kind: number, address: number, size: number): number | bigint;
  write(address: number, size: number, value: number | bigint, isFloat: boolean): void;
  readBytes(address: number, length: number): Uint8Array;
  writeBytes(address: number, bytes: Uint8Array): void;
  allocate(size: number, alignment: number): number;
}

/** Kinds of `Memory.read`, as in src/exports.h, and sizes. */
const SCALARS: Readonly<Partial<Record<ExportedPrimitive, readonly [kind: number, size: number]>>> =
  {
    bool: [1, 1],
    s8: [0, 1],
    u8: [1, 1],
    s16: [2, 2],
    u16: [3, 2],
    s32: [4, 4],
    u32: [5, 4],
    s64: [6, 8],
    u64: [7, 8],
    f32: [8, 4],
    f64: [9, 8],
    char: [5, 4],
  };
const U32 = 5;
const SLOT_BYTES = 8;

export function camelCase(name: string): string {
  return name.replace(/-([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}

interface Layout {
  readonly size: number;
  readonly alignment: number;
}

const align = (at: number, alignment: number): number => Math.ceil(at / alignment) * alignment;

function caseSize(count: number): number {
  return count <= 256 ? 1 : count <= 65_536 ? 2 : 4;
}

interface Variant {
  readonly tags: readonly string[];
  readonly payloads: readonly (ExportedType | undefined)[];
}

/** What is laid out as a variant, seen as one. */
function variantOf(type: ExportedType): Variant | undefined {
  switch (type.kind) {
    case "option":
      return { tags: ["none", "some"], payloads: [undefined, type.element] };
    case "result":
      return { tags: ["ok", "err"], payloads: [type.ok, type.err] };
    case "enum":
      return { tags: type.cases, payloads: type.cases.map(() => undefined) };
    case "variant":
      return {
        tags: type.cases.map((each) => each.name),
        payloads: type.cases.map((each) => each.type),
      };
    default:
      return undefined;
  }
}

function fieldsOf(type: ExportedType): readonly ExportedField[] | undefined {
  if (type.kind === "record") return type.fields;
  if (type.kind !== "tuple") return undefined;
  return type.elements.map((element, at) => ({ name: String(at), type: element }));
}

function layoutOf(type: ExportedType): Layout {
  if (type.kind === "string" || type.kind === "list") return { size: 8, alignment: 4 };
  if (type.kind === "flags") {
    const count = type.flags.length;
    const size = count <= 8 ? 1 : count <= 16 ? 2 : 4;
    return { size, alignment: size };
  }
  const variant = variantOf(type);
  if (variant !== undefined) {
    const payloads = variant.payloads.filter((each) => each !== undefined).map(layoutOf);
    const tag = caseSize(variant.tags.length);
    const alignment = Math.max(tag, ...payloads.map((each) => each.alignment));
    const start = payloadStart(variant);
    return {
      size: align(start + Math.max(0, ...payloads.map((each) => each.size)), alignment),
      alignment,
    };
  }
  const fields = fieldsOf(type);
  if (fields === undefined) {
    const size = SCALARS[type.kind as ExportedPrimitive]![1];
    return { size, alignment: size };
  }
  let end = 0;
  let alignment = 1;
  for (const field of fields) {
    const layout = layoutOf(field.type);
    end = align(end, layout.alignment) + layout.size;
    alignment = Math.max(alignment, layout.alignment);
  }
  return { size: align(end, alignment), alignment };
}

function payloadStart({ tags, payloads }: Variant): number {
  const alignments = payloads.map((each) => (each === undefined ? 1 : layoutOf(each).alignment));
  return align(caseSize(tags.length), Math.max(1, ...alignments));
}

/** An option of an option is not: `undefined` could not tell which of the two is empty. */
function isPlainOption(type: ExportedType): boolean {
  return type.kind === "option" && type.element.kind !== "option";
}

/** A value of a variant's type, from its number and payload. */
function fromCase(type: ExportedType, { tags }: Variant, number: number, val: unknown): unknown {
  if (isPlainOption(type)) return number === 0 ? undefined : val;
  if (type.kind === "enum") return tags[number];
  return val === undefined ? { tag: tags[number] } : { tag: tags[number], val };
}

function toCase(type: ExportedType, { tags }: Variant, value: unknown): [number, unknown] {
  if (isPlainOption(type))
    return value === undefined || value === null ? [0, undefined] : [1, value];
  const { tag, val } =
    type.kind === "enum"
      ? { tag: value, val: undefined }
      : ((value ?? {}) as { tag?: unknown; val?: unknown });
  const number = tags.indexOf(tag as string);
  if (number < 0) throw mismatch(value, `one of ${tags.join(", ")}`);
  return [number, val];
}

function mismatch(value: unknown, expected: string): TypeError {
  return new TypeError(
    `An exported function gave ${JSON.stringify(value) ?? String(value)} instead of ${expected}`,
  );
}

export class ExportCodec {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  // --- from memory -------------------------------------------------------------------------------

  #scalar(kind: ExportedPrimitive, at: number): unknown {
    const [access, size] = SCALARS[kind]!;
    const value = this.#memory.read(access, at, size);
    if (kind === "bool") return value !== 0;
    return kind === "char" ? String.fromCodePoint(value as number) : value;
  }

  #u32(at: number): number {
    return this.#memory.read(U32, at, 4) as number;
  }

  #list(type: ExportedType, pointer: number, length: number): unknown {
    if (type.kind === "string")
      return new TextDecoder().decode(this.#memory.readBytes(pointer, length));
    const { element } = type as Extract<ExportedType, { kind: "list" }>;
    if (element.kind === "u8") return this.#memory.readBytes(pointer, length);
    const { size } = layoutOf(element);
    return Array.from({ length }, (_, at) => this.load(element, pointer + at * size));
  }

  #flags(names: readonly string[], at: number): Record<string, boolean> {
    return Object.fromEntries(
      names.map((name, bit) => {
        const byte = this.#memory.read(1, at + (bit >> 3), 1) as number;
        return [camelCase(name), ((byte >> (bit & 7)) & 1) === 1];
      }),
    );
  }

  load(type: ExportedType, at: number): unknown {
    if (type.kind === "string" || type.kind === "list")
      return this.#list(type, this.#u32(at), this.#u32(at + 4));
    if (type.kind === "flags") return this.#flags(type.flags, at);
    const variant = variantOf(type);
    if (variant !== undefined) {
      const size = caseSize(variant.tags.length);
      const number = this.#memory.read(size === 1 ? 1 : size === 2 ? 3 : 5, at, size) as number;
      const payload = variant.payloads[number];
      const val = payload && this.load(payload, at + payloadStart(variant));
      return fromCase(type, variant, number, val);
    }
    const fields = fieldsOf(type);
    if (fields === undefined) return this.#scalar(type.kind as ExportedPrimitive, at);
    let end = at;
    const values = fields.map((field) => {
      const { size, alignment } = layoutOf(field.type);
      const start = align(end, alignment);
      end = start + size;
      return this.load(field.type, start);
    });
    return this.#compound(type, fields, values);
  }

  #compound(type: ExportedType, fields: readonly ExportedField[], values: unknown[]): unknown {
    if (type.kind === "tuple") return values;
    return Object.fromEntries(fields.map(({ name }, at) => [camelCase(name), values[at]]));
  }

  /** Reads from slots of eight bytes; narrower values of joined slots are in the lower bytes. */
  #loadFlat(type: ExportedType, slots: { at: number }): unknown {
    const next = (): number => (slots.at += SLOT_BYTES) - SLOT_BYTES;
    if (type.kind === "string" || type.kind === "list") {
      return this.#list(type, this.#u32(next()), this.#u32(next()));
    }
    if (type.kind === "flags") return this.#flags(type.flags, next());
    const variant = variantOf(type);
    if (variant !== undefined) {
      const end = slots.at + flatten(type).length * SLOT_BYTES;
      const number = this.#u32(next());
      const payload = variant.payloads[number];
      const val = payload && this.#loadFlat(payload, slots);
      slots.at = end;
      return fromCase(type, variant, number, val);
    }
    const fields = fieldsOf(type);
    if (fields === undefined) return this.#scalar(type.kind as ExportedPrimitive, next());
    return this.#compound(
      type,
      fields,
      fields.map((field) => this.#loadFlat(field.type, slots)),
    );
  }

  /** The arguments of a call, from its block. */
  arguments(params: readonly ExportedField[], block: number): unknown[] {
    const isIndirect = params.flatMap((param) => flatten(param.type)).length > 16;
    if (!isIndirect) {
      const slots = { at: block };
      return params.map((param) => this.#loadFlat(param.type, slots));
    }
    const elements = params.map((param) => param.type);
    return this.load({ kind: "tuple", elements }, this.#u32(block)) as unknown[];
  }

  // --- to memory ---------------------------------------------------------------------------------

  #storeScalar(kind: ExportedPrimitive, at: number, value: unknown): void {
    const [, size] = SCALARS[kind]!;
    if (kind === "f32" || kind === "f64") {
      this.#memory.write(at, size, Number(value), true);
      return;
    }
    if (kind === "bool") this.#memory.write(at, 1, value ? 1 : 0, false);
    else if (kind === "char") this.#memory.write(at, 4, String(value).codePointAt(0) ?? 0, false);
    else this.#memory.write(at, size, integerOf(kind, value), false);
  }

  #storeList(type: ExportedType, at: number, value: unknown): void {
    let bytes: Uint8Array | undefined;
    if (type.kind === "string") bytes = new TextEncoder().encode(String(value));
    else if (value instanceof Uint8Array) bytes = value;
    const element = type.kind === "list" ? type.element : undefined;
    const items = bytes ?? [...(value as Iterable<unknown>)];
    const layout = element === undefined ? { size: 1, alignment: 1 } : layoutOf(element);
    const pointer = this.#memory.allocate(items.length * layout.size, layout.alignment);
    if (bytes !== undefined && (element === undefined || element.kind === "u8")) {
      this.#memory.writeBytes(pointer, bytes);
    } else {
      for (const [number, item] of [...items].entries()) {
        this.store(element!, pointer + number * layout.size, item);
      }
    }
    this.#memory.write(at, 4, pointer, false);
    this.#memory.write(at + 4, 4, items.length, false);
  }

  store(type: ExportedType, at: number, value: unknown): void {
    if (type.kind === "string" || type.kind === "list") return this.#storeList(type, at, value);
    if (type.kind === "flags") {
      const bytes = new Uint8Array(layoutOf(type).size);
      for (const [bit, name] of type.flags.entries()) {
        if ((value as Record<string, unknown>)[camelCase(name)]) bytes[bit >> 3]! |= 1 << (bit & 7);
      }
      this.#memory.writeBytes(at, bytes);
      return;
    }
    const variant = variantOf(type);
    if (variant !== undefined) {
      const [number, val] = toCase(type, variant, value);
      this.#memory.write(at, caseSize(variant.tags.length), number, false);
      const payload = variant.payloads[number];
      if (payload !== undefined) this.store(payload, at + payloadStart(variant), val);
      return;
    }
    const fields = fieldsOf(type);
    if (fields === undefined) return this.#storeScalar(type.kind as ExportedPrimitive, at, value);
    if (typeof value !== "object" || value === null) throw mismatch(value, `a ${type.kind}`);
    let end = at;
    for (const [number, field] of fields.entries()) {
      const { size, alignment } = layoutOf(field.type);
      const start = align(end, alignment);
      end = start + size;
      const key = type.kind === "tuple" ? number : camelCase(field.name);
      this.store(field.type, start, (value as Record<string | number, unknown>)[key]);
    }
  }

  /** The result of a call: at the address returned, in memory or, if it is one flat value, as that. */
  result(type: ExportedType | undefined, value: unknown): number {
    if (type === undefined) return 0;
    const { size, alignment } = layoutOf(type);
    // A flat value is read as a whole word: the memory is larger than the type where that is small.
    const at = this.#memory.allocate(Math.max(size, SLOT_BYTES), Math.max(alignment, SLOT_BYTES));
    this.store(type, at, value);
    const [flat, ...more] = flatten(type);
    if (more.length === 0 && flat === "i32") this.#widen(type, at);
    return at;
  }

  /** Small signed integers fill the word with their sign. */
  #widen(type: ExportedType, at: number): void {
    let inner = type;
    for (let fields = fieldsOf(inner); fields !== undefined; fields = fieldsOf(inner)) {
      inner = fields.find((field) => flatten(field.type).length > 0)!.type;
    }
    if (inner.kind !== "s8" && inner.kind !== "s16") return;
    const [access, size] = SCALARS[inner.kind]!;
    this.#memory.write(at, 4, this.#memory.read(access, at, size), false);
  }
}

function integerOf(kind: ExportedPrimitive, value: unknown): number | bigint {
  const is64 = kind === "s64" || kind === "u64";
  const isSigned = kind.startsWith("s");
  const bits = BigInt(Number(kind.slice(1)));
  const whole = typeof value === "bigint" || Number.isInteger(value);
  const number = whole ? BigInt(value as number) : 0n;
  const low = isSigned ? -(1n << (bits - 1n)) : 0n;
  const high = isSigned ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (!whole || number < low || number > high) throw mismatch(String(value), `a ${kind}`);
  return is64 ? BigInt.asIntN(64, number) : Number(number);
}

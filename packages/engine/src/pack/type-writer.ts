/**
 * Types of an interface in the binary form of components.
 * Source: Component Model, "Binary Format", type definitions.
 * @module
 */
import { indexLeb, leb, named, type Part } from "./binary.ts";
import type { ExportedFunction, ExportedPrimitive, ExportedType } from "./exported-interface.ts";

const PRIMITIVE: Readonly<Record<ExportedPrimitive, number>> = {
  bool: 0x7f,
  s8: 0x7e,
  u8: 0x7d,
  s16: 0x7c,
  u16: 0x7b,
  s32: 0x7a,
  u32: 0x79,
  s64: 0x78,
  u64: 0x77,
  f32: 0x76,
  f64: 0x75,
  char: 0x74,
  string: 0x73,
};

export type NamedType = Extract<ExportedType, { readonly name: string }>;

/** Defines types one after the other, each structure once, and remembers their indices. */
export class TypeWriter {
  /** Definitions not yet taken. */
  #pending: Part[] = [];
  #next: number;
  readonly #known = new Map<string, number>();
  /** Called for a type with a name; the index by which others refer to it. */
  readonly #name: ((type: NamedType, index: number) => number) | undefined;

  /** @param next - index of the next type in its space */
  constructor(next: number, name?: (type: NamedType, index: number) => number) {
    this.#next = next;
    this.#name = name;
  }

  /** Index of the next type. */
  get next(): number {
    return this.#next;
  }

  /** A type has been added to the space by other means. */
  skip(): number {
    return this.#next++;
  }

  take(): Part[] {
    const parts = this.#pending;
    this.#pending = [];
    return parts;
  }

  #define(part: Part): number {
    this.#pending.push(part);
    return this.#next++;
  }

  /** A reference to the type. */
  valueType(type: ExportedType): number[] {
    if (type.kind in PRIMITIVE) return [PRIMITIVE[type.kind as ExportedPrimitive]];
    return indexLeb(this.typeIndex(type));
  }

  typeIndex(type: ExportedType): number {
    const key = JSON.stringify(type);
    let index = this.#known.get(key);
    if (index === undefined) {
      const isOtherName = type.kind === "alias" && !(type.type.kind in PRIMITIVE);
      index = isOtherName ? this.typeIndex(type.type) : this.#define(this.#definition(type));
      if ("name" in type && this.#name !== undefined) index = this.#name(type, index);
      this.#known.set(key, index);
    }
    return index;
  }

  #optional(type: ExportedType | undefined): number[] {
    return type === undefined ? [0] : [1, ...this.valueType(type)];
  }

  #definition(type: ExportedType): number[] {
    switch (type.kind) {
      case "record":
        return [
          0x72,
          ...leb(type.fields.length),
          ...type.fields.flatMap((field) => [...named(field.name), ...this.valueType(field.type)]),
        ];
      case "variant":
        return [
          0x71,
          ...leb(type.cases.length),
          ...type.cases.flatMap((each) => [...named(each.name), ...this.#optional(each.type), 0]),
        ];
      case "enum":
        return [0x6d, ...leb(type.cases.length), ...type.cases.flatMap(named)];
      case "flags":
        return [0x6e, ...leb(type.flags.length), ...type.flags.flatMap(named)];
      case "list":
        return [0x70, ...this.valueType(type.element)];
      case "option":
        return [0x6b, ...this.valueType(type.element)];
      case "tuple":
        return [
          0x6f,
          ...leb(type.elements.length),
          ...type.elements.flatMap((element) => this.valueType(element)),
        ];
      case "result":
        return [0x6a, ...this.#optional(type.ok), ...this.#optional(type.err)];
      case "alias":
        return this.#definition(type.type);
      default:
        return [PRIMITIVE[type.kind]];
    }
  }

  functionType({ params, result }: ExportedFunction): number {
    const list = params.flatMap((param) => [...named(param.name), ...this.valueType(param.type)]);
    const results = result === undefined ? [1, 0] : [0, ...this.valueType(result)];
    return this.#define([0x40, ...leb(params.length), ...list, ...results]);
  }
}

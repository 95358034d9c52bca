/**
 * Interfaces as data, made from WIT texts, and the canonical ABI types built of them.
 * @module
 */
import type { HostFunctionType } from "./api.ts";
import type { AbiType } from "./canonical-abi/abi-type.ts";
import { enumOf, flags } from "./canonical-abi/enums.ts";
import { bytes, list, string } from "./canonical-abi/lists.ts";
import { record, tuple } from "./canonical-abi/records.ts";
import {
  bool,
  char,
  f32,
  f64,
  s16,
  s32,
  s64,
  s8,
  u16,
  u32,
  u64,
  u8,
} from "./canonical-abi/scalars.ts";
import { camelCase } from "./canonical-abi/value-type.ts";
import { option, result, variant } from "./canonical-abi/variants.ts";

/** A name, or a constructor with its parts: `["option", ["list", "u8"]]`. */
export type WitType = string | readonly [string, ...WitType[]];
type Named = readonly [name: string, type: WitType];

export type WitDeclaration =
  | WitType
  | { readonly record: readonly Named[] }
  | { readonly variant: readonly (Named | readonly [name: string])[] }
  | { readonly enum: readonly string[] }
  | { readonly flags: readonly string[] };

export interface WitFunction {
  readonly params: readonly Named[];
  readonly result?: WitType;
}

export interface WitInterface {
  /** In an order in which none needs a later one, but for those `buildInterface` finds by itself. */
  readonly types: readonly (readonly [name: string, declaration: WitDeclaration])[];
  readonly functions: readonly (readonly [name: string, type: WitFunction])[];
}

type Any = AbiType<unknown>;

/** Another JavaScript form for a declared type, by its name. */
export type Forms = Readonly<Record<string, (type: never) => Any>>;

export interface BuiltInterface {
  readonly types: ReadonlyMap<string, Any>;
  readonly functions: ReadonlyMap<string, HostFunctionType>;
}

const PRIMITIVES: Readonly<Record<string, Any>> = {
  bool,
  u8,
  s8,
  u16,
  s16,
  u32,
  s32,
  u64,
  s64,
  f32,
  f64,
  char,
  string,
};

/**
 * Builds the types of an interface.
 * @param forms - types that look different in JavaScript from what their parts make
 * @throws {TypeError} a type that is declared nowhere
 */
export function buildInterface(wit: WitInterface, forms: Forms): BuiltInterface {
  const declarations = new Map(wit.types);
  const types = new Map<string, Any>();
  const named = (name: string): Any => {
    const known = types.get(name) ?? PRIMITIVES[name];
    if (known !== undefined) return known;
    const declaration = declarations.get(name);
    if (declaration === undefined) throw new TypeError(`The type "${name}" is declared nowhere`);
    const plain = declared(declaration);
    const made = forms[name]?.(plain as never) ?? plain;
    types.set(name, made);
    return made;
  };
  const at = (type: WitType): Any => {
    if (typeof type === "string") return named(type);
    const [constructor, ...parts] = type;
    if (constructor === "list") return parts[0] === "u8" ? bytes : list(at(parts[0]!));
    if (constructor === "option") return option(at(parts[0]!));
    if (constructor === "tuple") return tuple(...parts.map(at));
    if (constructor !== "result") throw new TypeError(`"${constructor}" is no type`);
    const [ok, error] = parts.map((part) => (part === "_" ? undefined : at(part)));
    return result(ok, error);
  };
  const declared = (declaration: WitDeclaration): Any => {
    if (typeof declaration === "string") return named(declaration);
    if ("record" in declaration) {
      const fields = declaration.record.map(([name, type]) => [camelCase(name), at(type)] as const);
      return record(
        Object.fromEntries(fields),
        declaration.record.map(([name]) => name),
      );
    }
    if ("variant" in declaration) {
      const names = declaration.variant.map(([name]) => name);
      return variant(
        declaration.variant.map(([, type]) => (type === undefined ? undefined : at(type))),
        names,
      );
    }
    if ("enum" in declaration) return enumOf(declaration.enum);
    if ("flags" in declaration) return flags(declaration.flags);
    return at(declaration);
  };
  for (const [name] of wit.types) named(name);
  const functions = wit.functions.map(([name, { params, result: answer }]) => {
    const type: HostFunctionType = {
      params: params.map(([, param]) => at(param)),
      result: answer === undefined ? undefined : at(answer),
    };
    return [name, type] as const;
  });
  return { types, functions: new Map(functions) };
}

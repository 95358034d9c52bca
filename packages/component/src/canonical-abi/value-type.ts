/**
 * WIT types as data: what a canonical ABI type is, and what a component declares.
 * Source: Component Model, "WIT"; names are the ones WIT has, in kebab-case.
 * @module
 */
import { quoted } from "../errors.ts";
import type { ResourceType } from "./resource-type.ts";

export type PrimitiveName =
  | "bool"
  | "s8"
  | "u8"
  | "s16"
  | "u16"
  | "s32"
  | "u32"
  | "s64"
  | "u64"
  | "f32"
  | "f64"
  | "char"
  | "string";

export interface NamedType {
  readonly name: string;
  readonly type: ValueType;
}

/** A case; its name is `undefined` in a hand-made type that does not say it. */
export interface CaseType {
  readonly name: string | undefined;
  readonly type: ValueType | undefined;
}

export type ValueType =
  | { readonly kind: PrimitiveName }
  | { readonly kind: "list"; readonly element: ValueType }
  | { readonly kind: "record"; readonly fields: readonly NamedType[] }
  | { readonly kind: "tuple"; readonly items: readonly ValueType[] }
  | { readonly kind: "variant"; readonly cases: readonly CaseType[] }
  | { readonly kind: "enum" | "flags"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly type: ValueType }
  | {
      readonly kind: "result";
      readonly ok: ValueType | undefined;
      readonly error: ValueType | undefined;
    }
  | { readonly kind: "own" | "borrow"; readonly resource: ResourceType };

/** Types and results of a function in WIT. */
export interface FunctionType {
  readonly params: readonly NamedType[];
  readonly result: ValueType | undefined;
}

/** The type as WIT writes it, aliases resolved. */
export function typeText(type: ValueType | undefined): string {
  if (type === undefined) return "_";
  switch (type.kind) {
    case "list":
      return `list<${typeText(type.element)}>`;
    case "record":
      return `record { ${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(", ")} }`;
    case "tuple":
      return `tuple<${type.items.map(typeText).join(", ")}>`;
    case "variant":
      return `variant { ${type.cases.map(caseText).join(", ")} }`;
    case "enum":
    case "flags":
      return `${type.kind} { ${type.names.join(", ")} }`;
    case "option":
      return `option<${typeText(type.type)}>`;
    case "result":
      return `result<${typeText(type.ok)}, ${typeText(type.error)}>`;
    case "own":
    case "borrow":
      return `${type.kind}<${plainName(type.resource.name)}>`;
    default:
      return type.kind;
  }
}

/** Names of resources are the component's, and may hold anything; other names here are checked when they are read. */
const plainName = (name: string): string => (/^[a-z0-9-]+$/i.test(name) ? name : quoted(name));

const caseText = ({ name, type }: CaseType): string =>
  type === undefined ? (name ?? "_") : `${name ?? "_"}(${typeText(type)})`;

const MAX_TEXT = 300;

/** As WIT writes it, cut when it is long: `func(a: u32) -> string`. */
export function functionText({ params, result }: FunctionType): string {
  const list = params.map(({ name, type }) => `${name}: ${typeText(type)}`).join(", ");
  const text = `func(${list})${result === undefined ? "" : ` -> ${typeText(result)}`}`;
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

type SameResource = (a: ResourceType, b: ResourceType) => boolean;

const sameList = <T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean =>
  a.length === b.length && a.every((item, i) => same(item, b[i]!));

/** Whether two types have the same structure and names; case names that are not said equal any. */
export function sameType(
  a: ValueType | undefined,
  b: ValueType | undefined,
  sameResource: SameResource,
): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const same = (x: ValueType | undefined, y: ValueType | undefined) => sameType(x, y, sameResource);
  switch (a.kind) {
    case "list":
      return b.kind === "list" && same(a.element, b.element);
    case "record":
      return (
        b.kind === "record" &&
        sameList(a.fields, b.fields, (x, y) => x.name === y.name && same(x.type, y.type))
      );
    case "tuple":
      return b.kind === "tuple" && sameList(a.items, b.items, same);
    case "variant":
      return (
        b.kind === "variant" &&
        sameList(
          a.cases,
          b.cases,
          (x, y) =>
            (x.name === undefined || y.name === undefined || x.name === y.name) &&
            same(x.type, y.type),
        )
      );
    case "enum":
    case "flags":
      return a.kind === b.kind && sameList(a.names, b.names, (x, y) => x === y);
    case "option":
      return b.kind === "option" && same(a.type, b.type);
    case "result":
      return b.kind === "result" && same(a.ok, b.ok) && same(a.error, b.error);
    case "own":
    case "borrow":
      return a.kind === b.kind && sameResource(a.resource, b.resource);
    default:
      return a.kind === b.kind;
  }
}

/** `publisher-node` → `publisherNode`: how names of fields and flags look in JavaScript. */
export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_dash, letter: string) => letter.toUpperCase());
}

/** The inverse for names whose words begin with a letter. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

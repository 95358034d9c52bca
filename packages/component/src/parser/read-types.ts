/**
 * Reads type definitions, down to the types of components and instances.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import type { PrimitiveName } from "../canonical-abi/value-type.ts";
import type { NamedRef, TypeDefinition, TypeRef } from "../component-structure.ts";
import { quoted } from "../errors.ts";
import { readAlias } from "./read-aliases.ts";
import { readCoreType } from "./read-core-types.ts";
import { declareExtern, readExternDescription, readExternName } from "./read-externs.ts";
import { unsupported } from "./unsupported.ts";
import { Spaces } from "./spaces.ts";

const PRIMITIVES: ReadonlyMap<number, PrimitiveName> = new Map([
  [0x7f, "bool"],
  [0x7e, "s8"],
  [0x7d, "u8"],
  [0x7c, "s16"],
  [0x7b, "u16"],
  [0x7a, "s32"],
  [0x79, "u32"],
  [0x78, "s64"],
  [0x77, "u64"],
  [0x76, "f32"],
  [0x75, "f64"],
  [0x74, "char"],
  [0x73, "string"],
]);

const TYPE = {
  resource: 0x3f,
  asyncResource: 0x3e,
  func: 0x40,
  component: 0x41,
  instance: 0x42,
  asyncFunc: 0x43,
  errorContext: 0x64,
  future: 0x65,
  stream: 0x66,
  fixedList: 0x67,
  borrow: 0x68,
  own: 0x69,
  result: 0x6a,
  option: 0x6b,
  enum: 0x6d,
  flags: 0x6e,
  tuple: 0x6f,
  list: 0x70,
  variant: 0x71,
  record: 0x72,
};

/** Codes of value types by which asynchronous components show. */
const ASYNC_TYPES: ReadonlySet<number> = new Set([TYPE.errorContext, TYPE.future, TYPE.stream]);

/** A value type: one byte for a primitive, else an index, which as a signed number is never negative. */
function readTypeRef(reader: ByteReader, spaces: Spaces): TypeRef {
  const code = reader.peek();
  const primitive = PRIMITIVES.get(code);
  if (primitive !== undefined) {
    reader.byte();
    return primitive;
  }
  if (code === TYPE.errorContext) unsupported("error contexts");
  if (code >= 0x40 && code < 0x80) reader.fail(`unknown value type 0x${code.toString(16)}`);
  return spaces.type(reader);
}

function readOptional<T>(reader: ByteReader, read: () => T): T | undefined {
  const there = reader.byte();
  if (there > 1) reader.fail("an optional part is neither there nor not", reader.at - 1);
  return there === 1 ? read() : undefined;
}

const LABEL = /^[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$/;

/** The name of a field, case, flag or parameter: words of letters and digits, which also makes it a safe property name. */
function readLabel(reader: ByteReader, taken: Set<string>): string {
  const at = reader.at;
  const name = reader.name();
  if (!LABEL.test(name)) reader.fail(`${quoted(name)} is no name in kebab-case`, at);
  if (taken.has(name)) reader.fail(`the name ${quoted(name)} occurs twice`, at);
  taken.add(name);
  return name;
}

function readFields(reader: ByteReader, spaces: Spaces, what: string): NamedRef[] {
  const fields: NamedRef[] = [];
  const taken = new Set<string>();
  for (let left = spaces.budget.count(reader, what); left > 0; left--) {
    fields.push({ name: readLabel(reader, taken), type: readTypeRef(reader, spaces) });
  }
  return fields;
}

function readNames(reader: ByteReader, spaces: Spaces): string[] {
  const names: string[] = [];
  const taken = new Set<string>();
  for (let left = spaces.budget.count(reader, "names"); left > 0; left--)
    names.push(readLabel(reader, taken));
  return names;
}

function readVariant(reader: ByteReader, spaces: Spaces): TypeDefinition {
  const cases: { name: string; type: TypeRef | undefined }[] = [];
  const taken = new Set<string>();
  for (let left = spaces.budget.count(reader, "cases"); left > 0; left--) {
    const name = readLabel(reader, taken);
    const type = readOptional(reader, () => readTypeRef(reader, spaces));
    if (reader.byte() !== 0) reader.fail("a case refines another", reader.at - 1);
    cases.push({ name, type });
  }
  return { kind: "variant", cases };
}

function readFunc(reader: ByteReader, spaces: Spaces): TypeDefinition {
  const params = readFields(reader, spaces, "parameters");
  const form = reader.byte();
  if (form === 0) return { kind: "func", params, result: readTypeRef(reader, spaces) };
  if (form !== 1) reader.fail("unknown form of results", reader.at - 1);
  if (reader.count("results") > 0) unsupported("functions with named results");
  return { kind: "func", params, result: undefined };
}

function readResource(reader: ByteReader, spaces: Spaces): TypeDefinition {
  if (reader.byte() !== 0x7f)
    reader.fail("a resource is represented by something else than an i32", reader.at - 1);
  const destructor = readOptional(reader, () => spaces.core(reader, 0));
  return { kind: "resource", destructor };
}

/** The declarations inside the type of a component or an instance. */
function readScope(reader: ByteReader, outer: Spaces, kind: "component" | "instance"): Spaces {
  const spaces = new Spaces(outer.budget, outer);
  for (let left = outer.budget.count(reader, "declarations"); left > 0; left--) {
    const form = reader.byte();
    if (form === 0) readCoreType(reader, spaces);
    else if (form === 1) readType(reader, spaces);
    else if (form === 2) readAlias(reader, spaces);
    else if (form === 4 || (form === 3 && kind === "component")) {
      const name = readExternName(reader);
      const extern = readExternDescription(reader, spaces);
      const index = declareExtern(spaces, name, extern);
      if (form === 3) spaces.noteImport(reader, { name, kind: extern.kind });
      else spaces.noteExport(reader, { name, sort: extern.sort, coreSort: extern.coreSort, index });
    } else reader.fail(`unknown form of declaration ${form}`, reader.at - 1);
  }
  return spaces;
}

function readDefinition(reader: ByteReader, spaces: Spaces): TypeDefinition {
  const code = reader.byte();
  const primitive = PRIMITIVES.get(code);
  if (primitive !== undefined) return { kind: "primitive", name: primitive };
  const ref = (): TypeRef => readTypeRef(reader, spaces);
  switch (code) {
    case TYPE.record:
      return { kind: "record", fields: readFields(reader, spaces, "fields") };
    case TYPE.variant:
      return readVariant(reader, spaces);
    case TYPE.list:
      return { kind: "list", type: ref() };
    case TYPE.option:
      return { kind: "option", type: ref() };
    case TYPE.tuple: {
      const items: TypeRef[] = [];
      for (let left = spaces.budget.count(reader, "items"); left > 0; left--) items.push(ref());
      return { kind: "tuple", items };
    }
    case TYPE.flags:
      return { kind: "flags", names: readNames(reader, spaces) };
    case TYPE.enum:
      return { kind: "enum", names: readNames(reader, spaces) };
    case TYPE.result:
      return { kind: "result", ok: readOptional(reader, ref), error: readOptional(reader, ref) };
    case TYPE.own:
      return { kind: "own", resource: spaces.type(reader) };
    case TYPE.borrow:
      return { kind: "borrow", resource: spaces.type(reader) };
    case TYPE.func:
      return readFunc(reader, spaces);
    case TYPE.resource:
      return readResource(reader, spaces);
    case TYPE.component:
      return { kind: "component", scope: readScope(reader, spaces, "component") };
    case TYPE.instance:
      return { kind: "instance", scope: readScope(reader, spaces, "instance") };
    case TYPE.fixedList:
      return unsupported("lists of fixed length");
    default:
      if (ASYNC_TYPES.has(code) || code === TYPE.asyncFunc || code === TYPE.asyncResource)
        return unsupported("asynchronous functions, streams or futures");
      return reader.fail(`unknown form of type 0x${code.toString(16)}`, reader.at - 1);
  }
}

/** Reads one type into its space. */
export function readType(reader: ByteReader, spaces: Spaces): void {
  spaces.add("types", { kind: "defined", definition: readDefinition(reader, spaces) });
}

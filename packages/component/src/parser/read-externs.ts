/**
 * Reads names and descriptions of imports and exports.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import type { ExternKind } from "../component-structure.ts";
import { CORE_SORT, SORT } from "../component-structure.ts";
import type { Spaces } from "./spaces.ts";
import { unsupported } from "./unsupported.ts";

export interface ExternDescription {
  readonly kind: ExternKind;
  readonly sort: number;
  readonly coreSort: number;
  /** Index of its type; for a type, the one it equals or `undefined` for a resource of its own. */
  readonly type: number | undefined;
}

/** Import and export names carry a form byte; form 2 has options behind the name. */
export function readExternName(reader: ByteReader): string {
  const form = reader.byte();
  if (form > 2) reader.fail(`unknown form of name ${form}`, reader.at - 1);
  const name = reader.name();
  if (form === 2) {
    for (let left = reader.count("name options"); left > 0; left--) {
      reader.byte();
      reader.name();
    }
  }
  return name;
}

const KINDS: readonly ExternKind[] = ["module", "func", "value", "type", "component", "instance"];

export function readExternDescription(reader: ByteReader, spaces: Spaces): ExternDescription {
  const at = reader.at;
  const sort = reader.byte();
  const kind = KINDS[sort];
  if (kind === undefined) return reader.fail("unknown kind of import", at);
  if (kind === "value") return unsupported("imported or exported values");
  if (kind === "module") {
    if (reader.byte() !== CORE_SORT.module)
      reader.fail("unknown kind of core import", reader.at - 1);
    const type = spaces.core(reader, CORE_SORT.type);
    return { kind, sort: SORT.core, coreSort: CORE_SORT.module, type };
  }
  if (kind !== "type") return { kind, sort, coreSort: -1, type: spaces.type(reader) };
  const bound = reader.byte();
  if (bound > 1) reader.fail("unknown type bound", reader.at - 1);
  return { kind, sort, coreSort: -1, type: bound === 0 ? spaces.type(reader) : undefined };
}

/** Puts what a name stands for into its space; returns its index. */
export function declareExtern(spaces: Spaces, name: string, extern: ExternDescription): number {
  const { kind } = extern;
  const type = extern.type ?? 0;
  if (kind === "type") spaces.add("types", { kind: "import", name, equals: extern.type });
  else if (kind === "func") spaces.add("funcs", { kind: "import", name, type });
  else if (kind === "instance") spaces.add("instances", { kind: "import", name, type });
  else if (kind === "component") spaces.add("components", { kind: "import", name, type });
  else spaces.add("coreModules", { kind: "import", name });
  const space = spaces.spaceOf(extern.sort, extern.coreSort)!;
  return spaces[space].length - 1;
}

/** A reference to something that exists by now. */
export function readSortIndex(
  reader: ByteReader,
  spaces: Spaces,
): { readonly sort: number; readonly coreSort: number; readonly index: number } {
  const sort = reader.byte();
  if (sort > SORT.instance) reader.fail(`unknown sort ${sort}`, reader.at - 1);
  if (sort === SORT.value) unsupported("values");
  const coreSort = sort === SORT.core ? reader.byte() : -1;
  return { sort, coreSort, index: spaces.index(reader, sort, coreSort) };
}

/**
 * Reads instances: core ones and those of components.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import type { SortIndex } from "../component-structure.ts";
import { CORE_SORT, SORT } from "../component-structure.ts";
import { readExternName, readSortIndex } from "./read-externs.ts";
import type { Spaces } from "./spaces.ts";

const FORM = { instantiate: 0, exports: 1 };

/** Adds a pair; names of arguments and exports occur once. */
function put<T>(reader: ByteReader, map: Map<string, T>, name: string, item: T): void {
  if (map.has(name)) reader.fail("a name occurs twice");
  map.set(name, item);
}

export function readCoreInstance(reader: ByteReader, spaces: Spaces): void {
  const form = reader.byte();
  if (form === FORM.instantiate) {
    const module = spaces.core(reader, CORE_SORT.module);
    const args = new Map<string, number>();
    for (let left = spaces.budget.count(reader, "arguments"); left > 0; left--) {
      const name = reader.name();
      if (reader.byte() !== CORE_SORT.instance)
        reader.fail("an argument is no instance", reader.at - 1);
      put(reader, args, name, spaces.core(reader, CORE_SORT.instance));
    }
    spaces.add("coreInstances", { kind: "instantiate", module, args });
  } else if (form === FORM.exports) {
    const exports = new Map<string, { coreSort: number; index: number }>();
    for (let left = spaces.budget.count(reader, "exports"); left > 0; left--) {
      const name = reader.name();
      const coreSort = reader.byte();
      if (coreSort > CORE_SORT.tag)
        reader.fail("a core instance exports something it cannot", reader.at - 1);
      put(reader, exports, name, { coreSort, index: spaces.core(reader, coreSort) });
    }
    spaces.add("coreInstances", { kind: "exports", exports });
  } else reader.fail(`unknown form of core instance ${form}`, reader.at - 1);
}

export function readInstance(reader: ByteReader, spaces: Spaces): void {
  const form = reader.byte();
  if (form > FORM.exports) reader.fail(`unknown form of instance ${form}`, reader.at - 1);
  const component = form === FORM.instantiate ? spaces.index(reader, SORT.component) : -1;
  const items = new Map<string, SortIndex>();
  for (let left = spaces.budget.count(reader, "arguments"); left > 0; left--) {
    const name = form === FORM.instantiate ? reader.name() : readExternName(reader);
    put(reader, items, name, readSortIndex(reader, spaces));
  }
  if (form === FORM.instantiate)
    spaces.add("instances", { kind: "instantiate", component, args: items });
  else spaces.add("instances", { kind: "exports", exports: items });
}

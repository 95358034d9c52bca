/**
 * Reads aliases: names for what an instance exports or an enclosing component has.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import { CORE_SORT, SORT } from "../component-structure.ts";
import type { Spaces } from "./spaces.ts";
import { unsupported } from "./unsupported.ts";

const TARGET = { instanceExport: 0, coreExport: 1, outer: 2 };

/** Reads one alias into the space of its sort. */
export function readAlias(reader: ByteReader, spaces: Spaces): void {
  const at = reader.at;
  const sort = reader.byte();
  if (sort > SORT.instance) reader.fail(`unknown sort ${sort}`, at);
  if (sort === SORT.value) unsupported("values");
  const coreSort = sort === SORT.core ? reader.byte() : -1;
  const target = reader.byte();
  if (target === TARGET.outer) return readOuter(reader, spaces, sort, coreSort);
  if (target === TARGET.instanceExport) {
    const instance = spaces.index(reader, SORT.instance);
    const item = { kind: "instance-export", instance, name: reader.name() } as const;
    if (sort === SORT.func) spaces.add("funcs", item);
    else if (sort === SORT.type) spaces.add("types", item);
    else if (sort === SORT.component) spaces.add("components", item);
    else if (sort === SORT.instance) spaces.add("instances", item);
    else if (coreSort === CORE_SORT.module) spaces.add("coreModules", item);
    else reader.fail("an alias of something an instance cannot export", at);
    return;
  }
  if (target !== TARGET.coreExport)
    return reader.fail(`unknown alias target ${target}`, reader.at - 1);
  if (sort !== SORT.core) reader.fail("an alias of something a core instance cannot export", at);
  const instance = spaces.core(reader, CORE_SORT.instance);
  const item = { kind: "core-export", instance, name: reader.name() } as const;
  if (coreSort === CORE_SORT.func) spaces.add("coreFuncs", item);
  else if (coreSort === CORE_SORT.table) spaces.add("coreTables", item);
  else if (coreSort === CORE_SORT.memory) spaces.add("coreMemories", item);
  else if (coreSort === CORE_SORT.global) spaces.add("coreGlobals", item);
  else if (coreSort === CORE_SORT.tag) spaces.add("coreTags", item);
  else reader.fail("an alias of something a core instance cannot export", at);
}

function readOuter(reader: ByteReader, spaces: Spaces, sort: number, coreSort: number): void {
  const at = reader.at;
  const depth = reader.u32();
  const outer = spaces.outer(reader, depth);
  const index = reader.u32();
  outer.check(reader, sort, coreSort, index);
  const item = { kind: "outer", depth, index } as const;
  if (sort === SORT.type) spaces.add("types", item);
  else if (sort === SORT.component) spaces.add("components", item);
  else if (coreSort === CORE_SORT.module) spaces.add("coreModules", item);
  else if (coreSort === CORE_SORT.type) spaces.coreTypeCount++;
  else reader.fail("an outer alias of something that is not static", at);
}

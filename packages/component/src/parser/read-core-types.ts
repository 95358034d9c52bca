/**
 * Reads core types. They describe modules from outside, which no node offers, so they are only counted.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import { readCoreTypes } from "../core-module/core-module.ts";
import { CORE_SORT } from "../component-structure.ts";
import type { Spaces } from "./spaces.ts";
import { unsupported } from "./unsupported.ts";

const FUNC = 0x60;
const MODULE = 0x50;
/** Module types are as deep as this and no deeper: their declarations hold function types. */
const DECLARATION = { import: 0, type: 1, alias: 2, export: 3 };

/** Reads one core type and counts it. */
export function readCoreType(reader: ByteReader, spaces: Spaces): void {
  const form = reader.byte();
  if (form === FUNC) readFunc(reader);
  else if (form === MODULE) readModuleType(reader, spaces);
  else if (form === 0x00 || (form >= 0x4d && form <= 0x5f)) unsupported("garbage collected types");
  else reader.fail(`unknown form of core type 0x${form.toString(16)}`, reader.at - 1);
  spaces.coreTypeCount++;
}

function readFunc(reader: ByteReader): void {
  readCoreTypes(reader);
  readCoreTypes(reader);
}

function readModuleType(reader: ByteReader, spaces: Spaces): void {
  let types = 0;
  for (let left = spaces.budget.count(reader, "declarations"); left > 0; left--) {
    const form = reader.byte();
    if (form === DECLARATION.import) {
      reader.name();
      reader.name();
      readImportType(reader, types);
    } else if (form === DECLARATION.export) {
      reader.name();
      readImportType(reader, types);
    } else if (form === DECLARATION.type) {
      if (reader.byte() !== FUNC) unsupported("garbage collected types");
      readFunc(reader);
      types++;
    } else if (form === DECLARATION.alias) {
      if (reader.byte() !== CORE_SORT.type || reader.byte() !== 1)
        reader.fail("a module type names something that is no type", reader.at - 1);
      // depth 1 is the scope around the module type
      const depth = reader.u32();
      const outer = spaces.outer(reader, Math.max(0, depth - 1));
      outer.check(reader, 0, CORE_SORT.type, reader.u32());
      types++;
    } else reader.fail(`unknown form of declaration ${form}`, reader.at - 1);
  }
}

function readImportType(reader: ByteReader, types: number): void {
  const kind = reader.byte();
  if (kind === CORE_SORT.func) {
    if (reader.u32() >= types) reader.fail("a core type does not exist");
  } else if (kind === CORE_SORT.table) {
    reader.byte();
    readLimits(reader);
  } else if (kind === CORE_SORT.memory) readLimits(reader);
  else if (kind === CORE_SORT.global) {
    reader.byte();
    reader.byte();
  } else if (kind === CORE_SORT.tag) {
    reader.byte();
    reader.u32();
  } else reader.fail(`unknown kind of core import ${kind}`, reader.at - 1);
}

function readLimits(reader: ByteReader): void {
  const flags = reader.byte();
  reader.skipLeb(10);
  if ((flags & 1) === 1) reader.skipLeb(10);
}

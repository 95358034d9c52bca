/**
 * Two components as one: what the plug exports is linked to what the socket imports.
 * The result has no core modules of its own: two nested components, one instantiated with an instance of the other, as the
 * common tools make it (spec/packages-and-tools.md §6, §23).
 * @module
 */
import { BinaryWriter } from "./binary.ts";
import { ComposeError } from "./errors.ts";
import { SORT } from "./import-types.ts";
import { mergeImports } from "./merge-imports.ts";
import { PREAMBLE, readComponentShape } from "./read-shape.ts";
import { writeImports } from "./write-imports.ts";

const SECTION = { component: 4, instance: 5, alias: 6, export: 11 } as const;

/** Interfaces that a socket imports and a plug exports, by name, in the socket's order. */
export function linkedInterfaces(socket: Uint8Array, plug: Uint8Array): string[] {
  const { imports } = readComponentShape(socket);
  const { exports } = readComponentShape(plug);
  return [...imports.keys()].filter((name) => exports.has(name));
}

/**
 * Links `plug` into `socket`. The composed component exports what the socket exports, and imports what either still
 * needs; what both import under one name they share.
 * @throws {ComposeError} `kit.bad-component`; `kit.nothing-to-compose` when the plug exports nothing that the socket
 *   imports; `kit.import-conflict` when both import different things under one name
 */
export function composeComponents(socket: Uint8Array, plug: Uint8Array): Uint8Array<ArrayBuffer> {
  const outside = readComponentShape(socket);
  const inside = readComponentShape(plug);
  const linked = new Set([...outside.imports.keys()].filter((name) => inside.exports.has(name)));
  if (linked.size === 0) {
    throw nothingToCompose([...outside.imports.keys()], [...inside.exports.keys()]);
  }
  const out = new BinaryWriter().raw(PREAMBLE);
  const { items, instanceCount, typeCount } = writeImports(
    out,
    mergeImports(inside.imports, outside.imports, linked),
  );
  out.section(SECTION.component, new BinaryWriter().raw(plug));
  out.section(SECTION.component, new BinaryWriter().raw(socket));
  const plugInstance = instanceCount;
  writeInstance(
    out,
    0,
    new Map([...inside.imports.keys()].map((name) => [name, items.get(name)!])),
  );
  // Index spaces go on: first the plug's exports, then the socket's instance and its exports.
  const spaces = new Map<number, number>([
    [SORT.instance, instanceCount + 1],
    [SORT.type, typeCount],
  ]);
  for (const { sort } of items.values()) {
    if (sort === SORT.func) spaces.set(sort, (spaces.get(sort) ?? 0) + 1);
  }
  const provided = new Map(items);
  for (const name of linked) {
    const sort = inside.exports.get(name)!;
    provided.set(name, { sort, index: writeAlias(out, spaces, sort, plugInstance, name) });
  }
  const socketInstance = spaces.get(SORT.instance)!;
  writeInstance(
    out,
    1,
    new Map([...outside.imports.keys()].map((name) => [name, provided.get(name)!])),
  );
  spaces.set(SORT.instance, socketInstance + 1);
  for (const [name, sort] of outside.exports) {
    const index = writeAlias(out, spaces, sort, socketInstance, name);
    writeExport(out, name, sort, index);
    spaces.set(sort, spaces.get(sort)! + 1);
  }
  return out.finish();
}

type Item = { readonly sort: number; readonly index: number };

function writeInstance(
  out: BinaryWriter,
  component: number,
  args: ReadonlyMap<string, Item>,
): void {
  const content = new BinaryWriter().u32(1).byte(0x00).u32(component).u32(args.size);
  for (const [name, { sort, index }] of args) content.name(name).byte(sort).u32(index);
  out.section(SECTION.instance, content);
}

/** @returns the index the item has in the component */
function writeAlias(
  out: BinaryWriter,
  spaces: Map<number, number>,
  sort: number,
  instance: number,
  name: string,
): number {
  out.section(SECTION.alias, new BinaryWriter().u32(1).byte(sort, 0x00).u32(instance).name(name));
  const index = spaces.get(sort) ?? 0;
  spaces.set(sort, index + 1);
  return index;
}

function writeExport(out: BinaryWriter, name: string, sort: number, index: number): void {
  const content = new BinaryWriter().u32(1).externName(name).byte(sort).u32(index).byte(0x00);
  out.section(SECTION.export, content);
}

function nothingToCompose(imports: readonly string[], exports: readonly string[]): ComposeError {
  const list = (names: readonly string[]): string =>
    names.length === 0 ? "nothing" : names.map((name) => JSON.stringify(name)).join(", ");
  return new ComposeError(
    { code: "kit.nothing-to-compose", imports, exports },
    `Nothing to compose: the one component imports ${list(imports)}, the other exports ${list(exports)}`,
    { hint: "Names and versions must be the same on both sides" },
  );
}

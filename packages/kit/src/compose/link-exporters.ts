/**
 * Links a program with every component that exports what it imports.
 * @module
 */
import { composeComponents, linkedInterfaces } from "./compose-components.ts";
import { PREAMBLE } from "./read-shape.ts";

/**
 * The program with the exporters it needs; itself when it needs none. What an exporter imports of another one is linked
 * too.
 * @throws {ComposeError}
 */
export function linkExporters(program: Uint8Array, exporters: readonly Uint8Array[]): Uint8Array {
  let linked = program;
  const left = new Set(exporters.filter(isComponent));
  if (!isComponent(program)) return program;
  for (;;) {
    const next = [...left].find((exporter) => linkedInterfaces(linked, exporter).length > 0);
    if (next === undefined) return linked;
    left.delete(next);
    linked = composeComponents(linked, next);
  }
}

function isComponent(bytes: Uint8Array): boolean {
  return PREAMBLE.every((byte, at) => bytes[at] === byte);
}

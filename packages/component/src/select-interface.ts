/**
 * Chooses the process interface a component was built for, by what it imports (spec/kernel.md §1.4).
 * @module
 */
import type { ComponentStructure } from "./component-structure.ts";
import { ComponentError, quoted } from "./errors.ts";

export const STANDARD_VERSIONS = ["0.7.0", "0.8.0", "1.0.0"] as const;
export type StandardVersion = (typeof STANDARD_VERSIONS)[number];

/** Import names of the process interface, with the version whose functions they have. */
export const STANDARD_INTERFACES: ReadonlyMap<string, StandardVersion> = new Map([
  ...STANDARD_VERSIONS.map((version) => [`kinode:process/standard@${version}`, version] as const),
  // the successor's package has the same functions under another namespace (§1.1)
  ["hyperware:process/standard@1.0.0", "1.0.0"],
]);

/**
 * Checks every import of a component and returns the name of its process interface, if it has one.
 * WASI imports are left to the linker: preview 1 replaces them all.
 * @throws {ComponentError} `component.unknown-import`, `component.unsupported`
 */
export function selectInterface(
  structure: ComponentStructure,
  extraInterfaces: readonly string[] = [],
): string | undefined {
  let selected: string | undefined;
  for (const { name, kind } of structure.imports) {
    // types that a world uses: nothing is called by such a name
    if (kind === "type") continue;
    if (STANDARD_INTERFACES.has(name)) {
      if (selected !== undefined && selected !== name) {
        const feature = `two process interfaces at once, ${quoted(selected)} and ${quoted(name)}`;
        throw new ComponentError({ code: "component.unsupported", feature });
      }
      selected = name;
    } else if (!name.startsWith("wasi:") && !extraInterfaces.includes(name)) {
      const known = [...STANDARD_INTERFACES.keys(), ...extraInterfaces, "wasi:*"];
      throw new ComponentError({ code: "component.unknown-import", name, known });
    }
  }
  return selected;
}

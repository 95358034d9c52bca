/**
 * The linker's bindings of a process interface, by its full name.
 * @module
 */
import type { ImportBinding } from "../../src/canonical-abi/lower-function.ts";
import { STANDARD_INTERFACES } from "../../src/select-interface.ts";
import { standardInterface } from "../../src/standard-interface.ts";

export function selectedVersion(name: string): ReadonlyMap<string, ImportBinding> {
  const version = STANDARD_INTERFACES.get(name);
  if (version === undefined) throw new Error(`There is no interface "${name}"`);
  return standardInterface(version);
}

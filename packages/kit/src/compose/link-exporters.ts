/**
 * Links a program with every component that exports what it imports.
 * @module
 */
import { composeComponents, linkedInterfaces } from "./compose-components.ts";
import { ComposeError } from "./errors.ts";
import { PREAMBLE } from "./read-shape.ts";

/**
 * The program with the exporters it needs, and those that they need; itself when it needs none. An exporter that several
 * need is one instance for all of them: each is linked after everything that uses it.
 * @throws {ComposeError} also when exporters need each other
 */
export function linkExporters(program: Uint8Array, exporters: readonly Uint8Array[]): Uint8Array {
  if (!isComponent(program)) return program;
  const all = exporters.filter(isComponent);
  const needed = new Set<Uint8Array>();
  const need = (user: Uint8Array): void => {
    for (const exporter of all) {
      if (needed.has(exporter) || !uses(user, exporter)) continue;
      needed.add(exporter);
      need(exporter);
    }
  };
  need(program);
  let linked = program;
  while (needed.size > 0) {
    const next = [...needed].find(
      (one) => ![...needed].some((other) => other !== one && uses(other, one)),
    );
    if (next === undefined) throw circle();
    needed.delete(next);
    if (uses(linked, next)) linked = composeComponents(linked, next);
  }
  return linked;
}

const uses = (user: Uint8Array, exporter: Uint8Array): boolean =>
  linkedInterfaces(user, exporter).length > 0;

function circle(): ComposeError {
  return new ComposeError(
    { code: "kit.import-conflict", name: "", reason: "exporters need each other" },
    "Components that export functions import each other's, so none can be started first",
    { hint: "Move what both need into a third one" },
  );
}

function isComponent(bytes: Uint8Array): boolean {
  return PREAMBLE.every((byte, at) => bytes[at] === byte);
}

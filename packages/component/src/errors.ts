/**
 * What can be wrong with a component before it runs, as data.
 * Not here: what goes wrong while it runs (`GuestTrap` in canonical-abi/guest-memory.ts, endings in fiber.ts).
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type ComponentFault =
  /** The bytes break the binary format; `offset` counts from the start of the file. */
  | { code: "component.malformed"; what: string; offset: number }
  /** A core module without the component wrapper around it. */
  | { code: "component.not-a-component"; what: string }
  /** The bytes are well formed, but its parts do not fit together. */
  | { code: "component.invalid"; what: string }
  /** An import that this node does not offer. */
  | { code: "component.unknown-import"; name: string; known: readonly string[] }
  /** A valid component that needs something this executor does not do. */
  | { code: "component.unsupported"; feature: string }
  /** No `init`, or one with another shape. */
  | { code: "component.no-init"; what: string }
  /** The engine refused the core module. */
  | { code: "component.invalid-module"; what: string }
  /** More than a limit allows. */
  | { code: "component.too-large"; what: string; value: number; bound: number };

/** A file that cannot become a program. */
export class ComponentError extends KinodeError<ComponentFault> {
  override name = "ComponentError";
  constructor(fault: ComponentFault, options: { hint?: string; cause?: unknown } = {}) {
    super(fault, `Cannot load the component: ${factOf(fault)}`, options);
  }
}

function factOf(fault: ComponentFault): string {
  switch (fault.code) {
    case "component.malformed":
      return `${fault.what} at byte ${fault.offset}`;
    case "component.not-a-component":
      return fault.what;
    case "component.unknown-import":
      return `unknown import ${quoted(fault.name)}; this node offers ${fault.known.join(", ")}`;
    case "component.unsupported":
      return `it needs ${fault.feature}, which this node does not support`;
    case "component.no-init":
    case "component.invalid":
      return fault.what;
    case "component.invalid-module":
      return fault.what;
    case "component.too-large":
      return `${fault.what} is ${fault.value}, above the limit of ${fault.bound}`;
  }
}

const MAX_QUOTED = 120;

/**
 * A name out of a component between quotes: what could break a line or a terminal is escaped, and it is cut.
 */
export function quoted(name: string): string {
  const cut = name.length > MAX_QUOTED ? `${name.slice(0, MAX_QUOTED)}…` : name;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

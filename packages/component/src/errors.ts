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
      return `unknown import "${fault.name}"; this node offers ${fault.known.join(", ")}`;
    case "component.unsupported":
      return `it needs ${fault.feature}, which this node does not support`;
    case "component.no-init":
      return fault.what;
    case "component.invalid-module":
      return fault.what;
    case "component.too-large":
      return `${fault.what} is ${fault.value}, above the limit of ${fault.bound}`;
  }
}

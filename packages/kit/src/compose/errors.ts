/**
 * Why two components cannot be put together.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type ComposeFault =
  /** The bytes are no component, or one this reader does not know. */
  | { readonly code: "kit.bad-component"; readonly offset: number; readonly reason: string }
  /** The plug exports nothing that the socket imports. */
  | {
      readonly code: "kit.nothing-to-compose";
      readonly imports: readonly string[];
      readonly exports: readonly string[];
    }
  /** Both import something under one name, but not the same. */
  | { readonly code: "kit.import-conflict"; readonly name: string; readonly reason: string };

export class ComposeError extends KinodeError<ComposeFault> {
  override name = "ComposeError";
}

export function badComponent(offset: number, reason: string): ComposeError {
  return new ComposeError(
    { code: "kit.bad-component", offset, reason },
    `Cannot read the component at byte ${offset}: ${reason}`,
  );
}

export function conflict(name: string, reason: string): ComposeError {
  return new ComposeError(
    { code: "kit.import-conflict", name, reason },
    `The two components cannot share the import ${JSON.stringify(name)}: ${reason}`,
    { hint: "Build both against the same version of the interface" },
  );
}

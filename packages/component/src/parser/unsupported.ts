/**
 * Refusing a valid component by the name of what it needs.
 * @module
 */
import { ComponentError } from "../errors.ts";

/** @throws {ComponentError} `component.unsupported` */
export function unsupported(feature: string): never {
  throw new ComponentError({ code: "component.unsupported", feature });
}

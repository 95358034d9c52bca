/**
 * Refusing a component whose parts do not fit together.
 * @module
 */
import { ComponentError } from "../errors.ts";

/** @throws {ComponentError} `component.invalid` */
export function invalid(what: string): never {
  throw new ComponentError({ code: "component.invalid", what });
}

/**
 * The eth runtime module.
 * @module
 */
export { ALLOWED_METHODS } from "./methods.ts";

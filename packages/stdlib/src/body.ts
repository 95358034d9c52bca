/**
 * Bodies: bytes, text, or data that is sent as JSON.
 * @module
 */
import { stringifyJson } from "./json.ts";

/**
 * A `Uint8Array` goes as it is, a `string` as UTF-8 text, any other object or array as JSON.
 * A bare JSON string, number or `null` needs `json(…)`, since text is sent as it is.
 */
export type Body = Uint8Array | string | object;

/** The JSON text of a value, for bodies such as `json("GetApps")`. */
export function json(value: unknown): string {
  return stringifyJson(value);
}

export function encodeBody(body: Body): Uint8Array | string {
  return typeof body === "string" || body instanceof Uint8Array ? body : stringifyJson(body);
}

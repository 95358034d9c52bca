/**
 * Small helpers for the JSON bodies of these modules.
 * @module
 */
import { decodeIntegerJson } from "@kinode-ts/codec/integer-json";

const encoder = new TextEncoder();

export function encodeJson(json: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(json));
}

/**
 * Reads an externally tagged value: `"Name"` and `{"Name":null}` as `["Name", null]`, `{"Name":x}` as `["Name", x]`.
 * @returns `undefined` for anything else
 */
export function decodeVariant(body: Uint8Array): readonly [string, unknown] | undefined {
  let json: unknown;
  try {
    json = decodeIntegerJson(body);
  } catch {
    return undefined;
  }
  if (typeof json === "string") return [json, null];
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const entries = Object.entries(json);
  return entries.length === 1 ? entries[0] : undefined;
}

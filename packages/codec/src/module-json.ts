/**
 * JSON bodies of runtime modules: externally tagged values. Source: spec/runtime-modules.md §1.3.
 * @module
 */
import { decodeIntegerJson } from "./integer-json.ts";

const encoder = new TextEncoder();

export function encodeJson(json: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(json));
}

/**
 * Reads an externally tagged value: `"Name"` and `{"Name":null}` as `["Name", null]`, `{"Name":x}` as `["Name", x]`.
 * @returns `undefined` for anything else
 */
export function readVariant(json: unknown): readonly [string, unknown] | undefined {
  if (typeof json === "string") return [json, null];
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const entries = Object.entries(json);
  return entries.length === 1 ? entries[0] : undefined;
}

/** A value that is a variant without content: `"Text"` and `{"Text":null}` as `"Text"`; `undefined` for anything else. */
export function readUnit(json: unknown): string | undefined {
  const [name, content] = readVariant(json) ?? [];
  return content === null ? name : undefined;
}

/** A variant from the bytes of a body; `undefined` also when they are not JSON. */
export function decodeVariant(body: Uint8Array): readonly [string, unknown] | undefined {
  try {
    return readVariant(decodeIntegerJson(body));
  } catch {
    return undefined;
  }
}

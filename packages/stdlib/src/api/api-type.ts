/**
 * What a type of an API can do: write a value as the JSON that Rust packages read, and read theirs.
 * The JSON is that of serde's derives on types made from WIT (spec/packages-and-tools.md §1).
 * @module
 */
import type { SchemaError } from "../schema.ts";
import { SchemaError as Mismatch } from "../schema.ts";
import { parseJson } from "../json.ts";

/** What a type is made of, for tools that write it down as WIT or as a schema. */
export type ApiShape =
  | { readonly kind: ScalarKind }
  | { readonly kind: "list" | "option"; readonly element: ApiType<unknown> }
  | { readonly kind: "tuple"; readonly elements: readonly ApiType<unknown>[] }
  | {
      readonly kind: "result";
      readonly ok: ApiType<unknown> | undefined;
      readonly err: ApiType<unknown> | undefined;
    }
  | { readonly kind: "record"; readonly fields: Readonly<Record<string, ApiType<unknown>>> }
  | { readonly kind: "variant"; readonly cases: Readonly<Record<string, ApiType<unknown> | null>> }
  | { readonly kind: "enum"; readonly cases: readonly string[] };

/** Types without parts, by their WIT name. */
export type ScalarKind =
  | "bool"
  | "s8"
  | "s16"
  | "s32"
  | "s64"
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "f32"
  | "f64"
  | "char"
  | "string";

/** A type of an API. It is a `Schema` too: `message.json(chatMessage)`. */
export interface ApiType<T> {
  readonly shape: ApiShape;
  /**
   * JSON text of a value.
   * @throws {SchemaError} it is no value of this type
   */
  write(value: T): string;
  /**
   * A value from parsed JSON (`parseJson`, which keeps large integers).
   * @throws {SchemaError} with the path to what does not fit
   */
  parse(json: unknown): T;
}

/** The TypeScript type that an `ApiType` describes. */
export type Of<A> = A extends ApiType<infer T> ? T : never;

/** Text of a request or response → a value. @throws {SchemaError | JsonError} */
export function readText<T>(type: ApiType<T>, text: string): T {
  return type.parse(parseJson(text));
}

/** The error for a value that is not what it should be. */
export function mismatch(expected: string, found: unknown): SchemaError {
  return new Mismatch([`expected ${expected}, found ${describe(found)}`]);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "object") {
    const keys = Object.keys(value)
      .slice(0, 4)
      .map((key) => JSON.stringify(key));
    return keys.length === 0 ? "an empty object" : `an object with ${keys.join(", ")}`;
  }
  if (typeof value === "bigint") return `${value}`;
  const text = JSON.stringify(value) ?? `a ${typeof value}`;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** The error to throw for `thrown`, which happened at `place`, e.g. `author` or `[3]`. */
export function misplaced(place: string, thrown: unknown): unknown {
  if (!(thrown instanceof Mismatch)) return thrown;
  return new Mismatch(thrown.fault.issues.map((issue) => joined(place, issue)));
}

/** Runs `body`; an error of it tells that it happened at `place`. */
export function within<T>(place: string, body: () => T): T {
  try {
    return body();
  } catch (thrown) {
    throw misplaced(place, thrown);
  }
}

// An issue is a path, a colon and what is wrong; one without a path starts with "expected".
function joined(place: string, issue: string): string {
  if (issue.startsWith("expected ")) return `${place}: ${issue}`;
  return issue.startsWith("[") ? `${place}${issue}` : `${place}.${issue}`;
}

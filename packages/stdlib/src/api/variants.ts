/**
 * Types with cases: variants, enums and results. Here a value is `{ tag, val }`, as the component tools for JavaScript
 * have it; on the wire `"Case"` or `{"Case": payload}`.
 * @module
 */
import type { ApiShape, ApiType } from "./api-type.ts";
import { mismatch, within } from "./api-type.ts";
import { wireCase } from "./names.ts";

type Cases = Readonly<Record<string, ApiType<unknown> | null>>;

type VariantOf<C extends Cases> = {
  [K in keyof C & string]: C[K] extends ApiType<infer T>
    ? { readonly tag: K; readonly val: T }
    : { readonly tag: K };
}[keyof C & string];

interface Found {
  readonly name: string;
  readonly payload: unknown;
  readonly isBare: boolean;
}

/** `"Case"` or `{"Case": payload}` taken apart. */
function takeApart(json: unknown, expected: () => string): Found {
  if (typeof json === "string") return { name: json, payload: undefined, isBare: true };
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    const entries = Object.entries(json);
    if (entries.length === 1) {
      return { name: entries[0]![0], payload: entries[0]![1] as unknown, isBare: false };
    }
  }
  throw mismatch(expected(), json);
}

/** Cases by their WIT name; `null` for one without a payload. */
export function variant<const C extends Cases>(cases: C): ApiType<VariantOf<C>> {
  const byTag = new Map<string, ApiType<unknown> | null>(Object.entries(cases));
  const byWire = new Map(Object.keys(cases).map((tag) => [wireCase(tag), tag]));
  const expected = (): string => `one of ${[...byWire.keys()].map((c) => `"${c}"`).join(", ")}`;
  return {
    shape: { kind: "variant", cases },
    write: (value: { readonly tag: string; readonly val?: unknown }) => {
      const type = byTag.get(value?.tag);
      if (type === undefined) {
        throw mismatch(`{ tag } with one of ${[...byTag.keys()].join(", ")}`, value?.tag ?? value);
      }
      const name = wireCase(value.tag);
      if (type === null) return `"${name}"`;
      return `{"${name}":${within(value.tag, () => type.write(value.val))}}`;
    },
    parse: (json) => {
      const { name, payload, isBare } = takeApart(json, expected);
      const tag = byWire.get(name);
      if (tag === undefined) throw mismatch(expected(), json);
      const type = byTag.get(tag)!;
      if (type === null) {
        if (!isBare && payload !== null) throw mismatch(`"${name}" without a payload`, json);
        return { tag } as VariantOf<C>;
      }
      if (isBare) throw mismatch(`"${name}" with a payload`, json);
      return { tag, val: within(name, () => type.parse(payload)) } as unknown as VariantOf<C>;
    },
  };
}

/** One of these WIT names. */
export function enumeration<const C extends readonly string[]>(...cases: C): ApiType<C[number]> {
  const byWire = new Map(cases.map((name) => [wireCase(name), name]));
  return {
    shape: { kind: "enum", cases },
    write: (value) => {
      if (!cases.includes(value)) throw mismatch(`one of ${cases.join(", ")}`, value);
      return `"${wireCase(value)}"`;
    },
    parse: (json) => {
      const found = typeof json === "string" ? byWire.get(json) : undefined;
      if (found !== undefined) return found;
      throw mismatch(`one of ${[...byWire.keys()].map((c) => `"${c}"`).join(", ")}`, json);
    },
  };
}

/** What worked, or what did not. A side without a type has no `val`. */
export type ApiResult<T, E> =
  | (T extends undefined
      ? { readonly tag: "ok"; readonly val?: undefined }
      : { readonly tag: "ok"; readonly val: T })
  | (E extends undefined
      ? { readonly tag: "err"; readonly val?: undefined }
      : { readonly tag: "err"; readonly val: E });

/** What a call with this result returns: the value of `ok`. */
export type Unwrapped<R> =
  Extract<R, { readonly tag: "ok" }> extends { readonly val: infer T } ? T : void;

/** The type of a result: a call with it returns what is `ok`, and throws what is not. */
export interface ResultType<T> extends ApiType<T> {
  readonly shape: Extract<ApiShape, { readonly kind: "result" }>;
}

type Side<A> = A extends ApiType<infer T> ? T : undefined;

/** `result<ok, err>`; `null` where WIT has nothing. */
export function result<
  const A extends ApiType<unknown> | null,
  const B extends ApiType<unknown> | null,
>(ok: A, err: B): ResultType<ApiResult<Side<A>, Side<B>>> {
  const types = { ok, err };
  return {
    shape: { kind: "result", ok: ok ?? undefined, err: err ?? undefined },
    write: (value) => {
      const tag = value?.tag;
      if (tag !== "ok" && tag !== "err") throw mismatch('{ tag } with "ok" or "err"', tag ?? value);
      const type = types[tag];
      const text = type === null ? "null" : within(tag, () => type.write(value.val));
      return `{"${tag === "ok" ? "Ok" : "Err"}":${text}}`;
    },
    parse: (json) => {
      const { name, payload, isBare } = takeApart(json, () => '{"Ok": …} or {"Err": …}');
      if (isBare || (name !== "Ok" && name !== "Err")) {
        throw mismatch('{"Ok": …} or {"Err": …}', json);
      }
      const tag = name === "Ok" ? "ok" : "err";
      const type = types[tag];
      if (type === null) return { tag } as ApiResult<Side<A>, Side<B>>;
      const val = within(name, () => type.parse(payload));
      return { tag, val } as unknown as ApiResult<Side<A>, Side<B>>;
    },
  };
}

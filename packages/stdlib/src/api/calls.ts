/**
 * The calls of an API: what each sends, and which answers belong to it.
 * Requests are `"Case"` or `{"Case": payload}`; spec/packages-and-tools.md §1, §12.
 * @module
 */
import type { ApiType } from "./api-type.ts";
import { type Refusal, refused, unexpectedAnswer } from "./api-error.ts";
import { mismatch, readText } from "./api-type.ts";
import { kebabName, wireCase } from "./names.ts";
import { string } from "./scalars.ts";
import { type ResultType, type Unwrapped, variant } from "./variants.ts";

/**
 * How the payload holds the arguments: `one` argument or none, as a WIT variant has it; `many` as the successor's
 * framework does it, with `null` for none and a list for several.
 */
export type ArgumentStyle = "one" | "many";

/** Where the value of an answer is. */
export type Answers =
  /** Nowhere: the request is sent and not waited for. */
  | { readonly kind: "none" }
  /** The whole body is the value. */
  | { readonly kind: "whole"; readonly type: ApiType<unknown> }
  /**
   * The body is a variant; the value is the payload of one case, or the variant where no case is named. Other cases named
   * `err`, `error` or `…-error` refuse.
   */
  | { readonly kind: "case"; readonly type: ApiType<unknown>; readonly tag: string | undefined };

/** One call with its arguments and its value; the type parameters are for the compiler alone. */
export interface Call<A extends readonly unknown[], R> {
  /** Case of the request on the wire. */
  readonly name: string;
  readonly style: ArgumentStyle;
  readonly args: readonly ApiType<unknown>[];
  readonly answers: Answers;
  readonly "~types"?: (...args: A) => R;
}

export type AnyCall = Call<readonly unknown[], unknown>;
export type Calls = Readonly<Record<string, Call<never, unknown>>>;

type Value = { readonly tag: string; readonly val?: unknown };

const isFailure = (tag: string): boolean => /(?:^|-)(?:err|error)$/.test(tag);

/** A call of an existing API, as generated code writes it. */
export function call<A extends readonly unknown[], R>(
  name: string,
  args: readonly ApiType<unknown>[],
  answers: Answers,
  style: ArgumentStyle = "one",
): Call<A, R> {
  return { name, args, answers, style };
}

/** Body of a request. @throws {SchemaError} an argument does not fit */
export function writeRequest(call: AnyCall, args: readonly unknown[]): string {
  const texts = call.args.map((type, index) => type.write(args[index]));
  if (texts.length === 0) return call.style === "one" ? `"${call.name}"` : `{"${call.name}":null}`;
  const payload = texts.length === 1 ? texts[0]! : `[${texts.join(",")}]`;
  return `{"${call.name}":${payload}}`;
}

/** The arguments in the payload of a request. @throws {SchemaError} */
export function readArguments(call: AnyCall, payload: unknown): unknown[] {
  const { args } = call;
  if (args.length <= 1) return args.map((type) => type.parse(payload));
  if (!Array.isArray(payload) || payload.length !== args.length) {
    throw mismatch(`a list of ${args.length}`, payload);
  }
  return args.map((type, index) => type.parse(payload[index]));
}

/** The value in the body of an answer. @throws {ApiError} refused, or not an answer of this API */
export function readAnswer(method: string, { answers }: AnyCall, body: string): unknown {
  if (answers.kind === "none") return undefined;
  let value: unknown;
  try {
    value = readText(answers.type, body);
  } catch (thrown) {
    throw unexpectedAnswer(method, body, thrown);
  }
  if (answers.kind === "case") {
    const { tag, val } = value as Value;
    if (tag !== answers.tag && isFailure(tag)) throw refused(method, val ?? value);
    if (answers.tag === undefined) return value;
    if (tag !== answers.tag) throw unexpectedAnswer(method, body);
    value = val;
  }
  return unwrapped(method, value, answers);
}

function valueType(answers: Answers): ApiType<unknown> | undefined {
  if (answers.kind === "whole") return answers.type;
  if (answers.kind === "none" || answers.tag === undefined) return undefined;
  const { shape } = answers.type;
  return shape.kind === "variant" ? (shape.cases[answers.tag] ?? undefined) : undefined;
}

/** A result is returned or thrown, as functions of JavaScript do. */
function unwrapped(method: string, value: unknown, answers: Answers): unknown {
  if (valueType(answers)?.shape.kind !== "result") return value;
  const { tag, val } = value as Value;
  if (tag === "err") throw refused(method, val);
  return val;
}

/** Body of the answer that carries `value`. @throws {SchemaError} */
export function writeAnswer({ answers }: AnyCall, value: unknown): string | undefined {
  if (answers.kind === "none") return undefined;
  const isResult = valueType(answers)?.shape.kind === "result";
  const wrapped = isResult ? { tag: "ok", val: value } : value;
  if (answers.kind === "whole" || answers.tag === undefined) return answers.type.write(wrapped);
  return answers.type.write({ tag: answers.tag, val: wrapped });
}

/** Body of the answer that refuses; `undefined` where the API has no way to say it. */
export function writeRefusal({ answers }: AnyCall, refusal: Refusal): string | undefined {
  if (answers.kind === "none") return undefined;
  const type = valueType(answers);
  if (type?.shape.kind === "result") {
    const wrapped = { tag: "err", val: refusal.value };
    return answers.kind === "case" && answers.tag !== undefined
      ? answers.type.write({ tag: answers.tag, val: wrapped })
      : answers.type.write(wrapped);
  }
  const { shape } = answers.type;
  const { tag, value } = refusal;
  if (shape.kind !== "variant" || !Object.hasOwn(shape.cases, tag)) return undefined;
  return answers.type.write({ tag, val: value });
}

/** Arguments and value of a call that is defined in TypeScript. */
export interface Method<A extends readonly unknown[], R> {
  readonly args: readonly ApiType<unknown>[];
  readonly value: ApiType<unknown> | null;
  readonly "~types"?: (...args: A) => R;
}

/** Calls by name, as `defineApi` takes them. */
export type Methods = Readonly<Record<string, Method<never, unknown>>>;

type Arguments<E extends readonly ApiType<unknown>[]> = {
  -readonly [I in keyof E]: E[I] extends ApiType<infer T> ? T : never;
};

type ValueOf<V> =
  V extends ResultType<infer R> ? Unwrapped<R> : V extends ApiType<infer T> ? T : void;

/** A call that is defined in TypeScript: what it takes, and what it answers with (`null`: nothing). */
export function method<
  const E extends readonly ApiType<unknown>[],
  V extends ApiType<unknown> | null,
>(args: E, value: V): Method<Arguments<E>, ValueOf<V>> {
  return { args, value };
}

/** The calls for methods of one API: an answer is a case of the call's own name, or `err` with a text. */
export function callsOf(methods: Methods): Record<string, AnyCall> {
  const cases = Object.entries(methods).map(
    ([name, { value }]) => [kebabName(name), value] as const,
  );
  const response = variant({ ...Object.fromEntries(cases), err: string });
  return Object.fromEntries(
    Object.entries(methods).map(([name, { args }]) => {
      const tag = kebabName(name);
      return [name, call(wireCase(tag), args, { kind: "case", type: response, tag })];
    }),
  );
}

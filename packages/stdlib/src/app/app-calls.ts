/**
 * Calls of a declared process: `{"AddNote": payload}` is answered `{"AddNote": value}`, or `{"Err": text}`; the same as
 * `defineApi` says it, so that the callers it makes fit.
 * Source: spec/packages-and-tools.md §25.11, docs/guides/api.md.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import { Refusal } from "../api/api-error.ts";
import type { ApiType } from "../api/api-type.ts";
import { callsOf, type Method } from "../api/calls.ts";
import { api } from "../api/define-api.ts";
import type { Handler } from "../dispatcher.ts";
import { json } from "../body.ts";
import { parseJsonBytes, stringifyJson } from "../json.ts";
import type { IncomingRequest } from "../message.ts";
import { isRecord } from "../module-answer.ts";
import { print } from "../print.ts";
import type { Schema } from "../schema.ts";
import { applySchema } from "../schema.ts";
import { chained } from "./chained.ts";
import type { CallContext, Handling } from "./context.ts";

type Run = (...args: readonly never[]) => unknown;

/** A function that answers one call. Made by `handler`. */
export interface CallHandler<S> {
  readonly method: Method<never, unknown>;
  /** Takes the arguments, the state and the context. */
  readonly run: Run;
  /** For the compiler alone. */
  readonly "~state"?: (state: S) => void;
}

/**
 * Answers one call. What it returns is the value of the answer; `throw new Refusal(text)` is the answer `{"Err": text}`.
 * Types of `./api` as input and output are what a caller from `defineApi` has; any other schema checks JSON.
 *
 * ```ts no-run
 * local: {
 *   addNote: handler(string, u64, (text, state) => state.notes.push(text)),
 *   clear: handler(null, null, (state) => void (state.notes.length = 0)),
 *   find: handler(notesApi.methods.find, (tag, state) => state.notes.filter((note) => note.includes(tag))),
 * }
 * ```
 */
export function handler<I, O, S>(
  input: Schema<I>,
  output: Schema<O>,
  run: (input: I, state: S, context: CallContext<S>) => NoInfer<O> | Promise<NoInfer<O>>,
): CallHandler<S>;
export function handler<I, S>(
  input: Schema<I>,
  output: null,
  run: (input: I, state: S, context: CallContext<S>) => void | Promise<void>,
): CallHandler<S>;
export function handler<O, S>(
  input: null,
  output: Schema<O>,
  run: (state: S, context: CallContext<S>) => NoInfer<O> | Promise<NoInfer<O>>,
): CallHandler<S>;
export function handler<S>(
  input: null,
  output: null,
  run: (state: S, context: CallContext<S>) => void | Promise<void>,
): CallHandler<S>;
export function handler<R, S>(
  method: Method<[], R>,
  run: (state: S, context: CallContext<S>) => NoInfer<R> | Promise<NoInfer<R>>,
): CallHandler<S>;
export function handler<A extends readonly unknown[], R, S>(
  method: Method<A, R>,
  run: (...args: [...A, state: S, context: CallContext<S>]) => NoInfer<R> | Promise<NoInfer<R>>,
): CallHandler<S>;
export function handler<S>(...parts: readonly unknown[]): CallHandler<S> {
  if (parts.length === 2) {
    const [method, run] = parts as [Method<never, unknown>, Run];
    return { method, run };
  }
  const [input, output, run] = parts as [Schema<unknown> | null, Schema<unknown> | null, Run];
  const args = input === null ? [] : [asType(input)];
  return { method: { args, value: output === null ? null : asType(output) }, run };
}

/** Any schema as a type of calls. Its shape is of no kind that calls look at, and no WIT is written of it. */
function asType(schema: Schema<unknown>): ApiType<unknown> {
  if (isApiType(schema)) return schema;
  return {
    shape: { kind: "string" },
    write: (value) => stringifyJson(applySchema(schema, value)),
    parse: (value) => applySchema(schema, value),
  };
}

function isApiType(schema: Schema<unknown>): schema is ApiType<unknown> {
  return "shape" in schema && "write" in schema && "parse" in schema;
}

/** What calls need from the process around them. */
export interface Surroundings<S> {
  contextOf(message: IncomingRequest): CallContext<S>;
  readonly handling: Handling;
}

/** Answers requests with one of these calls, others with what is known here. */
export function handleCalls<S>(
  handlers: Readonly<Record<string, CallHandler<S>>>,
  around: Surroundings<S>,
): Handler {
  const entries = Object.entries(handlers);
  const methods = Object.fromEntries(entries.map(([name, { method }]) => [name, method]));
  const calls = callsOf(methods);
  const functions = Object.fromEntries(
    entries.map(([name, { run }]) => [name, guarded(name, run as AnyRun, around)]),
  );
  const names = Object.values(calls).map((call) => call.name);
  return api(calls).handle(functions, (message) => refuse(message, names));
}

type AnyRun = (...args: readonly unknown[]) => unknown;

/** Runs it with state and context. The caller learns no more of a failure than that. */
function guarded<S>(name: string, run: AnyRun, around: Surroundings<S>): never {
  const guard = (...given: readonly unknown[]): unknown => {
    const context = around.contextOf(given.at(-1) as IncomingRequest);
    const handle = (): unknown => run(...given.slice(0, -1), context.state, context);
    return chained(
      () => around.handling(handle),
      (value) => value,
      (thrown) => {
        if (thrown instanceof Refusal) throw thrown;
        print(`The handler of "${name}" failed: ${errorText(thrown)}`);
        throw new Refusal("internal error");
      },
    );
  };
  return guard as never;
}

const MAX_SHOWN = 60;

function refuse(message: IncomingRequest, names: readonly string[]): string | undefined {
  const known =
    names.length === 0 ? "this process takes no calls" : `there are ${names.join(", ")}`;
  const text = `${shown(message)} is no call of this process: ${known}`;
  if (message.expectsResponse !== undefined) return json({ Err: text });
  print(`Ignored a request of "${message.source.toString()}": ${text}`, 2);
  return undefined;
}

function shown(message: IncomingRequest): string {
  try {
    const value = parseJsonBytes(message.body);
    const name = typeof value === "string" ? value : isRecord(value) ? Object.keys(value)[0] : "";
    if (name !== undefined && name !== "") return JSON.stringify(name.slice(0, MAX_SHOWN));
  } catch {
    // what it is instead does not matter
  }
  return "The request";
}

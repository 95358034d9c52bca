/**
 * An API as a program uses it: `chatApi(address).send(…)` on one side, `chatApi.handle({ send … })` on the other.
 * @module
 */
import type { IncomingRequest, IncomingResponse } from "../message.ts";
import { parseJson } from "../json.ts";
import { SchemaError } from "../schema.ts";
import type { RequestOptions } from "../send.ts";
import { request, send } from "../send.ts";
import type { Target } from "../address.ts";
import type { Handler } from "../dispatcher.ts";
import { type AnswerOptions, reply } from "../answer.ts";
import { errorText } from "@kinode-ts/types";
import { Refusal } from "./api-error.ts";
import {
  type AnyCall,
  type Call,
  type Calls,
  callsOf,
  type Method,
  type Methods,
  readAnswer,
  readArguments,
  writeAnswer,
  writeRefusal,
  writeRequest,
} from "./calls.ts";

/** A value with the message that brought it, for its blob, source and capabilities. */
export interface FullAnswer<R> {
  readonly value: R;
  readonly response: IncomingResponse;
}

/** One call of a client. */
export interface ClientMethod<A extends readonly unknown[], R> {
  /**
   * Rejects with `ApiError` when the other side refuses or answers something else, `SendError` when it cannot be
   * reached, and `SchemaError` when an argument does not fit.
   */
  (...args: [...A, options?: RequestOptions]): Promise<R>;
  /** The same, with the whole response. */
  full(...args: [...A, options?: RequestOptions]): Promise<FullAnswer<R>>;
}

/** The calls of an API as functions. */
export type Client<C extends Calls> = {
  readonly [K in keyof C]: C[K] extends Call<infer A, infer R> ? ClientMethod<A, R> : never;
};

/**
 * Functions that answer the calls. What one throws as `new Refusal(value)` the caller gets as its error.
 * Return `withReply(value, { blob })` to send a blob along.
 */
export type Handlers<C extends Calls> = {
  readonly [K in keyof C]: C[K] extends Call<infer A, infer R>
    ? (...args: [...A, message: IncomingRequest]) => R | WithReply<R> | Promise<R | WithReply<R>>
    : never;
};

/** A value with what else the response is to carry. Made by `withReply`. */
export class WithReply<R> {
  readonly value: R;
  readonly options: AnswerOptions;

  constructor(value: R, options: AnswerOptions) {
    this.value = value;
    this.options = options;
  }
}

/** A handler's value with a blob, metadata or capabilities. */
export function withReply<R>(value: R, options: AnswerOptions): WithReply<R> {
  return new WithReply(value, options);
}

/** An API on both sides. Made by `defineApi` or by generated code. */
export interface Api<C extends Calls> {
  /** A client of the process at `target`; `defaults` hold for each of its calls. */
  (target: Target, defaults?: RequestOptions): Client<C>;
  readonly calls: C;
  /**
   * A handler for `serve`. Requests of another form go to `otherwise`; without it they are an error. Arguments that do not fit
   * are refused where the API's error is a text; else they are an error too, which the caller sees as a timeout.
   */
  handle(handlers: Handlers<C>, otherwise?: Handler): Handler;
}

type CallsOfMethods<M extends Methods> = {
  readonly [K in keyof M]: M[K] extends Method<infer A, infer R> ? Call<A, R> : never;
};

/** An API that is defined in TypeScript. Its WIT is written by `kinode build`. */
export function defineApi<const M extends Methods>(
  methods: M,
): Api<CallsOfMethods<M>> & { readonly methods: M } {
  return Object.assign(api(callsOf(methods) as unknown as CallsOfMethods<M>), { methods });
}

/** An API from its calls, as generated code makes it. */
export function api<C extends Calls>(calls: C): Api<C> {
  const entries = Object.entries(calls as unknown as Readonly<Record<string, AnyCall>>);
  const connect = (target: Target, defaults?: RequestOptions): Client<C> =>
    Object.fromEntries(
      entries.map(([name, one]) => [name, clientMethod(name, one, target, defaults)]),
    ) as unknown as Client<C>;
  const byName = new Map(entries.map(([name, one]) => [one.name, { name, call: one }]));
  const handle = (handlers: Handlers<C>, otherwise?: Handler): Handler => {
    const functions = handlers as unknown as Readonly<Record<string, HandlerFunction>>;
    return (message) => {
      const found = takeRequest(message, byName);
      if (found !== undefined) return answer(functions[found.name]!, found, message);
      if (otherwise !== undefined) return otherwise(message);
      const names = [...byName.keys()].map((name) => `"${name}"`).join(", ");
      throw new SchemaError([`expected a request with one of ${names}, found ${shown(message)}`]);
    };
  };
  return Object.assign(connect, { calls, handle });
}

function clientMethod(
  name: string,
  one: AnyCall,
  target: Target,
  defaults: RequestOptions | undefined,
): ClientMethod<readonly unknown[], unknown> {
  const prepare = (args: readonly unknown[]): [string, RequestOptions | undefined] => {
    const own = args[one.args.length] as RequestOptions | undefined;
    const options =
      own === undefined || defaults === undefined ? (own ?? defaults) : { ...defaults, ...own };
    return [writeRequest(one, args), options];
  };
  const full = async (...args: readonly unknown[]): Promise<FullAnswer<unknown>> => {
    const [body, options] = prepare(args);
    const response = await request(target, body, options);
    return { value: readAnswer(name, one, response.text()), response };
  };
  const plain = async (...args: readonly unknown[]): Promise<unknown> => {
    if (one.answers.kind !== "none") return (await full(...args)).value;
    const [body, options] = prepare(args);
    return send(target, body, options);
  };
  return Object.assign(plain, { full }) as ClientMethod<readonly unknown[], unknown>;
}

type HandlerFunction = (...args: unknown[]) => unknown;

interface Taken {
  readonly name: string;
  readonly call: AnyCall;
  readonly payload: unknown;
}

function takeRequest(
  message: IncomingRequest,
  byName: ReadonlyMap<string, { name: string; call: AnyCall }>,
): Taken | undefined {
  let body: unknown;
  try {
    body = parseJson(message.text());
  } catch {
    return undefined;
  }
  const isText = typeof body === "string";
  const entry = isText ? undefined : Object.entries(body ?? {});
  if (entry !== undefined && entry.length !== 1) return undefined;
  const [wire, payload] = entry?.[0] ?? [body as string, null];
  const found = byName.get(wire);
  return found && { ...found, payload };
}

async function answer(handler: HandlerFunction, taken: Taken, message: IncomingRequest) {
  let args: unknown[];
  try {
    args = readArguments(taken.call, taken.payload);
  } catch (thrown) {
    const text = thrown instanceof SchemaError ? badArguments(taken, thrown) : undefined;
    if (text === undefined) throw thrown;
    return text;
  }
  try {
    const given = await handler(...args, message);
    const { value, options } =
      given instanceof WithReply ? given : { value: given, options: undefined };
    const text = writeAnswer(taken.call, value);
    if (text === undefined) return undefined;
    return options === undefined ? text : reply(text, options);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const text = writeRefusal(taken.call, thrown);
    if (text !== undefined) return text;
    throw new Error(
      `"${taken.name}" was refused with ${errorText(thrown.value)}, but its API has no error case`,
      { cause: thrown },
    );
  }
}

/** The refusal of arguments that do not fit, where the API's error is a text. */
function badArguments({ name, call }: Taken, thrown: SchemaError): string | undefined {
  try {
    return writeRefusal(call, new Refusal(`"${name}": ${thrown.message}`));
  } catch {
    return undefined;
  }
}

function shown(message: IncomingRequest): string {
  const text = message.text();
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

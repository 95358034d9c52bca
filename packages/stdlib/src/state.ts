/**
 * The state of a process: one byte string that survives restarts, updates and reinstalls.
 * Source: spec/kernel.md §3.13, spec/packages-and-tools.md §25.1.
 * @module
 */
import { host } from "./current.ts";
import { parseJson, stringifyJson } from "./json.ts";
import type { Schema } from "./schema.ts";
import { applySchema, SchemaError } from "./schema.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** What `state.load` does with an older shape. */
export interface LoadOptions<T> {
  /** Turns a state of an older shape into today's; called when the schema refuses what is stored. */
  readonly migrate?: ((old: unknown) => T) | undefined;
}

/** The stored bytes as they are. */
const raw = {
  get: async (): Promise<Uint8Array | undefined> => await host().getState(),
  /** Settles when the bytes are on disk. */
  set: async (bytes: Uint8Array): Promise<void> => await host().setState(bytes),
  clear: async (): Promise<void> => await host().clearState(),
} as const;

/**
 * The state as JSON, or `undefined` when nothing is stored.
 * @throws {JsonError | SchemaError} what is stored does not fit, and there is no `migrate`
 */
async function load<T>(schema: Schema<T>, options: LoadOptions<T> = {}): Promise<T | undefined> {
  const bytes = await raw.get();
  if (bytes === undefined) return undefined;
  const value = parseJson(decodeUtf8(bytes));
  try {
    return applySchema(schema, value);
  } catch (thrown) {
    if (options.migrate === undefined || !(thrown instanceof SchemaError)) throw thrown;
    return options.migrate(value);
  }
}

/** Stores a value as JSON; settles when it is on disk. */
async function save(value: unknown): Promise<void> {
  await raw.set(encodeUtf8(stringifyJson(value)));
}

/** The state of this process: `load` and `save` JSON, or `raw` bytes. Source: spec/packages-and-tools.md §25.1. */
export const state = { raw, load, save } as const;

/**
 * The state of a declared process: loaded when it starts, brought to today's version, kept as its policy says.
 * Source: spec/packages-and-tools.md §25.11.
 * @module
 */
import { errorText, KinodeError } from "@kinode-ts/types";
import { parseJsonBytes, stringifyJson } from "../json.ts";
import { isRecord } from "../module-answer.ts";
import { print } from "../print.ts";
import type { Schema } from "../schema.ts";
import { applySchema } from "../schema.ts";
import { host } from "../current.ts";
import { state } from "../state.ts";
import { setTimeout } from "../timer.ts";
import { encodeUtf8 } from "../utf8.ts";
import { chained } from "./chained.ts";

/**
 * When the state is written. After each message means: when its handler is done, and before its answer is sent.
 *
 * - `"onDiff"` (the default): after each message that has changed it.
 * - `"everyMessage"`: after each, changed or not.
 * - `{ everyMessages: 10 }`: after each tenth message.
 * - `{ everySeconds: 30 }`: so long after the first message that came since it was last written, if it has changed; needs
 *   messaging with `timer:distro:sys`. A process that is killed loses what came in between.
 * - `"never"`: only by `save()` of the context.
 *
 * A process that ends by itself writes what has changed, unless the policy is `"never"`.
 */
export type SavePolicy =
  | "onDiff"
  | "never"
  | "everyMessage"
  | { readonly everyMessages: number }
  | { readonly everySeconds: number };

/** What a process remembers: data that JSON can hold. */
export interface StateOptions<S> {
  /** Checks what was stored. */
  readonly schema: Schema<S>;
  /** The state of a process that has none yet. */
  readonly initial: () => NoInfer<S>;
  /** Default `"onDiff"`. */
  readonly save?: SavePolicy | undefined;
  /**
   * Version of its shape, from 1 upwards, stored with it. Default 0: none is stored, the bytes are the state's JSON alone, as
   * `state.save` and other languages' libraries write it.
   */
  readonly version?: number | undefined;
  /**
   * Turns a stored state of an older version into today's, which the schema then checks. Without versions it is called when
   * the schema refuses what is stored.
   */
  readonly migrate?: ((old: unknown, version: number) => NoInfer<S>) | undefined;
}

/** Why a stored state cannot be used. */
export type StateErrorCode =
  /** It was written by a newer program. */
  | "NewerState"
  /** It is of another shape, and `migrate` does not help. */
  | "StateMismatch"
  /** It is no JSON. */
  | "UnreadableState";

/** What is stored cannot be used. It stays as it is: the process ends rather than write over it. */
export class StateError extends KinodeError<{ readonly code: StateErrorCode }> {
  override name = "StateError";
  constructor(code: StateErrorCode, detail: string, hint: string, cause?: unknown) {
    super({ code }, `The stored state cannot be used: ${detail}`, { hint, cause });
  }
}

interface Stored {
  readonly value: unknown;
  readonly version: number;
}

function readStored(bytes: Uint8Array): Stored {
  let value: unknown;
  try {
    value = parseJsonBytes(bytes);
  } catch (thrown) {
    const hint = "Clear it with state.raw.clear(), or read it with state.raw.get()";
    throw new StateError("UnreadableState", "it is not JSON", hint, thrown);
  }
  return isVersioned(value)
    ? { value: value.state, version: value.stateVersion }
    : { value, version: 0 };
}

/** How a state with a version is stored. */
function isVersioned(value: unknown): value is { stateVersion: number; state: unknown } {
  return (
    isRecord(value) &&
    Object.keys(value).length === 2 &&
    Number.isSafeInteger(value["stateVersion"]) &&
    Object.hasOwn(value, "state")
  );
}

/** Today's state from a stored one, and whether it is another one. @throws {StateError} */
function toCurrent<S>(stored: Stored, options: StateOptions<S>): { value: S; isOther: boolean } {
  const { value, version } = stored;
  const { schema, migrate, version: ours = 0 } = options;
  if (version > ours) {
    const detail = `it has version ${version}, this program knows ${ours}`;
    throw new StateError("NewerState", detail, "Update the program");
  }
  const isOlder = version < ours;
  const mayBeOlder = isOlder || ours === 0;
  try {
    if (!isOlder || migrate === undefined) {
      return { value: applySchema(schema, value), isOther: isOlder };
    }
  } catch (thrown) {
    if (migrate === undefined || !mayBeOlder) throw mismatch(thrown, version);
  }
  try {
    return { value: applySchema(schema, migrate(value, version)), isOther: true };
  } catch (thrown) {
    throw mismatch(thrown, version);
  }
}

function mismatch(thrown: unknown, version: number): StateError {
  const detail = `of version ${version}: ${errorText(thrown)}`;
  return new StateError("StateMismatch", detail, "Give `migrate` in the process's `state`", thrown);
}

/** @throws {RangeError} a version or a policy that is none */
export function checkStateOptions<S>({ version = 0, save = "onDiff" }: StateOptions<S>): void {
  if (!Number.isSafeInteger(version) || version < 0) {
    throw new RangeError(`The state's version ${version} is not a whole number from 0 upwards`);
  }
  if (typeof save === "string") return;
  const isWhole = "everyMessages" in save;
  const every = isWhole ? save.everyMessages : save.everySeconds;
  if (!(every > 0 && (isWhole ? Number.isSafeInteger(every) : Number.isFinite(every)))) {
    const kind = isWhole ? "whole number of messages" : "number of seconds";
    throw new RangeError(`The state cannot be saved every ${every}: give a ${kind} above 0`);
  }
}

/** The state while the process runs. */
export class LiveState<S> {
  value: S;
  readonly #options: StateOptions<S>;
  /** Text of what is stored; `undefined`: nothing yet. */
  #stored: string | undefined = undefined;
  #messages = 0;
  #isTimed = false;

  private constructor(options: StateOptions<S>, value: S) {
    this.#options = options;
    this.value = value;
  }

  /** Rejects with a `StateError`. */
  static async load<S>(options: StateOptions<S>): Promise<LiveState<S>> {
    const bytes = await state.raw.get();
    if (bytes === undefined) return new LiveState(options, options.initial());
    const { value, isOther } = toCurrent(readStored(bytes), options);
    const live = new LiveState(options, value);
    if (!isOther) live.#stored = live.#text();
    return live;
  }

  #text(): string {
    const { version = 0 } = this.#options;
    const text = stringifyJson(this.value);
    return version === 0 ? text : `{"stateVersion":${version},"state":${text}}`;
  }

  /** Writes it now; a promise where that has to be waited for. When it is done it is on disk. */
  save(): void | Promise<void> {
    return this.#write(this.#text());
  }

  #write(text: string): void | Promise<void> {
    this.#stored = text;
    return chained(
      () => host().setState(encodeUtf8(text)),
      () => {},
      (thrown) => {
        this.#stored = undefined; // to be tried again
        throw thrown;
      },
    );
  }

  #saveDifference(): void | Promise<void> {
    const text = this.#text();
    return text === this.#stored ? undefined : this.#write(text);
  }

  /** A handler is done. */
  handled(): void | Promise<void> {
    const { save = "onDiff" } = this.#options;
    if (save === "onDiff") return this.#saveDifference();
    if (save === "never") return undefined;
    if (save === "everyMessage") return this.save();
    if ("everySeconds" in save) return this.#saveLater(save.everySeconds);
    return ++this.#messages % save.everyMessages === 0 ? this.save() : undefined;
  }

  #saveLater(seconds: number): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      void chained(
        () => this.#saveDifference(),
        () => {},
        (thrown) => print(`The state could not be written: ${errorText(thrown)}`),
      );
    }, seconds * 1_000);
  }

  /** The process is about to end. */
  async ended(): Promise<void> {
    if (this.#options.save !== "never") await this.#saveDifference();
  }
}

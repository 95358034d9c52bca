/**
 * The base of all errors this project throws on purpose.
 * A package lists its faults as a closed union of `{ code, …data }`; the text is rendered from the data.
 * @module
 */

/** Every fault has a code `<package>.<kebab-fact>`; programs compare codes, people read messages. */
export interface Fault {
  readonly code: string;
}

/**
 * Base class. `fault` is the data, `message` says what failed, with which value, and against which bound;
 * `hint` says what to do about it where we know.
 */
export class KinodeError<F extends Fault = Fault> extends Error {
  readonly fault: F;
  readonly hint: string | undefined;

  constructor(fault: F, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(
      options.hint === undefined ? message : `${message}. ${options.hint}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.fault = fault;
    this.hint = options.hint;
  }

  get code(): F["code"] {
    return this.fault.code;
  }
}

/** Makes a `switch` over a closed union fail to compile when a case is added and not handled. */
export function assertNever(value: never): never {
  throw new TypeError(`Unhandled case ${JSON.stringify(value)}`);
}

/** The text of anything that was thrown. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

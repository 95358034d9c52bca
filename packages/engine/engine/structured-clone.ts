/**
 * `structuredClone` for the engine: plain data, dates, maps, sets, buffers and errors, with cycles.
 * Transfer lists are not supported; functions and symbols are refused as the standard says.
 * @module
 */

declare const DOMException: new (message: string, name: string) => Error;

type TypedArray = Uint8Array;
type TypedArrayConstructor = new (
  buffer: ArrayBufferLike,
  offset: number,
  length: number | undefined,
) => TypedArray;

const ERRORS: Record<string, ErrorConstructor> = {
  Error,
  EvalError: EvalError as ErrorConstructor,
  RangeError: RangeError as ErrorConstructor,
  ReferenceError: ReferenceError as ErrorConstructor,
  SyntaxError: SyntaxError as ErrorConstructor,
  TypeError: TypeError as ErrorConstructor,
  URIError: URIError as ErrorConstructor,
};

function refuse(value: unknown): never {
  throw new DOMException(`structuredClone: a ${typeof value} cannot be cloned`, "DataCloneError");
}

function cloneShell(value: object): object | undefined {
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof RegExp) return new RegExp(value.source, value.flags);
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (value instanceof Boolean || value instanceof Number || value instanceof String) {
    return Object(value.valueOf()) as object;
  }
  return undefined;
}

function cloneError(error: Error, clone: (value: unknown) => unknown): Error {
  const copy = new (ERRORS[error.name] ?? Error)(String(error.message));
  if (error.stack !== undefined) copy.stack = String(error.stack);
  if ("cause" in error) copy.cause = clone(error.cause);
  return copy;
}

/** @throws DOMException `DataCloneError` for functions, symbols, promises and weak collections */
export function structuredClone(input: unknown): unknown {
  const seen = new Map<object, unknown>();

  function cloneView(view: ArrayBufferView): unknown {
    const buffer = clone(view.buffer) as ArrayBuffer;
    const length = view instanceof DataView ? view.byteLength : (view as TypedArray).length;
    return new (view.constructor as TypedArrayConstructor)(buffer, view.byteOffset, length);
  }

  function fill(value: object): unknown {
    if (value instanceof Map) {
      const copy = remember(value, new Map());
      for (const [key, item] of value) copy.set(clone(key), clone(item));
      return copy;
    }
    if (value instanceof Set) {
      const copy = remember(value, new Set());
      for (const item of value) copy.add(clone(item));
      return copy;
    }
    const copy = remember<Record<string, unknown>>(
      value,
      (Array.isArray(value) ? new Array(value.length) : {}) as Record<string, unknown>,
    );
    for (const key of Object.keys(value))
      copy[key] = clone((value as Record<string, unknown>)[key]);
    return copy;
  }

  function remember<T>(original: object, copy: T): T {
    seen.set(original, copy);
    return copy;
  }

  function clone(value: unknown): unknown {
    if (typeof value === "function" || typeof value === "symbol") return refuse(value);
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet)
      return refuse(value);
    const shell = cloneShell(value);
    if (shell !== undefined) return remember(value, shell);
    if (ArrayBuffer.isView(value)) return remember(value, cloneView(value));
    if (value instanceof Error) return remember(value, cloneError(value, clone));
    return fill(value);
  }

  return clone(input);
}

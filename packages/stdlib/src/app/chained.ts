/**
 * Promises only where there is something to wait for. A handler that is done in the turn of its message is answered at
 * once; each further turn may cost a native process a request to the timer (`exchange.ts`).
 * @module
 */

/** What `done` makes of what `run` gives, or `failed` of what it throws: at once, or when it has settled. */
export function chained<T, U>(
  run: () => T | Promise<T>,
  done: (value: T) => U | Promise<U>,
  failed: (thrown: unknown) => U | Promise<U>,
): U | Promise<U> {
  let given: T | Promise<T>;
  try {
    given = run();
  } catch (thrown) {
    return failed(thrown);
  }
  return isPromise(given) ? given.then(done, failed) : done(given);
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value;
}

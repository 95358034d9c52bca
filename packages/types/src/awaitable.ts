/**
 * Values that are often there at once and sometimes later.
 * @module
 */

export type Awaitable<T> = T | Promise<T>;

/** Goes on with a value now or when it is there: a promise is paid for only when there is one. */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

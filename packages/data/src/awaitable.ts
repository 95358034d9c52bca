/**
 * Values that are often there at once and sometimes later; code that uses this helper pays for a promise only when
 * there is one.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";

/** Goes on with a value now or when it is there. */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

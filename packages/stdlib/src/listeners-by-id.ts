/**
 * Whom to tell what a module says by itself, by an id of ours: one table for each process.
 * @module
 */
import { dispatcher } from "./current.ts";
import type { Dispatcher, Interceptor } from "./dispatcher.ts";
import type { IncomingRequest } from "./message.ts";

type Deliver<T> = (
  message: IncomingRequest,
  byId: ReadonlyMap<number, T>,
) => ReturnType<Interceptor>;

/**
 * Prepares a table of listeners.
 * @param deliver - looks at each request before anybody else does, as an `Interceptor`
 * @returns gives the table of the process this code runs in; from the first time on, requests are looked at
 */
export function createListenersById<T>(deliver: Deliver<T>): () => Map<number, T> {
  let of: Dispatcher | undefined;
  let byId = new Map<number, T>();
  return () => {
    const here = dispatcher();
    if (of !== here) {
      const fresh = new Map<number, T>();
      [of, byId] = [here, fresh];
      here.interceptFirst((message) => deliver(message, fresh));
    }
    return byId;
  };
}

/**
 * Functions for components this bundle is composed with, declared in WIT.
 * @module
 */
import { currentHost, hasHost } from "./host.ts";

/**
 * Implements an interface that the package exports; call it at the top level of the file. Names are in camel case; records
 * are objects, `result` is what is returned or thrown, 64-bit integers are `bigint`, lists of bytes are `Uint8Array`.
 * A function may be async, but it must not wait for messages: those belong to the component it is composed with. Use
 * `kinode.sendAndAwaitResponse` there.
 * @param name - whole name, e.g. `notes:alice/api@1.0.0`
 */
export function exportInterface<T extends object>(name: string, functions: T): T {
  if (hasHost()) currentHost().exportInterface?.(name, functions);
  return functions;
}

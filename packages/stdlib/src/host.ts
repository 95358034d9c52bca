/**
 * The one place that touches the global `kinode`, and only when a process really runs.
 * Importing this library needs no host: it loads in Node, in a browser bundle, and in unit tests.
 * @module
 */
import type { GuestRuntime } from "@kinode-ts/types";
import { KinodeError } from "@kinode-ts/types";

// Natively this is a parameter around the bundle, not a global: it must stay a bare identifier.
declare const kinode: GuestRuntime;

/** The library was asked to do something that only a process can do. */
export class NoHostError extends KinodeError<{ code: "NoHost" }> {
  override name = "NoHostError";
  constructor() {
    super({ code: "NoHost" }, 'There is no "kinode" host here', {
      hint: "Run this inside a process, or give it a host of `@kinode-ts/stdlib/testing`",
    });
  }
}

/** Whether this code runs inside a process. */
export function hasHost(): boolean {
  return typeof kinode !== "undefined";
}

/** @throws {NoHostError} outside a process */
export function currentHost(): GuestRuntime {
  if (typeof kinode === "undefined") throw new NoHostError();
  return kinode;
}

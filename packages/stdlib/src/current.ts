/**
 * The dispatcher of the process this code is part of, made when first used.
 * @module
 */
import type { GuestRuntime } from "@kinode-ts/types";
import { Dispatcher } from "./dispatcher.ts";
import { currentHost } from "./host.ts";

/** It, if it has been made. */
export let running: Dispatcher | undefined;

/** @throws {NoHostError} outside a process */
export function dispatcher(): Dispatcher {
  return (running ??= new Dispatcher(currentHost()));
}

/** @throws {NoHostError} outside a process */
export function host(): GuestRuntime {
  return (running ??= new Dispatcher(currentHost())).exchange.host;
}

/** For tests: makes the library run on another host from now on; without one, on the global again. */
export function useHost(replacement: GuestRuntime | undefined): void {
  running = replacement === undefined ? undefined : new Dispatcher(replacement);
}

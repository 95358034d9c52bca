/**
 * Names and numbers that a rewritten module and its host agree on.
 *
 * Fuel is a global that every loop turn and function entry takes 1 from. Below 0 the guest calls `look`; host functions
 * that may have to wait or that may end the process answer with a status, which the guest code acts on itself:
 *
 * | status  | what the guest does                                            |
 * | ------- | -------------------------------------------------------------- |
 * | `DONE`  | goes on                                                        |
 * | `WAIT`  | calls `suspend`, the only import that suspends, and looks at the status that returns |
 * | `END`   | executes `unreachable`: no handler in the guest can catch that (or calls `suspend`, which answers `END` again) |
 *
 * @module
 */
export const STATUS = { done: 0, wait: 1, end: 2 } as const;

/**
 * Module name of the imports that metering adds: `look` and `suspend`, both `() -> status`, and the memory that a module had
 * of its own (`linear-memories.ts` says why).
 */
export const METER_MODULE = "kinode:meter";

/** Name of that memory. */
export const METER_MEMORY = "memory";

/** Exports that metering adds. The prefix keeps them apart from the author's. */
export const METER_EXPORT = {
  fuel: "kinode:fuel",
  mode: "kinode:mode",
  maxPages: "kinode:max-pages",
  realloc: "kinode:realloc",
  /** `(addressAt, length × 4, bodyAt, bodyLength)`: allocates five strings and stores their pointers and lengths. */
  message: "kinode:message",
} as const;

/**
 * The mode global. In `start` nothing may suspend; in `callback`, while the host calls into the guest, the guest may not
 * call out either. Both end with a trap when their fuel is used up.
 */
export const MODE = { normal: 0, start: 1, callback: 2 } as const;

/** Fuel of one call of the guest's realloc. What it uses is taken from the process's own fuel. */
export const CALLBACK_FUEL = 1_500_000;

/** Bytes moved by a bulk instruction for one unit of fuel, as a power of two. */
export const BULK_BYTES_SHIFT = 6;

/** Pages of memory that start functions may grow to, before the process's own limit is set. */
export const START_MAX_PAGES = 1_024;

/** Part of the key of stored modules: a change of what is written must change it. */
export const METERING_VERSION = "5";

/**
 * How an imported function tells its status.
 * - `status`: it has no result of its own, so the status is the result.
 * - `errno`: its result is a number ≥ 0; a status is given as its negative, and the guest sees 0 after waiting.
 * - `plain`: it never waits.
 */
export type ImportProtocol = "status" | "errno" | "plain";

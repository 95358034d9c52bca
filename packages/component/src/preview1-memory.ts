/**
 * What the functions of preview 1 have in common: error numbers, descriptors, and how they reach the guest's memory.
 * Source: WASI snapshot-01, "preview1" witx.
 * @module
 */
import type { FiberPort } from "./fiber-port.ts";

export const ERRNO = {
  success: 0,
  badf: 8,
  inval: 28,
  nosys: 52,
  spipe: 70,
} as const;

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;

export const isStream = (fd: number): boolean => fd >= STDIN && fd <= STDERR;

/** Answers an errno, or a negative status. Addresses and lengths arrive as the guest passed them. */
export type Preview1Call = (fiber: FiberPort, ...args: number[]) => number;

/** An unsigned pointer, checked for `length` bytes and alignment. */
export function at(fiber: FiberPort, pointer: number, length: number, alignBytes = 4): number {
  const unsigned = pointer >>> 0;
  fiber.memory.checkAligned(unsigned, length, alignBytes);
  return unsigned;
}

export function setU32(fiber: FiberPort, pointer: number, value: number): void {
  const word = at(fiber, pointer, 4) >> 2;
  fiber.memory.u32[word] = value;
}

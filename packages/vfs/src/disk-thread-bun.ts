/**
 * The program of a disk thread: waits for calls in shared memory and does them, one after the other.
 *
 * The only message to it is that memory. Answers are JSON: `[number of bytes, null, value]` or `[0, error text]`.
 * @module
 */
import { closeSync } from "node:fs";
import { memoryAt, type MemoryPlace } from "./caller-memory-bun.ts";
import { dataOf, openSlot, putAnswer, type Slot, waitForCall } from "./disk-slot.ts";
import { fileCalls, type Buffers } from "./host-calls-bun.ts";
import { toVfsError } from "./host-errors-bun.ts";
import { treeCalls } from "./host-tree-calls-bun.ts";

/** Everything a disk thread can do, by name. */
export type HostCalls = typeof fileCalls & typeof treeCalls;

type Call = readonly [name: string, ...args: readonly unknown[]];

/** What goes to a thread: a call, the caller's memory if it is to be used, and files to close when it is answered. */
export type CallText = readonly [
  closings: readonly number[],
  memory: MemoryPlace | null,
  ...call: Call,
];

/** What comes back. */
export type AnswerText =
  | readonly [byteCount: number, error: null, value: unknown]
  | readonly [byteCount: number, error: string];

type AnyCall = (buffers: Buffers, ...args: readonly unknown[]) => unknown;

const CALLS = { ...fileCalls, ...treeCalls } as Readonly<Record<string, AnyCall>>;

const scope = globalThis as unknown as {
  postMessage(answer: string): void;
  onmessage: (event: { readonly data: SharedArrayBuffer }) => void;
};

// Only as a thread: others import the types.
if (!Bun.isMainThread) scope.onmessage = ({ data }) => serve(openSlot(data));

/**
 * Calls from one collection of garbage to the next: 2 MiB of texts and places. Left to itself the engine would wait for hundreds
 * of megabytes, because the views of `caller-memory-bun.ts` make it take half a gibibyte and more for in use.
 */
const CALLS_PER_COLLECTION = 1_000;

/** @param before - called before each call, for tests */
export function serve(slot: Slot, before: (name: string) => void = () => {}): never {
  const tell = (text: string): void => scope.postMessage(text);
  for (let count = 1; ; count++) {
    const [closings, memory, ...call] = JSON.parse(waitForCall(slot)) as CallText;
    // NOTE: many are closed because there are too many: before the call, which may open another one.
    const isUrgent = closings.length > 1;
    if (isUrgent) closings.forEach(closeQuietly);
    before(call[0]);
    putAnswer(slot, JSON.stringify(answer(call, memory, slot)), tell);
    if (!isUrgent) closings.forEach(closeQuietly);
    // Beside the next call, not before it.
    if (count % CALLS_PER_COLLECTION === 0) Bun.gc(false);
  }
}

/** A failure says nothing that a write has not said. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Closed all the same.
  }
}

function answer([name, ...args]: Call, memory: MemoryPlace | null, slot: Slot): AnswerText {
  try {
    if (memory === null) {
      const value = CALLS[name]!({ input: dataOf(slot), output: slot.data }, ...args);
      return [bytesOf(value), null, value];
    }
    const bytes = memoryAt(memory);
    return [0, null, CALLS[name]!({ input: bytes, output: bytes }, ...args)];
  } catch (error) {
    return [0, toVfsError(error).message];
  }
}

/** How much of `output` the caller gets. */
function bytesOf(value: unknown): number {
  const isRead =
    typeof value === "object" && value !== null && "count" in value && !("fd" in value);
  return isRead ? (value.count as number) : 0;
}

/**
 * The program of a disk thread: does the calls it is sent, one after the other.
 *
 * The first message is the memory for bytes that go along with calls and answers. Each further one is a call as JSON,
 * `[number of bytes, name, …arguments]`; its answer is `[number of bytes, null, value]` or `[0, error text]`.
 * @module
 */
import { fileCalls, type Buffers } from "./host-calls-bun.ts";
import { toVfsError } from "./host-errors-bun.ts";
import { treeCalls } from "./host-tree-calls-bun.ts";

/** Everything a disk thread can do, by name. */
export type HostCalls = typeof fileCalls & typeof treeCalls;

/** What travels to a thread, as JSON. */
export type CallText = readonly [byteCount: number, name: string, ...args: readonly unknown[]];

/** What comes back. */
export type AnswerText =
  | readonly [byteCount: number, error: null, value: unknown]
  | readonly [byteCount: number, error: string];

type AnyCall = (buffers: Buffers, ...args: readonly unknown[]) => unknown;

const CALLS = { ...fileCalls, ...treeCalls } as Readonly<Record<string, AnyCall>>;

const scope = globalThis as unknown as {
  postMessage(answer: string): void;
  onmessage: (event: { readonly data: SharedArrayBuffer | string }) => void;
};

// Only as a thread: others import the types.
if (!Bun.isMainThread) {
  let bytes: Uint8Array = new Uint8Array(0);
  scope.onmessage = ({ data }) => {
    if (typeof data === "string") scope.postMessage(JSON.stringify(answer(data, bytes)));
    else bytes = new Uint8Array(data);
  };
}

function answer(text: string, bytes: Uint8Array): AnswerText {
  try {
    const [byteCount, name, ...args] = JSON.parse(text) as CallText;
    const value = CALLS[name]!({ input: bytes.subarray(0, byteCount), output: bytes }, ...args);
    return [bytesOf(value), null, value];
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

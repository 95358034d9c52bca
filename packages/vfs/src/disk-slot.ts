/**
 * Memory shared with one disk thread: one call at a time, and bytes in both directions. The thread sleeps in it: through its
 * event loop it would wake up more slowly, much more so beside other work.
 *
 * ```text
 * bytes 0–15      number of the last call; bytes of its text; bytes of its data; nothing
 * then 64 KiB     the call as JSON: `[name, …arguments]`
 * then 64 KiB     data that goes along with it, later data of the answer
 * ```
 * @module
 */

const WORD_COUNT = 4;
const HEADER_BYTES = WORD_COUNT * 4;
const TEXT_BYTES = 64 * 1024;

/** Bytes that can go along with a call or its answer. */
export const CALL_DATA_BYTES = 64 * 1024;

const NUMBER = 0;
const TEXT_LENGTH = 1;
const DATA_LENGTH = 2;

export interface Slot {
  readonly memory: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly text: Uint8Array<SharedArrayBuffer>;
  readonly data: Uint8Array<SharedArrayBuffer>;
}

/** @param memory - default: new */
export function openSlot(
  memory = new SharedArrayBuffer(HEADER_BYTES + TEXT_BYTES + CALL_DATA_BYTES),
): Slot {
  return {
    memory,
    words: new Int32Array(memory, 0, WORD_COUNT),
    text: new Uint8Array(memory, HEADER_BYTES, TEXT_BYTES),
    data: new Uint8Array(memory, HEADER_BYTES + TEXT_BYTES, CALL_DATA_BYTES),
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Gives a call to the thread, which has none at the moment; false when the text is too long. */
export function putCall({ words, text, data }: Slot, call: string, bytes: Uint8Array): boolean {
  const { read, written } = encoder.encodeInto(call, text);
  if (read < call.length) return false;
  data.set(bytes);
  words[TEXT_LENGTH] = written;
  words[DATA_LENGTH] = bytes.length;
  Atomics.add(words, NUMBER, 1);
  Atomics.notify(words, NUMBER);
  return true;
}

/** Waits for the next call. @param seen - number of the last one */
export function waitForCall(slot: Slot, seen: number): { number: number; call: string } {
  const { words, text } = slot;
  // NOTE: the notice of the last call may come when it is done already.
  while (Atomics.load(words, NUMBER) === seen) Atomics.wait(words, NUMBER, seen);
  const call = decoder.decode(text.subarray(0, words[TEXT_LENGTH]));
  return { number: Atomics.load(words, NUMBER), call };
}

/** The data of the call, in the shared memory. */
export function dataOf({ words, data }: Slot): Uint8Array {
  return data.subarray(0, words[DATA_LENGTH]);
}

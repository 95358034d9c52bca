/**
 * Memory shared with one disk thread: one call at a time, and bytes in both directions. The thread sleeps in it: through its
 * event loop it would wake up more slowly, much more so beside other work.
 *
 * ```text
 * bytes 0–31      whole numbers: the words below
 * then 64 KiB     the call as JSON: `[files to close, name, …arguments]`, later its answer
 * then 64 KiB     data that goes along with it, later data of the answer
 * ```
 * @module
 */

const WORD_COUNT = 8;
const HEADER_BYTES = WORD_COUNT * 4;
const TEXT_BYTES = 64 * 1024;

/** Bytes that can go along with a call or its answer. */
export const CALL_DATA_BYTES = 64 * 1024;

/** Number of the last call. */
const ASKED = 0;
/** Number of the last call that has an answer. */
const ANSWERED = 1;
/** 1: the caller wants a message when there is an answer. */
const MUST_TELL = 2;
const TEXT_LENGTH = 3;
const DATA_LENGTH = 4;

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

/**
 * Gives a call to the thread, which has none at the moment; false when the text is too long.
 * @param mustTell - whether the thread is to send a message when there is an answer
 */
export function putCall(slot: Slot, call: string, bytes: Uint8Array, mustTell: boolean): boolean {
  const { words, data } = slot;
  if (!putText(slot, call)) return false;
  data.set(bytes);
  words[DATA_LENGTH] = bytes.length;
  words[MUST_TELL] = mustTell ? 1 : 0;
  Atomics.add(words, ASKED, 1);
  Atomics.notify(words, ASKED);
  return true;
}

/** The answer to the last call, if it is there; `""` when it comes by message, being too long for here. */
export function takeAnswer(slot: Slot): string | undefined {
  const { words } = slot;
  return Atomics.load(words, ANSWERED) === words[ASKED] ? textOf(slot) : undefined;
}

/** From now on the thread is to tell; afterwards look once more: it may just have answered. */
export function askToTell({ words }: Slot): void {
  Atomics.store(words, MUST_TELL, 1);
}

/** Waits for the next call. */
export function waitForCall(slot: Slot): string {
  const { words } = slot;
  const seen = words[ANSWERED]!;
  // NOTE: the notice of the last call may come when it is done already.
  while (Atomics.load(words, ASKED) === seen) Atomics.wait(words, ASKED, seen);
  return textOf(slot);
}

/** The data of the call, in the shared memory. */
export function dataOf({ words, data }: Slot): Uint8Array {
  return data.subarray(0, words[DATA_LENGTH]);
}

/** Answers the call. @param tell - sends a message; with a text when this is too long for here */
export function putAnswer(slot: Slot, answer: string, tell: (text: string) => void): void {
  const { words } = slot;
  const fits = putText(slot, answer);
  if (!fits) putText(slot, "");
  Atomics.store(words, ANSWERED, words[ASKED]!);
  if (!fits) tell(answer);
  else if (Atomics.load(words, MUST_TELL) === 1) tell("");
}

function putText({ words, text }: Slot, value: string): boolean {
  const { read, written } = encoder.encodeInto(value, text);
  words[TEXT_LENGTH] = written;
  return read === value.length;
}

function textOf({ words, text }: Slot): string {
  return decoder.decode(text.subarray(0, words[TEXT_LENGTH]));
}

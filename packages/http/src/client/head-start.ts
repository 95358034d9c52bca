/**
 * The start of a body that comes in parts: a short one is there at once, and whole.
 * @module
 */

/** What is used of a stream's reader: its types in hosts differ in the rest. */
interface Parts {
  read(): Promise<Part>;
  cancel(): Promise<void>;
}
interface Part {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
}

const LATE = Symbol("late");

/**
 * Reads a body to its end if that comes before `late` settles and within `maxBytes`.
 * @returns the whole body, or all of it as a stream
 * @throws what the source fails with meanwhile
 */
export async function headStart(
  source: ReadableStream<Uint8Array>,
  maxBytes: number,
  late: Promise<void>,
): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const reader: Parts = source.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  const isLate = late.then(() => LATE);
  for (;;) {
    const next = reader.read();
    const part = await Promise.race([next, isLate]);
    if (typeof part === "symbol") return continued(reader, parts, next);
    if (part.done || part.value === undefined) return joined(parts, length);
    length += part.value.length;
    parts.push(part.value);
    if (length > maxBytes) return continued(reader, parts, undefined);
  }
}

/** What was read, then the rest. */
function continued(
  reader: Parts,
  parts: Uint8Array[],
  started: Promise<Part> | undefined,
): ReadableStream<Uint8Array> {
  let next = started;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const part = parts.shift();
        if (part !== undefined) return controller.enqueue(part);
        const reading = next ?? reader.read();
        next = undefined;
        const { done, value } = await reading;
        if (done || value === undefined) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        next?.catch(() => {});
        await reader.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

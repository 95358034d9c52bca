/**
 * What processes ask of a body in parts, read from JSON.
 * Source: packages/types/src/body-stream.ts.
 * @module
 */

export type BodyAction =
  /** `maxBytes`: `undefined` when the process does not say. */
  | {
      readonly kind: "BodyRead";
      readonly stream: number;
      readonly maxBytes: number | undefined;
    }
  | { readonly kind: "BodyWrite" | "BodyEnd"; readonly stream: number }
  /** `reading`: the stream of this number that is read, not the one that is written. */
  | { readonly kind: "BodyAbort"; readonly stream: number; readonly reading: boolean };

const NAMES: ReadonlySet<string> = new Set(["BodyRead", "BodyWrite", "BodyEnd", "BodyAbort"]);

/** Whether an action of this name is about a body in parts. */
export function isBodyActionName(name: string | undefined): name is BodyAction["kind"] {
  return name !== undefined && NAMES.has(name);
}

/** Whether a value is the number of a stream. */
export function isStreamId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
}

/**
 * @param value - what stands behind the action's name
 * @returns `undefined` for what is malformed
 */
export function readBodyAction(name: BodyAction["kind"], value: unknown): BodyAction | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { stream, max_bytes, reading } = value as Readonly<Record<string, unknown>>;
  if (!isStreamId(stream)) return undefined;
  if (name === "BodyRead") {
    const maxBytes = max_bytes ?? undefined;
    return maxBytes === undefined || isCount(maxBytes)
      ? { kind: name, stream, maxBytes }
      : undefined;
  }
  if (name !== "BodyAbort") return { kind: name, stream };
  const isReading = reading ?? false;
  return typeof isReading === "boolean" ? { kind: name, stream, reading: isReading } : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

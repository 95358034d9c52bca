/**
 * The program of a thread that works on blobs: calls come as messages, in order, and so do the answers.
 * @module
 */
import { BlobWork, type FetchedBlob } from "./blob-work.ts";
import type { ObjectId } from "./object-id.ts";
import { createHostRandom } from "./random-bun.ts";
import type { SealKeys } from "./sealing.ts";

/** What a thread can be asked. */
export type ThreadCall =
  | { readonly op: "start"; readonly keys: SealKeys; readonly polynomial: bigint }
  | {
      readonly op: "push";
      readonly stream: number;
      readonly bytes: Uint8Array;
      readonly isLast: boolean;
    }
  | { readonly op: "seal"; readonly token: number; readonly id: ObjectId }
  | { readonly op: "drop"; readonly tokens: readonly number[] }
  | { readonly op: "abandon"; readonly stream: number }
  | { readonly op: "seal-content"; readonly content: Uint8Array }
  | { readonly op: "open"; readonly bytes: Uint8Array; readonly blobs: readonly FetchedBlob[] }
  | { readonly op: "pack"; readonly parts: readonly Uint8Array[]; readonly header: Uint8Array }
  | { readonly op: "hash"; readonly bytes: Uint8Array };

export type ThreadAnswer = { readonly value: unknown } | { readonly error: string };

const scope = globalThis as unknown as {
  postMessage(answer: ThreadAnswer, transfer: readonly ArrayBuffer[]): void;
  onmessage: (event: { readonly data: ThreadCall }) => void;
};

let work: BlobWork | undefined;

/** The value, and the byte arrays in it that may leave this thread. */
function perform(call: ThreadCall, on: BlobWork): readonly [unknown, readonly Uint8Array[]] {
  switch (call.op) {
    case "start":
      return [undefined, []];
    case "push":
      return [on.push(call.stream, call.bytes, call.isLast), []];
    case "seal": {
      const sealed = on.sealChunk(call.token, call.id);
      return [sealed, [sealed.bytes]];
    }
    case "drop":
      return [on.drop(call.tokens), []];
    case "abandon":
      return [on.abandon(call.stream), []];
    case "seal-content": {
      const sealed = on.sealContent(call.content);
      return [sealed, [sealed.bytes]];
    }
    case "open": {
      const contents = on.open(call.bytes, call.blobs);
      return [contents, contents.filter((content) => content !== undefined)];
    }
    case "pack": {
      const pack = on.finishPack(call.parts, call.header);
      return [pack, [pack.bytes]];
    }
    case "hash":
      return [{ id: on.hash(call.bytes), bytes: call.bytes }, [call.bytes]];
  }
}

function answer(call: ThreadCall): void {
  try {
    if (call.op === "start") work = new BlobWork(call.keys, call.polynomial, createHostRandom());
    const [value, bytes] = perform(call, work!);
    // Two arrays of one buffer may not be named twice.
    const buffers = new Set(bytes.map(({ buffer }) => buffer as ArrayBuffer));
    scope.postMessage({ value }, [...buffers]);
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? error.message : String(error) }, []);
  }
}

// Only as a thread: others import the types.
if (!Bun.isMainThread) scope.onmessage = ({ data }) => answer(data);

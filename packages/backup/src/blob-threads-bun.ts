/**
 * An engine on threads of its own, so that the thread of the node stays free.
 * @module
 */
import type { BlobEngine, BlobEngineFactory, Cutter } from "./blob-engine.ts";
import type { ThreadAnswer, ThreadCall } from "./blob-thread-bun.ts";
import type { CutChunk, SealedBlob } from "./blob-work.ts";
import { BackupError } from "./errors.ts";
import type { ObjectId } from "./object-id.ts";

/** Beside this file, as source or built. */
const PROGRAM = new URL(
  import.meta.url.endsWith(".ts") ? "./blob-thread-bun.ts" : "./blob-thread-bun.js",
  import.meta.url,
);

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

class Thread {
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  #end: Error | undefined;

  constructor() {
    this.#worker = new Worker(PROGRAM.href);
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => {
      const call = this.#pending.shift();
      if ("error" in data) call?.reject(new Error(`A backup thread failed: ${data.error}`));
      else call?.resolve(data.value);
      // An idle thread keeps no program alive.
      if (this.#pending.length === 0) this.#worker.unref();
    };
    this.#worker.onerror = ({ message }) =>
      this.#finish(new Error(`A backup thread ended: ${message}`));
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  get waiting(): number {
    return this.#pending.length;
  }

  call<T>(call: ThreadCall, bytes: readonly Uint8Array[] = []): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      this.#worker.ref();
      // Throws for what cannot be sent; then nothing is waited for.
      this.#worker.postMessage(call, transferable(bytes));
      this.#pending.push({ resolve: resolve as (value: unknown) => void, reject });
    });
  }

  #finish(error: Error): void {
    this.#end = error;
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }

  end(): void {
    this.#finish(new BackupError({ code: "backup.cancelled", operation: "work on a thread" }));
    this.#worker.terminate();
  }
}

/** Buffers that belong to one array alone go to the other thread without a copy. */
function transferable(arrays: readonly Uint8Array[]): ArrayBuffer[] {
  const whole = arrays.filter(({ buffer, length }) => length > 0 && length === buffer.byteLength);
  return [...new Set(whole.map(({ buffer }) => buffer as ArrayBuffer))];
}

/**
 * Works on `threadCount` threads for each repository. They start with the first call and end with the repository.
 * A bundler has to put `blob-thread-bun.js` beside the module.
 */
export function createThreadEngine(threadCount = 1): BlobEngineFactory {
  return (keys, polynomial) => {
    const threads: Thread[] = [];
    let isClosed = false;
    /** The one with the least to do; a new one while there are fewer than asked for and all are at work. */
    const choose = (): Thread => {
      // One that broke down takes its streams with it, and nothing else.
      for (const ended of threads.filter(({ hasEnded }) => hasEnded)) {
        threads.splice(threads.indexOf(ended), 1);
      }
      const least = threads.reduce<Thread | undefined>(
        (best, thread) => (best === undefined || thread.waiting < best.waiting ? thread : best),
        undefined,
      );
      if (least !== undefined && (least.waiting === 0 || threads.length >= threadCount))
        return least;
      const thread = new Thread();
      if (isClosed) thread.end();
      else threads.push(thread);
      thread.call({ op: "start", keys, polynomial }).catch(() => {});
      return thread;
    };
    let nextStream = 1;
    return {
      cutter: () => createCutter(choose(), nextStream++),
      sealContent: (content) => choose().call({ op: "seal-content", content }, [content]),
      open: (bytes, blobs) => choose().call({ op: "open", bytes, blobs }, [bytes]),
      finishPack: (parts, header) => choose().call({ op: "pack", parts, header }, parts),
      hash: (bytes) =>
        choose().call<{ id: ObjectId; bytes: Uint8Array }>({ op: "hash", bytes }, [bytes]),
      async [Symbol.asyncDispose]() {
        isClosed = true;
        for (const thread of threads.splice(0)) thread.end();
      },
    } satisfies BlobEngine;
  };
}

function createCutter(thread: Thread, stream: number): Cutter {
  let isOpen = false;
  return {
    push(bytes, isLast) {
      isOpen = !isLast;
      return thread.call<CutChunk[]>({ op: "push", stream, bytes, isLast }, [bytes]);
    },
    seal: ({ token, id }) => thread.call<SealedBlob>({ op: "seal", token, id }),
    drop(chunks) {
      if (chunks.length === 0) return;
      thread.call({ op: "drop", tokens: chunks.map(({ token }) => token) }).catch(() => {});
    },
    [Symbol.dispose]() {
      if (isOpen) thread.call({ op: "abandon", stream }).catch(() => {});
    },
  };
}

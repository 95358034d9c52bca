/**
 * Watching files: changes as they are told by the VFS. An extension of this system.
 * Wire: docs/modules/vfs.md.
 * @module
 */
import { VFS_PROCESS } from "@kinode-ts/types";
import { KeptItems } from "./kept-items.ts";
import { createListenersById } from "./listeners-by-id.ts";
import type { IncomingRequest } from "./message.ts";
import { hasForm, isRecord, isText, readNamed } from "./module-answer.ts";
import { VfsError, vfsRequest, type VfsOptions } from "./vfs-wire.ts";

/** Paths begin with a slash. */
export type VfsEvent =
  | { readonly kind: "created" | "written" | "removed"; readonly path: string }
  | { readonly kind: "renamed"; readonly from: string; readonly path: string }
  /** More has changed than is kept for a slow reader: look at everything again. */
  | { readonly kind: "overflow" };

/** How far below a path changes are told. */
export interface WatchOptions extends VfsOptions {
  /** Everything below a folder, not only what is directly in it. Default: no. */
  readonly recursive?: boolean | undefined;
}

/** Changes from now on, in order. Ends with `break`, `stop`, or a `VfsError` when we may not read there any more. */
export interface Watching extends AsyncIterable<VfsEvent>, AsyncDisposable {
  /** Settles once changes are seen; rejects with a `VfsError`. Iterating waits for it by itself. */
  readonly started: Promise<void>;
  stop(): Promise<void>;
}

/** One event of the VFS, as it is on the wire. */
export interface VfsEventMessage {
  readonly watch: number;
  readonly events: readonly VfsEvent[];
  /** It was the last one. */
  readonly isLast: boolean;
}

const KINDS: Readonly<Record<string, "created" | "written" | "removed">> = {
  Created: "created",
  Written: "written",
  Removed: "removed",
};
const isRenamed = hasForm<{ from: string; to: string }>({ from: isText, to: isText });
const isEvents = hasForm<{ watch: number; changes: readonly unknown[] }>({
  watch: (value): value is number => typeof value === "number",
  changes: (value): value is readonly unknown[] => Array.isArray(value),
});

/** Events kept for a loop that is slower than the changes. */
const MAX_KEPT = 1_024;
const SENDER_SUFFIX = `@${VFS_PROCESS}`;

const listenersHere = createListenersById<Changes>(deliver);
let lastId = 0;

function deliver(message: IncomingRequest, byId: ReadonlyMap<number, Changes>): string | false {
  const event = readVfsEvent(message);
  if (event === undefined) return false;
  const changes = byId.get(event.watch);
  if (changes === undefined) return false;
  changes.take(event);
  // The VFS sends the next event when this one is answered.
  return "";
}

/** What a message of the VFS says; `undefined` for any other. For processes with a loop of their own: answer it. */
export function readVfsEvent(message: IncomingRequest): VfsEventMessage | undefined {
  if (!message.sender.endsWith(SENDER_SUFFIX) || !message.isLocal) return undefined;
  const told = readNamed(message, "VfsEvent", isEvents);
  if (told === undefined) return undefined;
  const { watch: id, changes } = told;
  const events = changes.filter((each) => each !== "Ended").map(toEvent);
  return { watch: id, events, isLast: events.length < changes.length };
}

function toEvent(change: unknown): VfsEvent {
  const [name, value] = Object.entries(isRecord(change) ? change : {})[0] ?? [];
  if (name === "Renamed" && isRenamed(value)) {
    return { kind: "renamed", from: value.from, path: value.to };
  }
  const kind = KINDS[name ?? ""];
  // What is not understood may be any change.
  return kind === undefined || !isText(value) ? { kind: "overflow" } : { kind, path: value };
}

/**
 * Tells what changes at a path, from now on: a file, or a folder and what is in it.
 *
 *     for await (const event of vfs.watch("/chat:alice.os/data", { recursive: true })) { … }
 *
 * Changes through the node are always seen; those that a person makes by hand in the folder on the disk, where the system
 * tells of them, as "created", "written" and "removed".
 */
export function watch(path: string, options: WatchOptions = {}): Watching {
  return new Changes(path, options);
}

class Changes implements Watching {
  readonly started: Promise<void>;
  readonly #path: string;
  readonly #options: WatchOptions;
  readonly #byId = listenersHere();
  readonly #id = ++lastId;
  readonly #kept = new KeptItems<VfsEvent>();

  constructor(path: string, options: WatchOptions) {
    this.#path = path;
    this.#options = options;
    this.#byId.set(this.#id, this);
    const wire = { watch: this.#id, recursive: options.recursive ?? false };
    this.started = vfsRequest(path, { Watch: wire }, options).then(() => {});
    this.started.catch((error: VfsError) => this.#end(error));
  }

  take(event: VfsEventMessage): void {
    if (this.#kept.count + event.events.length > MAX_KEPT) {
      this.#kept.clear();
      this.#kept.push({ kind: "overflow" });
    } else this.#kept.push(...event.events);
    if (event.isLast) this.#end(new VfsError("NoReadCap", this.#path, "the right to read is gone"));
  }

  [Symbol.asyncIterator](): AsyncGenerator<VfsEvent, void, undefined> {
    return this.#kept.read(this.started, () => this.stop());
  }

  async stop(): Promise<void> {
    if (this.#kept.isOver) return;
    this.#kept.clear();
    this.#end();
    await this.started;
    await vfsRequest(this.#path, { Unwatch: { watch: this.#id } }, this.#options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #end(error?: VfsError): void {
    this.#byId.delete(this.#id);
    this.#kept.end(error);
  }
}

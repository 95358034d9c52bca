/**
 * One open file of a folder of the host.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import { endedEarly, toChange } from "./disk-change-bun.ts";
import { carried, memoryFor, readParts, upTo, writeParts } from "./disk-parts-bun.ts";
import type { HostCalls } from "./disk-thread-bun.ts";
import type { DiskAnswer, DiskCall, DiskThreads } from "./disk-threads-bun.ts";
import type { Change, DiskFile, OpenedState, ReadBounds, WriteBounds } from "./disk.ts";
import { ioError } from "./errors.ts";
import type { Changed } from "./host-calls-bun.ts";

const EMPTY = new Uint8Array(0);

interface HostFileOptions {
  readonly fd: number;
  readonly opened: OpenedState;
  readonly drive: string;
  readonly threads: DiskThreads;
  readonly longThreads: DiskThreads;
  /** It had something that was taken away: some file systems write it out when it is closed. */
  readonly wasEmptied: boolean;
}

/** Stays open until its last call is over. */
export class HostFile implements DiskFile {
  readonly fd: number;
  readonly opened: OpenedState;
  readonly #options: HostFileOptions;
  /** As far as it is known: for memory to read into. */
  #length: number;
  #useCount = 0;
  #isClosed = false;

  constructor(options: HostFileOptions) {
    this.#options = options;
    this.fd = options.fd;
    this.opened = options.opened;
    this.#length = options.opened.size;
  }

  async size(): Promise<number> {
    return await this.use(async () => (await this.run("size", [this.fd])).value);
  }

  read(position: number, length: number, bounds: ReadBounds = {}): Awaitable<Uint8Array> {
    return length === 0 ? EMPTY : this.use(() => this.#read(position, length, bounds));
  }

  async #read(position: number, length: number, bounds: ReadBounds): Promise<Uint8Array> {
    const { maxBytes = Infinity, isExact = false } = bounds;
    const args = [this.fd, position, length, maxBytes, isExact] as const;
    const memory = memoryFor(Math.min(length, this.#length - position, maxBytes));
    const { value, bytes } = await this.run("read", args, { memory });
    if (value.fd === undefined) return memory === undefined ? bytes : upTo(memory, value.count);
    this.#length = position + value.count;
    return await readParts(value.count, async (at, count, memory) => {
      const part = [this.fd, position + at, count, null, false] as const;
      return (await this.run("read", part, { memory })).value;
    });
  }

  async write(
    position: number | "end",
    bytes: Uint8Array,
    { room, maxBytes }: WriteBounds,
  ): Promise<Change> {
    const start = position === "end" ? null : position;
    const args = [this.fd, start, bytes.length, room, maxBytes] as const;
    const write = async (): Promise<Changed> => {
      const { value } = await this.run("write", args, carried(bytes));
      if (value.fd === undefined) return value;
      try {
        await writeParts(bytes, async (memory, at) => {
          await this.run("writePart", [this.fd, (start ?? value.before) + at], { memory });
        });
        return value;
      } catch (error) {
        return await endedEarly(value, error, () => this.size());
      }
    };
    return await this.use(async () => {
      const change = await toChange(bytes.length, write);
      if (change.kind === "done") this.#length = change.after;
      return change;
    });
  }

  async resize(size: number, room: number): Promise<Change> {
    const resize = async () => (await this.run("resize", [this.fd, size, room])).value;
    return await this.use(() => toChange(0, resize));
  }

  async sync(): Promise<void> {
    await this.use(() => this.run("sync", [this.fd], {}, this.#options.longThreads));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeWhenUnused();
  }

  /** The file stays open until the work is done: its number could be another file's by then. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw ioError("EIO");
    this.#useCount++;
    try {
      return await work();
    } finally {
      this.#unused();
    }
  }

  /** A call with this file; a use until the thread has left it, also when it was given up. */
  run<N extends keyof HostCalls>(
    name: N,
    args: DiskCall<N>["args"],
    more: Pick<DiskCall<N>, "input" | "memory" | "late"> = {},
    threads = this.#options.threads,
  ): Promise<DiskAnswer<ReturnType<HostCalls[N]>>> {
    this.#useCount++;
    const left = (): void => this.#unused();
    return threads.run({ ...more, name, args, drive: this.#options.drive, left });
  }

  #unused(): void {
    this.#useCount--;
    if (this.#isClosed) this.#closeWhenUnused();
  }

  #closeWhenUnused(): void {
    if (this.#useCount > 0) return;
    const { threads, longThreads, drive, wasEmptied } = this.#options;
    (wasEmptied ? longThreads : threads).closeSoon(this.fd, drive);
  }
}

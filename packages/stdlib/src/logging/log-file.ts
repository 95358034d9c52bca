/**
 * The log file of this process. Lines wait here while earlier ones are written: logging never waits for the disk, and the
 * order is that of the calls.
 * @module
 */
import { encodeUtf8 } from "../utf8.ts";
import { createDrive, createFile, file, VfsError, vfsRequest } from "../vfs.ts";

/** What may wait, in UTF-16 units; further lines are lost and counted. */
const MAX_WAITING = 1024 * 1024;
/** One write to the disk at most, as long as lines are shorter. */
const MAX_WRITE = 256 * 1024;
const LINE_FEED = 10;
const TURN = Promise.resolve();

export interface LogFileOptions {
  readonly process: string;
  /** Bytes; when there are more, the older half is dropped. */
  readonly maxSize: number;
  /** The line that says how many are missing. */
  readonly lostLine: (count: number) => string;
  /** Tells the person, once until a write works again, why nothing is written. */
  readonly report: (error: unknown) => void;
}

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #waiting: string[] = [];
  #waitingLength = 0;
  #lost = 0;
  #path = "";
  #size = 0;
  #writing: Promise<void> | undefined;
  #isReported = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** Makes drive and file unless they exist; what was logged before is written after that. Never rejects. */
  open(): Promise<void> {
    return this.#writeWith(() => this.#prepare());
  }

  add(line: string): void {
    if (this.#waitingLength + line.length > MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    if (this.#writing === undefined) void this.#writeWith(() => TURN);
  }

  /** Settles when everything that was added so far is with the VFS, or could not be written. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #writeWith(first: () => Promise<void>): Promise<void> {
    const writing = this.#write(first).finally(() => {
      this.#writing = undefined;
    });
    this.#writing = writing;
    return writing;
  }

  async #write(first: () => Promise<void>): Promise<void> {
    await this.#tried(first);
    while (this.#waiting.length > 0) {
      const bytes = encodeUtf8(this.#next());
      await this.#tried(async () => {
        await this.#append(bytes);
        this.#size += bytes.length;
        if (this.#size > this.#options.maxSize) await this.#cut();
        this.#isReported = false;
      });
    }
  }

  #next(): string {
    const lines: string[] = [];
    let length = 0;
    while (this.#waiting.length > 0 && length + this.#waiting[0]!.length <= MAX_WRITE) {
      const line = this.#waiting.shift()!;
      length += line.length;
      lines.push(line);
    }
    this.#waitingLength -= length;
    if (this.#lost > 0 && this.#waiting.length === 0) {
      lines.push(this.#options.lostLine(this.#lost));
      this.#lost = 0;
    }
    return lines.join("");
  }

  async #tried(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      if (!this.#isReported) this.#options.report(thrown);
      this.#isReported = true;
    }
  }

  async #prepare(): Promise<void> {
    const path = `${await createDrive("log")}/${this.#options.process}.log`;
    await vfsRequest(path, { OpenFile: { create: true } });
    this.#size = Number((await file(path).metadata()).len);
    this.#path = path;
  }

  // A file that somebody has removed is made again.
  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#path === "") await this.#prepare();
    try {
      await file(this.#path).append(bytes);
    } catch (thrown) {
      if (!(thrown instanceof VfsError) || !thrown.message.includes("os error 2)")) throw thrown;
      await createFile(this.#path);
      this.#size = 0;
      await file(this.#path).append(bytes);
    }
  }

  /** Keeps the newer half, from the start of a line on. */
  async #cut(): Promise<void> {
    const whole = await file(this.#path).bytes();
    const half = whole.subarray(Math.max(0, whole.length - Math.floor(this.#options.maxSize / 2)));
    const newer = half.subarray(half.indexOf(LINE_FEED) + 1);
    await file(this.#path).write(newer);
    this.#size = newer.length;
  }
}

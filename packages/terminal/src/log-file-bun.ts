/**
 * Log files on disk: every printout, whatever its level.
 * @module
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Clock, TimerHandle } from "@kinode-ts/types";
import { formatLogLine } from "./line-format.ts";
import { expiredFiles, isFileFull, type LogLimits, logFileName } from "./log-rotation.ts";

/** Longest time a line stays in memory, in milliseconds. */
const FLUSH_MS = 500;
const FLUSH_BYTES = 64 * 1024;

export class LogFiles implements Disposable {
  readonly #folder: string;
  readonly #limits: LogLimits;
  readonly #clock: Clock;
  #enabled: boolean;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #timer: TimerHandle | undefined;
  #file: { readonly descriptor: number; bytes: number } | undefined;

  /** Creates the folder; the first file is made with the first line. */
  constructor(options: {
    readonly folder: string;
    readonly limits: LogLimits;
    readonly clock: Clock;
    readonly enabled: boolean;
  }) {
    this.#folder = options.folder;
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#enabled = options.enabled;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** Returns the new mode. */
  toggle(): boolean {
    this.flush();
    this.#enabled = !this.#enabled;
    return this.#enabled;
  }

  /** @param origin - the package that printed it */
  write(text: string, origin?: string): void {
    if (!this.#enabled) return;
    const line = Buffer.from(formatLogLine(this.#clock.nowMs(), text, origin));
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    if (this.#pendingBytes >= FLUSH_BYTES) this.flush();
    else this.#timer ??= this.#clock.after(FLUSH_MS, () => this.flush());
  }

  /** Hands everything to the operating system. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const lines = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    try {
      this.#writeLines(lines);
    } catch {
      // A full disk must not stop the node; the lines are lost and the next flush tries a new file.
      this.#close();
    }
  }

  [Symbol.dispose](): void {
    this.flush();
    if (this.#file !== undefined) fsyncSync(this.#file.descriptor);
    this.#close();
  }

  #writeLines(lines: readonly Buffer[]): void {
    let batch: Buffer[] = [];
    let batchBytes = 0;
    for (const line of lines) {
      if (this.#file && isFileFull(this.#limits, this.#file.bytes + batchBytes, line.length)) {
        this.#append(batch);
        batch = [];
        batchBytes = 0;
        this.#close();
      }
      this.#file ??= this.#open();
      batch.push(line);
      batchBytes += line.length;
    }
    this.#append(batch);
  }

  #append(batch: readonly Buffer[]): void {
    if (this.#file === undefined || batch.length === 0) return;
    const bytes = Buffer.concat(batch);
    writeSync(this.#file.descriptor, bytes);
    this.#file.bytes += bytes.length;
  }

  #open(): { descriptor: number; bytes: number } {
    const separator = process.platform === "win32" ? "_" : ":";
    let path: string;
    let serial = 0;
    do {
      path = join(this.#folder, logFileName(this.#clock.nowMs(), serial, separator));
      serial += 1;
    } while (existsSync(path));
    const descriptor = openSync(path, "a", 0o600);
    this.#deleteExpired();
    return { descriptor, bytes: 0 };
  }

  #deleteExpired(): void {
    const files = readdirSync(this.#folder)
      .filter((name) => name.endsWith(".log"))
      .map((name) => ({ name, modifiedMs: statSync(join(this.#folder, name)).mtimeMs }));
    for (const name of expiredFiles(this.#limits, files)) unlinkSync(join(this.#folder, name));
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor);
    this.#file = undefined;
  }
}

/**
 * A screen at the other end of a connection. The far end says how much it has drawn; who does not read has lines left
 * out instead of memory used, and is cut off when it goes on pressing keys without reading what they do.
 * @module
 */
import type { Width } from "./input-row.ts";
import type { Screen } from "./terminal.ts";

export interface RemoteScreenLimits {
  /** Unread characters above which printed lines are left out. */
  readonly full: number;
  /** Unread characters above which the connection ends. */
  readonly cutOff: number;
}

const DEFAULT_LIMITS: RemoteScreenLimits = { full: 262_144, cutOff: 1_048_576 };
const MIN_SIZE = 1;
const MAX_SIZE = 1_000;

export interface RemoteScreenPowers {
  send(text: string): void;
  /** The far end does not read. */
  cutOff(): void;
  readonly width: Width;
}

export class RemoteScreen implements Screen {
  readonly width: Width;
  readonly color = true;
  readonly #powers: RemoteScreenPowers;
  readonly #limits: RemoteScreenLimits;
  #columns = 80;
  #rows = 24;
  #unread = 0;
  #isOpen = true;

  constructor(powers: RemoteScreenPowers, limits: RemoteScreenLimits = DEFAULT_LIMITS) {
    this.#powers = powers;
    this.#limits = limits;
    this.width = powers.width;
  }

  write(text: string): void {
    if (!this.#isOpen) return;
    if (this.#unread + text.length > this.#limits.cutOff) {
      this.#isOpen = false;
      this.#powers.cutOff();
      return;
    }
    this.#unread += text.length;
    this.#powers.send(text);
  }

  columns(): number {
    return this.#columns;
  }

  rows(): number {
    return this.#rows;
  }

  isFull(): boolean {
    return this.#unread > this.#limits.full;
  }

  /** The far end has drawn so many characters (UTF-16 units). True when the screen is free of what waited too long. */
  read(count: number): boolean {
    const wasFull = this.isFull();
    if (count > 0) this.#unread = Math.max(this.#unread - count, 0);
    return wasFull && !this.isFull();
  }

  /** The window has another size, in cells. */
  resize(columns: number, rows: number): void {
    this.#columns = Math.min(Math.max(Math.trunc(columns) || MIN_SIZE, MIN_SIZE), MAX_SIZE);
    this.#rows = Math.min(Math.max(Math.trunc(rows) || MIN_SIZE, MIN_SIZE), MAX_SIZE);
  }

  close(): void {
    this.#isOpen = false;
  }
}

/**
 * What one package may put on the screens in a second: a flood must not push away what a person reads.
 * Everything is in the log all the same.
 * @module
 */
import type { Clock } from "@kinode-ts/types";

export interface ScreenBudgetLimits {
  /** Rows of one package in one second. */
  readonly rows: number;
  /** Characters of one package in one second. */
  readonly characters: number;
}

export const DEFAULT_SCREEN_BUDGET: ScreenBudgetLimits = { rows: 500, characters: 131_072 };

const WINDOW_MS = 1_000;

interface Spent {
  rows: number;
  characters: number;
  hidden: number;
}

export class ScreenBudget {
  readonly #clock: Clock;
  readonly #limits: ScreenBudgetLimits;
  readonly #onHidden: (origin: string, rows: number) => void;
  readonly #spent = new Map<string, Spent>();

  /** @param onHidden - told once after a second in which rows were left out */
  constructor(
    clock: Clock,
    limits: ScreenBudgetLimits,
    onHidden: (origin: string, rows: number) => void,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onHidden = onHidden;
  }

  /** The part of `text` that may still be shown, or `undefined`. */
  take(origin: string, text: string): string | undefined {
    const spent = this.#of(origin);
    const rows = text.split("\n", this.#limits.rows + 1).length;
    const roomRows = this.#limits.rows - spent.rows;
    const roomCharacters = this.#limits.characters - spent.characters;
    spent.rows += rows;
    spent.characters += text.length;
    if (rows <= roomRows && text.length <= roomCharacters) return text;
    if (roomRows <= 0 || roomCharacters <= 0) {
      spent.hidden += countRows(text);
      return undefined;
    }
    const shown = text.split("\n", roomRows).join("\n").slice(0, roomCharacters).toWellFormed();
    spent.hidden += Math.max(countRows(text) - countRows(shown), 1);
    return `${shown}…`;
  }

  #of(origin: string): Spent {
    const known = this.#spent.get(origin);
    if (known !== undefined) return known;
    const spent: Spent = { rows: 0, characters: 0, hidden: 0 };
    this.#spent.set(origin, spent);
    this.#clock.after(WINDOW_MS, () => {
      this.#spent.delete(origin);
      if (spent.hidden > 0) this.#onHidden(origin, spent.hidden);
    });
    return spent;
  }
}

function countRows(text: string): number {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

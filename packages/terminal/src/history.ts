/**
 * The lines a person entered. Source: spec/runtime-modules.md §10.1 "History".
 * @module
 */
import { sanitizeWords } from "./sanitize.ts";

export const HISTORY_COUNT = 1_000;

/** Newest last. One history can serve several input lines. Empty lines and immediate repetitions are not kept. */
export class History {
  readonly #lines: string[];
  readonly #keep: ((line: string) => void) | undefined;

  /** @param keep - called with each line that is added, to write it to a file */
  constructor(lines: readonly string[] = [], keep?: (line: string) => void) {
    this.#lines = lines
      .map(sanitizeWords)
      .filter((line) => line !== "")
      .slice(-HISTORY_COUNT);
    this.#keep = keep;
  }

  get count(): number {
    return this.#lines.length;
  }

  add(line: string): void {
    if (line.trim() === "" || line === this.#lines.at(-1)) return;
    this.#lines.push(line);
    if (this.#lines.length > HISTORY_COUNT) this.#lines.shift();
    this.#keep?.(line);
  }

  /** `age` 0 is the newest line. */
  at(age: number): string | undefined {
    return this.#lines[this.#lines.length - 1 - age];
  }

  /** Age of the newest line that contains `query` and is at least `fromAge` old. */
  find(query: string, fromAge = 0): number | undefined {
    if (query === "") return undefined;
    for (let age = fromAge; age < this.#lines.length; age += 1) {
      if (this.at(age)!.includes(query)) return age;
    }
    return undefined;
  }
}

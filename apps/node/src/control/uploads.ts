/**
 * Packages that were shown to the person and wait for the answer. In memory, few, and not for long.
 * @module
 */
import type { Package } from "@kinode-ts/kit";
import type { Clock } from "@kinode-ts/types";

const MAX_COUNT = 8;
const LIFETIME_MS = 30 * 60 * 1000;

export class Uploads {
  readonly #clock: Clock;
  /** By version hash, oldest first. */
  readonly #waiting = new Map<
    string,
    { readonly package: Package; readonly waits: boolean; readonly untilMs: number }
  >();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param options - `waits`: an update that asks for more than was approved */
  add(pkg: Package, options: { readonly waits: boolean }): void {
    this.#waiting.delete(pkg.versionHash);
    this.#waiting.set(pkg.versionHash, {
      package: pkg,
      waits: options.waits,
      untilMs: this.#clock.monotonicMs() + LIFETIME_MS,
    });
    while (this.#waiting.size > MAX_COUNT) {
      this.#waiting.delete(this.#waiting.keys().next().value!);
    }
  }

  get(hash: string): Package | undefined {
    this.#dropOld();
    return this.#waiting.get(hash)?.package;
  }

  take(hash: string): void {
    this.#waiting.delete(hash);
  }

  /** Whether an update of this package that asks for more waits for the person's answer. */
  isWaiting(id: string, installedHash: string): boolean {
    this.#dropOld();
    return [...this.#waiting.values()].some(
      ({ package: pkg, waits }) => waits && pkg.id === id && pkg.versionHash !== installedHash,
    );
  }

  #dropOld(): void {
    const now = this.#clock.monotonicMs();
    for (const [hash, { untilMs }] of this.#waiting) {
      if (untilMs < now) this.#waiting.delete(hash);
    }
  }
}

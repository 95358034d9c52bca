/**
 * Header fields, like the web's `Headers` as far as a server needs them: one value per name, names in lower case.
 * The wire carries one value per name (spec/runtime-modules.md §6.4).
 * @module
 */

export type HeadersInit =
  Iterable<readonly [string, string]> | Readonly<Record<string, string>> | undefined;

export class Headers implements Iterable<[string, string]> {
  readonly #values = new Map<string, string>();

  constructor(init?: HeadersInit) {
    if (init === undefined) return;
    const pairs = Symbol.iterator in init ? init : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value);
  }

  /** Joins with what is there, separated by a comma. */
  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }

  delete(name: string): void {
    this.#values.delete(name.toLowerCase());
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }
}

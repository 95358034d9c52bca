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
    if (Symbol.iterator in init) for (const [name, value] of init) this.append(name, value);
    else for (const name of Object.keys(init)) this.append(name, init[name]!);
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
    const key = name.toLowerCase();
    const before = this.#values.get(key);
    this.#values.set(key, before === undefined ? value : `${before}, ${value}`);
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

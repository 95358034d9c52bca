/**
 * Header fields, like the web's `Headers` as far as a server needs them: one value per name, names in lower case.
 * The wire carries one value per name (spec/runtime-modules.md §6.4).
 * @module
 */

/** Header fields as the web takes them. */
export type HeadersInit =
  Iterable<readonly [string, string]> | Readonly<Record<string, string>> | undefined;

/** Header fields of a request or a response. */
export class Headers implements Iterable<[string, string]> {
  readonly #values = new Map<string, string>();

  constructor(init?: HeadersInit) {
    if (init === undefined) return;
    if (Symbol.iterator in init) for (const [name, value] of init) this.append(name, value);
    else for (const name of Object.keys(init)) this.append(name, init[name]!);
  }

  /** The value, or null. */
  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  /** Whether there is a value. */
  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  /** Replaces what is there. */
  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value);
  }

  /** Joins with what is there, separated by a comma. */
  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const before = this.#values.get(key);
    this.#values.set(key, before === undefined ? value : `${before}, ${value}`);
  }

  /** Takes it away. */
  delete(name: string): void {
    this.#values.delete(name.toLowerCase());
  }

  /** Names in lower case, and values. */
  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  /** As the wire has them. */
  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }
}

/**
 * `Headers`.
 * Source: Fetch Standard §5.1 (WHATWG).
 * @module
 */

const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
// oxlint-disable-next-line no-control-regex -- the standard names them
const VALUE = /^[^\0\r\n\u0100-\uffff]*$/;

type Init = Iterable<Iterable<string>> | Record<string, string> | Headers;

function nameOf(value: unknown): string {
  const name = `${value as string}`;
  if (!NAME.test(name)) throw new TypeError(`Headers: "${name}" is not the name of a header`);
  return name.toLowerCase();
}

function valueOf(value: unknown): string {
  const text = `${value as string}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (!VALUE.test(text)) throw new TypeError(`Headers: "${text}" is not the value of a header`);
  return text;
}

export class Headers {
  /** Lower-case name to values in order. */
  readonly #values = new Map<string, string[]>();

  constructor(init?: Init) {
    if (init === undefined) return;
    if (typeof init !== "object" || init === null) {
      throw new TypeError("Headers: the argument must be an object or a list of pairs");
    }
    const pairs = Symbol.iterator in init ? init : Object.entries(init);
    for (const pair of pairs) {
      const [name, value, ...more] = [...pair];
      if (value === undefined || more.length > 0) {
        throw new TypeError("Headers: every item must be a pair of a name and a value");
      }
      this.append(name!, value);
    }
  }

  append(name: string, value: string): void {
    const key = nameOf(name);
    const text = valueOf(value);
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [text]);
    else values.push(text);
  }

  set(name: string, value: string): void {
    this.#values.set(nameOf(name), [valueOf(value)]);
  }

  get(name: string): string | null {
    return this.#values.get(nameOf(name))?.join(", ") ?? null;
  }

  getSetCookie(): string[] {
    return [...(this.#values.get("set-cookie") ?? [])];
  }

  has(name: string): boolean {
    return this.#values.has(nameOf(name));
  }

  delete(name: string): void {
    this.#values.delete(nameOf(name));
  }

  forEach(call: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    for (const [name, value] of this) call.call(self, value, name, this);
  }

  /** By name; each `set-cookie` by itself. */
  *entries(): IterableIterator<[string, string]> {
    for (const name of [...this.#values.keys()].sort()) {
      const values = this.#values.get(name) ?? [];
      if (name === "set-cookie") for (const value of values) yield [name, value];
      else yield [name, values.join(", ")];
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }
}

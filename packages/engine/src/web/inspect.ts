/**
 * Values as text for the terminal, in the form consoles use: `{ a: 1, list: [ 1, 2 ] }`.
 * Never runs getters or code of proxies on purpose, and never shows more than a bounded part.
 * @module
 */

const MAX_DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_LINE = 76;

function isIdentifier(text: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(text);
}

/** Text in single quotes, or in the first kind of quotes it does not contain. */
function quote(text: string): string {
  const mark = ["'", '"', "`"].find((each) => !text.includes(each)) ?? "'";
  return mark + JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"') + mark;
}

export function describeError(error: Error): string {
  const head = String(error);
  const stack = typeof error.stack === "string" ? error.stack.trimEnd() : "";
  const own = stack.includes(head) || stack === "" ? stack || head : `${head}\n${stack}`;
  return error.cause === undefined ? own : `${own}\n[cause]: ${inspect(error.cause)}`;
}

function constructorName(value: object): string {
  for (let at: unknown = value; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at as object, "constructor")?.value as unknown;
    if (typeof found === "function" && found.name !== "") return found.name;
  }
  return "[Object: null prototype]";
}

class Inspector {
  readonly #ancestors: object[] = [];

  text(value: unknown, depth = 0): string {
    switch (typeof value) {
      case "string":
        return quote(value);
      case "bigint":
        return `${value}n`;
      case "symbol":
        return value.toString();
      case "function":
        return this.#functionText(value);
      case "object":
        return value === null ? "null" : this.#objectText(value, depth);
      case "number":
        return Object.is(value, -0) ? "-0" : String(value);
      default:
        return String(value);
    }
  }

  #functionText(value: unknown): string {
    const { name } = value as { name: unknown };
    const isClass = /^class\b/.test(Function.prototype.toString.call(value));
    const title = typeof name === "string" && name !== "" ? name : undefined;
    if (isClass) return `[class ${title ?? "(anonymous)"}]`;
    return title === undefined ? "[Function (anonymous)]" : `[Function: ${title}]`;
  }

  #objectText(value: object, depth: number): string {
    if (value instanceof Error) return describeError(value);
    if (value instanceof Date) {
      return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    }
    if (value instanceof RegExp) return String(value);
    if (this.#ancestors.includes(value)) return "[Circular]";
    const name = constructorName(value);
    if (depth > MAX_DEPTH) return Array.isArray(value) ? "[Array]" : `[${name}]`;
    this.#ancestors.push(value);
    try {
      return this.#parts(value, name, depth);
    } finally {
      this.#ancestors.pop();
    }
  }

  #parts(value: object, name: string, depth: number): string {
    const next = (item: unknown): string => this.text(item, depth + 1);
    if (Array.isArray(value)) {
      const items = [...value.slice(0, MAX_ITEMS)].map(next);
      return this.#join(
        "",
        "[",
        [...items, ...more(value.length), ...this.#fields(value, depth)],
        "]",
      );
    }
    if (ArrayBuffer.isView(value) && "length" in value) {
      const view = value as unknown as { length: number; subarray(a: number, b: number): number[] };
      const items = Array.from(view.subarray(0, MAX_ITEMS), next);
      return this.#join(`${name}(${view.length}) `, "[", [...items, ...more(view.length)], "]");
    }
    if (value instanceof ArrayBuffer) return `ArrayBuffer { byteLength: ${value.byteLength} }`;
    if (value instanceof Map) {
      const items = [...value]
        .slice(0, MAX_ITEMS)
        .map(([key, item]) => `${next(key)} => ${next(item)}`);
      return this.#join(`Map(${value.size}) `, "{", [...items, ...more(value.size)], "}");
    }
    if (value instanceof Set) {
      const items = [...value].slice(0, MAX_ITEMS).map(next);
      return this.#join(`Set(${value.size}) `, "{", [...items, ...more(value.size)], "}");
    }
    if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) {
      return `${name} {}`;
    }
    const boxed = value instanceof String || value instanceof Number || value instanceof Boolean;
    if (boxed) return `[${name}: ${this.text(value.valueOf())}]`;
    const title = name === "Object" ? "" : `${name} `;
    return this.#join(title, "{", this.#fields(value, depth), "}");
  }

  #fields(value: object, depth: number): string[] {
    const fields: string[] = [];
    const keys = Reflect.ownKeys(value).filter((key) => {
      const isIndex = Array.isArray(value) && typeof key === "string" && /^\d+$/.test(key);
      return !isIndex && Object.prototype.propertyIsEnumerable.call(value, key);
    });
    for (const key of keys.slice(0, MAX_ITEMS)) {
      const { get, set, value: item } = Object.getOwnPropertyDescriptor(value, key)!;
      const name =
        typeof key === "symbol" ? `[${key.toString()}]` : isIdentifier(key) ? key : quote(key);
      const accessor = get && set ? "[Getter/Setter]" : get ? "[Getter]" : "[Setter]";
      fields.push(`${name}: ${get || set ? accessor : this.text(item, depth + 1)}`);
    }
    return [...fields, ...more(keys.length)];
  }

  #join(title: string, open: string, items: readonly string[], close: string): string {
    if (items.length === 0) return `${title}${open}${close}`;
    const line = items.join(", ");
    if (line.length <= MAX_LINE && !line.includes("\n")) return `${title}${open} ${line} ${close}`;
    return `${title}${open}\n  ${items.join(",\n").replaceAll("\n", "\n  ")}\n${close}`;
  }
}

function more(count: number): string[] {
  return count > MAX_ITEMS ? [`… ${count - MAX_ITEMS} more`] : [];
}

/** Never throws. */
export function inspect(value: unknown): string {
  try {
    return new Inspector().text(value);
  } catch {
    return "[value that cannot be shown]";
  }
}

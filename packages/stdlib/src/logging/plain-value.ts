/**
 * Any value as data that JSON can hold, of bounded size: what is logged may be anything, and logging must not fail.
 * @module
 */

const MAX_DEPTH = 6;
const MAX_ITEMS = 64;
const MAX_TEXT = 4_096;
/** Values of one line, at all depths together. */
const MAX_VALUES = 512;

interface Budget {
  values: number;
  readonly parents: Set<object>;
}

/** A copy: cycles, what is too deep, too long or too much, and what cannot be read become a text that says so. */
export function plainValue(value: unknown): unknown {
  return plain(value, { values: MAX_VALUES, parents: new Set() });
}

/** At most `max` UTF-16 units, and how many are missing. */
export function shortened(text: string, max: number = MAX_TEXT): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max).replace(/[\ud800-\udbff]$/, "");
  return `${cut}… ${text.length - cut.length} more`;
}

function plain(value: unknown, budget: Budget): unknown {
  if (budget.values-- <= 0) return "[too much]";
  switch (typeof value) {
    case "string":
      return shortened(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return shortened(value.toString());
    case "symbol":
      return value.toString();
    case "function":
      return "[function]";
    case "object":
      return value === null ? null : guarded(value, budget);
    default:
      return value;
  }
}

function guarded(value: object, budget: Budget): unknown {
  if (budget.parents.has(value)) return "[circular]";
  if (budget.parents.size >= MAX_DEPTH) return "[too deep]";
  budget.parents.add(value);
  try {
    return ofObject(value, budget);
  } catch {
    return "[unreadable]";
  } finally {
    budget.parents.delete(value);
  }
}

function ofObject(value: object, budget: Budget): unknown {
  if (value instanceof Error) return ofError(value, budget);
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? "[no date]" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return `[${value.byteLength} bytes]`;
  if (value instanceof Map) return ofEntries(value.entries(), value.size, budget);
  if (value instanceof Set) return ofItems(value.values(), value.size, budget);
  if (Array.isArray(value)) return ofItems(value.values(), value.length, budget);
  if ("toJSON" in value && typeof value.toJSON === "function")
    return plain(value.toJSON(""), budget);
  const keys = Object.keys(value);
  return ofEntries(entriesOf(value, keys), keys.length, budget);
}

function* entriesOf(value: object, keys: readonly string[]): Generator<[string, unknown]> {
  for (const key of keys) {
    let item: unknown;
    try {
      item = (value as Record<string, unknown>)[key];
    } catch {
      item = "[unreadable]";
    }
    yield [key, item];
  }
}

function ofError(error: Error, budget: Budget): unknown {
  const { name, message, stack, cause } = error;
  const code: unknown = (error as { code?: unknown }).code;
  return {
    name: shortened(String(name)),
    message: shortened(String(message)),
    ...(code === undefined ? {} : { code: plain(code, budget) }),
    ...(typeof stack === "string" ? { stack: shortened(stack) } : {}),
    ...(cause === undefined ? {} : { cause: plain(cause, budget) }),
  };
}

function ofItems(items: Iterator<unknown>, size: number, budget: Budget): unknown[] {
  const list: unknown[] = [];
  while (list.length < MAX_ITEMS && budget.values > 0) {
    const { done, value } = items.next();
    if (done === true) return list;
    list.push(plain(value, budget));
  }
  if (size > list.length) list.push(`… ${size - list.length} more`);
  return list;
}

function ofEntries(
  entries: Iterator<[unknown, unknown]>,
  size: number,
  budget: Budget,
): Record<string, unknown> {
  // without a prototype: a field may be called "__proto__"
  const fields = Object.create(null) as Record<string, unknown>;
  let count = 0;
  while (count < MAX_ITEMS && budget.values > 0) {
    const next = entries.next();
    if (next.done === true) return fields;
    const [key, item] = next.value;
    fields[shortened(String(key), 256)] = plain(item, budget);
    count++;
  }
  if (size > count) fields["…"] = `${size - count} more`;
  return fields;
}

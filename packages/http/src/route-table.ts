/**
 * Which bound path a requested path belongs to.
 * Source: spec/runtime-modules.md §6.2.
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";
import {
  comparePatterns,
  matchRoutePattern,
  parseRoutePattern,
  type RoutePattern,
} from "./route-pattern.ts";

/** The one process whose paths have no prefix. */
export const HOMEPAGE_PROCESS = "homepage:homepage:sys";

/** The stored form of a path that `process` binds (rules 1 and 2). */
export function boundPath(process: ProcessId, path: string): string {
  const rooted = path.startsWith("/") ? path : `/${path}`;
  const trimmed = rooted.endsWith("/") ? rooted.slice(0, -1) : rooted;
  return process === HOMEPAGE_PROCESS ? trimmed : `/${process}${trimmed}`;
}

export interface RouteMatch<T> {
  /** The stored path. */
  readonly boundPath: string;
  readonly params: Readonly<Record<string, string>>;
  readonly value: T;
}

interface Entry<T> extends RouteMatch<T> {
  readonly pattern: RoutePattern;
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

export class RouteTable<T> {
  /** Paths without dynamic segments: nothing beats an equal text. */
  readonly #literal = new Map<string, Entry<T>>();
  /** Paths with dynamic segments, by their first segment ("" when that is dynamic), best first. */
  readonly #patterns = new Map<string, Entry<T>[]>();
  readonly #maxMatchedPathLength: number;

  constructor(maxMatchedPathLength: number) {
    this.#maxMatchedPathLength = maxMatchedPathLength;
  }

  /** Binds or replaces; `path` is a stored path. */
  set(path: string, value: T): void {
    const pattern = parseRoutePattern(path);
    const entry: Entry<T> = { boundPath: path, params: NO_PARAMS, value, pattern };
    if (isLiteral(pattern)) {
      this.#literal.set(path, entry);
      return;
    }
    const first = firstOfPattern(pattern);
    const others = (this.#patterns.get(first) ?? []).filter(
      (other) => other.pattern.key !== pattern.key,
    );
    const entries = [...others, entry].toSorted((a, b) => comparePatterns(a.pattern, b.pattern));
    this.#patterns.set(first, entries);
  }

  /** The value bound at exactly this stored path. */
  get(path: string): T | undefined {
    const pattern = parseRoutePattern(path);
    if (isLiteral(pattern)) return this.#literal.get(path)?.value;
    const entries = this.#patterns.get(firstOfPattern(pattern)) ?? [];
    return entries.find((entry) => entry.pattern.key === pattern.key)?.value;
  }

  /** All that is bound, in no particular order. */
  *values(): Generator<T> {
    for (const entry of this.#literal.values()) yield entry.value;
    for (const entries of this.#patterns.values()) {
      for (const entry of entries) yield entry.value;
    }
  }

  /** @param path - as requested, not decoded, without its one trailing `/` */
  find(path: string): RouteMatch<T> | undefined {
    const literal = this.#literal.get(path);
    if (literal !== undefined) return literal;
    return this.#patterns.size === 0 ? undefined : this.#findPattern(path);
  }

  /** `find`, then the first segment alone (rule 7). */
  findWithFallback(path: string): RouteMatch<T> | undefined {
    const found = this.find(path);
    if (found !== undefined) return found;
    const end = path.indexOf("/", 1);
    return end === -1 ? undefined : this.find(path.slice(0, end));
  }

  #findPattern(path: string): RouteMatch<T> | undefined {
    if (path.length > this.#maxMatchedPathLength) return undefined;
    const end = path.indexOf("/", 1);
    const first = path.slice(1, end === -1 ? undefined : end);
    const own = first === "" ? undefined : this.#matchFirst(this.#patterns.get(first), path);
    const general = this.#matchFirst(this.#patterns.get(""), path);
    if (own === undefined || general === undefined) return own ?? general;
    return comparePatterns(own.pattern, general.pattern) <= 0 ? own : general;
  }

  #matchFirst(entries: readonly Entry<T>[] | undefined, path: string): Entry<T> | undefined {
    for (const entry of entries ?? []) {
      const params = matchRoutePattern(entry.pattern, path);
      if (params !== undefined) return { ...entry, params };
    }
    return undefined;
  }
}

function isLiteral(pattern: RoutePattern): boolean {
  return pattern.paramCount + pattern.wildCount === 0;
}

/** The first segment of a pattern when it is literal to its end, else "". */
function firstOfPattern(pattern: RoutePattern): string {
  const token = pattern.tokens[0];
  if (token?.kind !== "literal") return "";
  const end = token.text.indexOf("/", 1);
  return end === -1 ? "" : token.text.slice(1, end);
}

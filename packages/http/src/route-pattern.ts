/**
 * One bound path: literal segments, `:name` and `*name` segments, split at both `/` and `.`.
 * Matching takes time in proportion to pattern × path, never exponential: patterns come from apps, paths from anyone.
 * Source: spec/runtime-modules.md §6.2 rule 5.
 * @module
 */

/** A run of literal text, or one dynamic segment. */
export type PatternToken =
  | { readonly kind: "literal"; readonly text: string }
  /** `:` one or more characters but `/`; `*` one or more of any kind. An empty name is not reported. */
  | { readonly kind: ":" | "*"; readonly name: string };

export interface RoutePattern {
  readonly tokens: readonly PatternToken[];
  /** Two patterns that differ only in names are one route: the text without names. */
  readonly key: string;
  readonly literalCount: number;
  readonly paramCount: number;
  readonly wildCount: number;
}

const SEGMENTS = /[^/.]*[/.]?/g;

/** @param path - with its leading `/`, or empty */
export function parseRoutePattern(path: string): RoutePattern {
  const tokens: PatternToken[] = [];
  const counts = { literal: 0, ":": 0, "*": 0 };
  let literal = path.startsWith("/") ? "/" : "";
  for (const [piece] of path.slice(literal.length).matchAll(SEGMENTS)) {
    if (piece === "") continue;
    const end = /[/.]$/.test(piece) ? piece.slice(-1) : "";
    const segment = piece.slice(0, piece.length - end.length);
    const kind = segment[0];
    if (kind === ":" || kind === "*") {
      if (literal !== "") tokens.push({ kind: "literal", text: literal });
      tokens.push({ kind, name: segment.slice(1) });
      counts[kind]++;
      literal = end;
    } else {
      counts.literal++;
      literal += piece;
    }
  }
  if (literal !== "") tokens.push({ kind: "literal", text: literal });
  return {
    tokens,
    key: tokens.map((token) => (token.kind === "literal" ? token.text : token.kind)).join("\0"),
    literalCount: counts.literal,
    paramCount: counts[":"],
    wildCount: counts["*"],
  };
}

/** Negative when `a` wins over `b` (§6.2 rule 6). */
export function comparePatterns(a: RoutePattern, b: RoutePattern): number {
  return (
    b.literalCount - a.literalCount || b.paramCount - a.paramCount || b.wildCount - a.wildCount
  );
}

/**
 * The named parts of `path`, or `undefined` when it does not match. Dynamic segments take as much as they can,
 * the first ones first.
 */
export function matchRoutePattern(
  pattern: RoutePattern,
  path: string,
): Record<string, string> | undefined {
  const { tokens } = pattern;
  const reachable = reachableEnds(tokens, path);
  if (reachable[0] !== 1) return undefined;
  const params: Record<string, string> = {};
  const width = path.length + 1;
  let at = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "literal") {
      at += token.text.length;
      continue;
    }
    const end = longestEnd(token.kind, path, at, (to) => reachable[(index + 1) * width + to] === 1);
    if (token.name !== "") params[token.name] = path.slice(at, end);
    at = end;
  }
  return params;
}

/** Cell `[i × (length + 1) + p]` is 1 when the tokens from `i` on match the path from `p` on. */
function reachableEnds(tokens: readonly PatternToken[], path: string): Uint8Array {
  const width = path.length + 1;
  const cells = new Uint8Array((tokens.length + 1) * width);
  cells[tokens.length * width + path.length] = 1;
  for (let index = tokens.length - 1; index >= 0; index--) {
    const token = tokens[index]!;
    const row = index * width;
    const next = row + width;
    for (let at = path.length - 1; at >= 0; at--) {
      if (token.kind === "literal") {
        const end = at + token.text.length;
        if (end <= path.length && cells[next + end] === 1 && path.startsWith(token.text, at)) {
          cells[row + at] = 1;
        }
      } else if (token.kind === "*" || path.charCodeAt(at) !== 0x2f) {
        if (cells[next + at + 1] === 1 || cells[row + at + 1] === 1) cells[row + at] = 1;
      }
    }
  }
  return cells;
}

function longestEnd(
  kind: ":" | "*",
  path: string,
  from: number,
  isGood: (end: number) => boolean,
): number {
  const slash = kind === ":" ? path.indexOf("/", from) : -1;
  let end = slash === -1 ? path.length : slash;
  while (!isGood(end)) end--;
  return end;
}

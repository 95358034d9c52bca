/**
 * JSON that is looked into without being made into values: what is passed on stays as it was written, numbers above 2^53 and
 * fractions among it. What has too many parts or is nested too deeply is refused before anything parses it.
 * @module
 */

/** What the text of one JSON value may have at most. */
export interface JsonBounds {
  /** Arrays and objects inside each other. */
  readonly maxDepth: number;
  /** Commas and opening brackets outside strings: a parser takes far longer for many small values than for few large ones. */
  readonly maxParts: number;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** After the closing quote of the string whose opening quote is at `at`; the end of the text when there is none. */
function afterString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
}

function isWithin(text: string, { maxDepth, maxParts }: JsonBounds): boolean {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = afterString(text, at) - 1;
    else if (code === COMMA) parts++;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      parts++;
      if (++depth > maxDepth) return false;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
    if (parts > maxParts) return false;
  }
  return true;
}

/** The text when it is JSON within the bounds, else `undefined`. */
export function checkedJson(text: string, bounds: JsonBounds): string | undefined {
  if (!isWithin(text, bounds)) return undefined;
  try {
    JSON.parse(text);
    return text.trim();
  } catch {
    return undefined;
  }
}

/**
 * Members of an object by name, each as its text; of two with one name the later.
 * @param text - JSON that was checked
 * @returns `undefined` for what is no object
 */
export function membersOf(text: string): ReadonlyMap<string, string> | undefined {
  if (text.charCodeAt(0) !== OPEN_BRACE) return undefined;
  const members = new Map<string, string>();
  for (const [start, end] of piecesOf(text)) {
    const open = text.indexOf('"', start);
    const close = afterString(text, open);
    const colon = text.indexOf(":", close);
    members.set(JSON.parse(text.slice(open, close)) as string, text.slice(colon + 1, end).trim());
  }
  return members;
}

/**
 * Elements of an array, each as its text.
 * @param text - JSON that was checked
 * @returns `undefined` for what is no array
 */
export function elementsOf(text: string): readonly string[] | undefined {
  if (text.charCodeAt(0) !== OPEN_BRACKET) return undefined;
  return Array.from(piecesOf(text), ([start, end]) => text.slice(start, end).trim());
}

/** Where the parts between the outer commas are. */
function* piecesOf(text: string): Generator<readonly [start: number, end: number]> {
  let depth = 0;
  let start = 1;
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = afterString(text, at) - 1;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) depth++;
    else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) {
      if (depth === 0) {
        if (text.slice(start, at).trim() !== "") yield [start, at];
        return;
      }
      depth--;
    } else if (code === COMMA && depth === 0) {
      yield [start, at];
      start = at + 1;
    }
  }
}

/** The string that the text is, or `undefined`. */
export function stringOf(text: string | undefined): string | undefined {
  return text?.charCodeAt(0) === QUOTE ? (JSON.parse(text) as string) : undefined;
}

/** An externally tagged value: `"Name"`, `{"Name":null}` and `{"Name":x}`; the last two give the text of what is inside. */
export function rawVariant(text: string): readonly [name: string, value: string] | undefined {
  const name = stringOf(text);
  if (name !== undefined) return [name, "null"];
  const members = membersOf(text);
  return members?.size === 1 ? [...members][0] : undefined;
}

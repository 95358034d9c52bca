/**
 * JSON that can be parsed without holding up the node. A parser is not interrupted, and takes far longer for many small values
 * than for a few large strings, and for many names than for values; what has too many is refused before it is parsed.
 * @module
 */

/** Text up to this size is parsed in any case, in bytes. */
const SMALL_BYTES = 64 * 1024;
/** Commas and opening brackets outside strings; a key of 64 KiB as an array of numbers has 65,536. */
const MAX_PARTS = 100_000;
/** A name counts as so many. */
const NAME_PARTS = 5;

const [QUOTE, BACKSLASH, COMMA, COLON, BRACKET, BRACE] = [0x22, 0x5c, 0x2c, 0x3a, 0x5b, 0x7b];

/** Where the string ends whose opening quote is at `at`; -1: nowhere. */
function endOfString(bytes: Uint8Array, at: number): number {
  const first = bytes.indexOf(QUOTE, at + 1);
  // By far the quickest way through a long text, and most have no quotes in them.
  if (first < 0 || bytes[first - 1] !== BACKSLASH) return first;
  for (let end = at + 1; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte === QUOTE) return end;
    if (byte === BACKSLASH) end++;
  }
  return -1;
}

/** Whether it has few enough parts. Text that is not JSON may be called modest: a parser finds that out soon. */
export function isModestJson(json: Uint8Array): boolean {
  if (json.length <= SMALL_BYTES) return true;
  let parts = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfString(json, at);
      if (at < 0) return true;
    } else if (byte === COMMA || byte === BRACKET || byte === BRACE) parts++;
    else if (byte === COLON) parts += NAME_PARTS;
    if (parts > MAX_PARTS) return false;
  }
  return true;
}

/**
 * JSON that can be parsed without holding up the node. A parser is not interrupted, and takes far longer for many small values
 * than for a few large strings, so what has too many is refused before it is parsed.
 * @module
 */

/** Text up to this size is parsed in any case, in bytes. */
const SMALL_BYTES = 64 * 1024;
/** Commas and opening brackets outside strings; a key of 64 KiB as an array of numbers has 65,536. */
const MAX_PARTS = 100_000;

const [QUOTE, BACKSLASH, COMMA, BRACKET, BRACE] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/** Where the string ends whose opening quote is at `at`; -1: nowhere. */
function endOfString(bytes: Buffer, at: number): number {
  for (let end = bytes.indexOf(QUOTE, at + 1); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let escapes = 0;
    while (bytes[end - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return -1;
}

/** Whether it has few enough parts. Text that is not JSON may be called modest: a parser finds that out soon. */
export function isModestJson(json: Uint8Array): boolean {
  if (json.length <= SMALL_BYTES) return true;
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  let parts = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      if (at < 0) return true;
    } else if (byte === COMMA || byte === BRACKET || byte === BRACE) {
      if (++parts > MAX_PARTS) return false;
    }
  }
  return true;
}

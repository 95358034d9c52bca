/**
 * Percent-encoding and its sets.
 * Source: URL Standard §1.3 (WHATWG).
 * @module
 */

/** The ASCII characters a set encodes beyond controls and everything above `~`. */
export const ENCODE = {
  control: "",
  fragment: ' "<>`',
  query: ' "#<>',
  specialQuery: " \"#<>'",
  path: ' "#<>?^`{}',
  userinfo: ' "#<>?^`{}/:;=@[\\]|',
} as const;

const encoder = new TextEncoder();

/** One character (one code point). */
export function encodeCharacter(character: string, set: string): string {
  const code = character.charCodeAt(0);
  if (code > 0x7e) return code === 0x7f ? "%7F" : encodeURIComponent(character);
  if (code > 0x1f && !set.includes(character)) return character;
  return `%${code < 16 ? "0" : ""}${code.toString(16).toUpperCase()}`;
}

/** A well-formed text, character by character. */
export function encodeText(text: string, set: string): string {
  let result = "";
  for (const character of text) result += encodeCharacter(character, set);
  return result;
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** Bytes with `%XX` decoded; other `%` stay. */
export function decodePercent(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const high = bytes[at] === 37 ? hexValue(bytes[at + 1] ?? 0) : -1;
    const low = high < 0 ? -1 : hexValue(bytes[at + 2] ?? 0);
    if (low < 0) result[length++] = bytes[at]!;
    else {
      result[length++] = high * 16 + low;
      at += 2;
    }
  }
  return result.subarray(0, length);
}

/** Text with `%XX` decoded as UTF-8; what is malformed becomes U+FFFD. */
export function decodeText(text: string): string {
  if (!text.includes("%")) return text;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(decodePercent(encoder.encode(text)));
}

/**
 * Bytes as letters and digits without regard to case (RFC 4648 §6, no padding): short as a QR code, safe to paste anywhere.
 * @module
 */

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

export function formatBase32(bytes: Uint8Array): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += LETTERS[(buffer >> bits) & 31]!;
    }
  }
  return bits === 0 ? text : text + LETTERS[(buffer << (5 - bits)) & 31]!;
}

/** `undefined` for a character that is none of its letters. */
export function parseBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let at = 0;
  let buffer = 0;
  let bits = 0;
  for (const letter of text.toLowerCase()) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) return undefined;
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (buffer >> bits) & 0xff;
  }
  return bytes;
}

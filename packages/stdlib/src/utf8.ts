/**
 * Text and bytes.
 * @module
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Text as UTF-8; halves of surrogate pairs become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Invalid sequences become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

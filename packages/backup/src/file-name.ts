/**
 * Names inside trees, which are written as Go writes a quoted string, and what makes a name safe to restore.
 * Source: restic's trees; the Go specification, "String literals".
 * @module
 */
import { concatBytes } from "./bytes.ts";
import { assertSound } from "./errors.ts";

const SHORT: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};
const LONG = new Map(Object.entries(SHORT).map(([character, text]) => [text[1], character]));
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const ESCAPE =
  /\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|())/g;

/** The text of a name in a tree. */
export function quoteName(name: string): string {
  if (/^[ !#-[\]-~]*$/.test(name)) return name;
  return [...name.toWellFormed()].map(quoteCharacter).join("");
}

function quoteCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  if (PRINTABLE.test(character)) return character;
  const code = character.codePointAt(0)!;
  const hex = (digits: number): string => code.toString(16).padStart(digits, "0");
  if (code < 0x20 || code === 0x7f) return `\\x${hex(2)}`;
  return code < 0x1_0000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

/**
 * The name that a text in a tree stands for; `undefined` when the name is no UTF-8 (restic keeps any bytes).
 * @throws {BackupError} `backup.damaged` it is no quoted text
 */
export function unquoteName(text: string): string | undefined {
  assertSound(!/(?<!\\)"|\n/.test(text.replace(/\\\\/g, "")), "a tree", "a name is badly quoted");
  if (!text.includes("\\")) return text;
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [whole, short, byte, low, high, octal] = match;
    parts.push(encoder.encode(text.slice(end, match.index)));
    end = match.index + whole.length;
    if (short !== undefined) parts.push(encoder.encode(LONG.get(short)));
    else if (byte !== undefined) parts.push(Uint8Array.of(Number.parseInt(byte, 16)));
    else if (octal !== undefined) parts.push(Uint8Array.of(Number.parseInt(octal, 8)));
    else {
      const code = Number.parseInt(low ?? high ?? "", 16);
      assertSound(code <= 0x10_ffff, "a tree", "a name is badly quoted");
      parts.push(encoder.encode(String.fromCodePoint(code)));
    }
  }
  parts.push(encoder.encode(text.slice(end)));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(concatBytes(parts));
  } catch {
    return undefined;
  }
}

/** Why a name must not become a file, or `undefined` when it may. */
export function whyUnsafe(name: string): string | undefined {
  if (name === "") return "the name is empty";
  if (name === "." || name === "..") return `"${name}" is no name of a file`;
  if (!name.isWellFormed()) return "the name is no Unicode";
  if (/[/\0]/.test(name)) return "the name contains a separator";
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) return "the name is too long";
  return undefined;
}

const MAX_NAME_BYTES = 1_024;

/** The order of names in a tree: by their UTF-8 bytes, which is that of their characters. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Halves of characters above U+FFFF come after all others. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

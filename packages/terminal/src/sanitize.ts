/**
 * Text of processes and other nodes, made safe for a console and a log file.
 * Source: spec/runtime-modules.md §10.4 rows 1 and 6 (M130).
 * @module
 */
import { isNameSafePackageId } from "@kinode-ts/types";

// One escape sequence of any kind: CSI, OSC and other strings up to their end, or two characters.
const ESCAPE =
  // oxlint-disable-next-line no-control-regex -- control characters are what this file is about
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
// oxlint-disable-next-line no-control-regex -- a style sequence starts with the escape character
const STYLE = /^\u001b\[[0-9;:]{0,40}m$/;
// oxlint-disable-next-line no-control-regex -- as above; newline, tab and the start of a style stay
const CONTROL = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;
const SEPARATOR = /\r\n|\u2028|\u2029/g;
// Characters without a glyph hide in a text or change its order. Joiners and variation selectors are judged apart.
const INVISIBLE =
  /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\ufff9-\ufffb]/gu;
const SELECTOR =
  /(?<![\p{Extended_Pictographic}0-9#*])[\ufe0e\ufe0f]+|(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]+/gu;
// A joiner has a meaning between two emoji, and between letters of scripts that shape them.
const JOINER =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic})|\u200c/gu;
const SHAPED =
  /[\p{Script_Extensions=Arabic}\p{Script_Extensions=Syriac}\p{Script_Extensions=Mongolian}\p{Script_Extensions=Devanagari}\p{Script_Extensions=Bengali}\p{Script_Extensions=Gurmukhi}\p{Script_Extensions=Gujarati}\p{Script_Extensions=Oriya}\p{Script_Extensions=Tamil}\p{Script_Extensions=Telugu}\p{Script_Extensions=Kannada}\p{Script_Extensions=Malayalam}\p{Script_Extensions=Sinhala}\p{Script_Extensions=Khmer}\p{Script_Extensions=Myanmar}]/u;
const TOO_MANY_MARKS = /(\p{M}{8})\p{M}+/gu;
const PLAIN = /^[\n\t\u0020-\u007e]*$/;

/** Starts a line that continues the one before, so that nothing can pass for a line of its own. */
export const CONTINUATION = "  | ";

/** Longest origin that is shown, in characters. */
const MAX_ORIGIN_LENGTH = 64;

function keepJoiner(joiner: string, at: number, text: string): string {
  return SHAPED.test(text[at - 1] ?? "") && SHAPED.test(text[at + 1] ?? "") ? joiner : "";
}

/**
 * Keeps newline, tab and style (SGR) sequences; every other control or escape sequence is removed, and so is what has
 * no glyph: bidirectional controls, zero-width characters, marks piled up on one letter.
 */
export function sanitizeText(text: string): string {
  if (PLAIN.test(text)) return text;
  // Half of a surrogate pair is drawn as the replacement character: it must be counted as one.
  return text
    .toWellFormed()
    .replace(SEPARATOR, "\n")
    .replace(ESCAPE, (sequence) => (STYLE.test(sequence) ? sequence : ""))
    .replace(CONTROL, "")
    .replace(INVISIBLE, "")
    .replace(SELECTOR, "")
    .replace(JOINER, keepJoiner)
    .replace(TOO_MANY_MARKS, "$1");
}

/** Typed or pasted text: without control characters and what has no glyph. Emoji may come in parts. */
export function sanitizeTyped(text: string): string {
  if (PLAIN.test(text)) return text.replace(/[\n\t]/g, "");
  // oxlint-disable-next-line no-control-regex -- controls are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "").replace(INVISIBLE, "");
}

/** Sanitized text with every line after the first marked as a continuation. */
export function sanitizeLines(text: string, mark: string = CONTINUATION): string {
  return sanitizeText(text).replaceAll("\n", `\n${mark}`);
}

/** One line without styles, tabs and line breaks: for input, lists and names. */
export function sanitizeWords(text: string): string {
  return sanitizeText(stripStyles(text)).replace(/[\n\t]+/g, " ");
}

/** Without style sequences: for log files and width. */
export function stripStyles(text: string): string {
  return text.replace(ESCAPE, "");
}

/** A package's id as it may stand before a line; one with unusual characters is quoted. */
export function sanitizeOrigin(origin: string): string {
  if (isNameSafePackageId(origin) && origin.length <= MAX_ORIGIN_LENGTH) return origin;
  const words = sanitizeWords(origin);
  const cut = words.length > MAX_ORIGIN_LENGTH ? `${words.slice(0, MAX_ORIGIN_LENGTH)}…` : words;
  return JSON.stringify(cut);
}

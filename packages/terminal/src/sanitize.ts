/**
 * Text of processes and other nodes, made safe for a console and a log file.
 * Source: spec/runtime-modules.md §10.4 rows 1 and 6 (M130).
 * @module
 */

// One escape sequence of any kind: CSI, OSC and other strings up to their end, or two characters.
const ESCAPE =
  // oxlint-disable-next-line no-control-regex -- control characters are what this file is about
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
// oxlint-disable-next-line no-control-regex -- a style sequence starts with the escape character
const STYLE = /^\u001b\[[0-9;:]*m$/;
// Controls but newline and tab; bidirectional overrides reorder what a person reads.
const CONTROL =
  // oxlint-disable-next-line no-control-regex -- as above
  /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Marks a line that continues the one before, so that nothing can pass for a line of its own. */
export const CONTINUATION = "  | ";

/** Keeps newline, tab and style (SGR) sequences; every other control or escape sequence is removed. */
export function sanitizeText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(ESCAPE, (sequence) => (STYLE.test(sequence) ? sequence : ""))
    .replace(CONTROL, "");
}

/** Sanitized text with every line after the first marked as a continuation. */
export function sanitizeLines(text: string): string {
  const safe = sanitizeText(text);
  return safe.includes("\n") ? safe.replaceAll("\n", `\n${CONTINUATION}`) : safe;
}

/** Without style sequences: for log files and width. */
export function stripStyles(text: string): string {
  return text.replace(ESCAPE, "");
}

/**
 * Texts of other processes, nodes and providers, as they may stand in a line of a command: a line break or a control
 * character in a name would make a row that looks like another one of the same command.
 * @module
 */

/** What an answer or an error text may take of a line, in UTF-16 units. */
export const MAX_ROW_LENGTH = 1_000;

function escaped(char: string): string {
  const code = char.codePointAt(0)!;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u{${code.toString(16).padStart(4, "0")}}`;
}

/**
 * One row, in its own order: control, format and line characters are shown as `\x0a` or `\u{202e}`.
 * @param maxLength - in UTF-16 units; what comes after is left out
 */
export function oneRow(text: string, maxLength = Infinity): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replace(/[\p{Cc}\p{Zl}\p{Zp}]|(?!\u200c|\u200d)\p{Cf}/gu, escaped);
}

/**
 * Arguments as words, with the quoting people know from shells.
 * @module
 */
import { ScriptFailure } from "./script-failure.ts";

/** Exit status of a script that was called wrongly. */
export const WRONG_CALL = 2;

/**
 * Splits at white space. `'…'` is taken as it is; in `"…"` a backslash stands before `"` or `\`; outside of quotes it
 * makes any character an ordinary one. Nothing is expanded.
 * @throws {ScriptFailure} a quote that is not closed
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      const end = closing(text, at);
      const inner = text.slice(at + 1, end);
      word = (word ?? "") + (char === "'" ? inner : inner.replace(/\\(["\\])/g, "$1"));
      at = end;
    } else if (char === "\\" && at + 1 < text.length) {
      word = (word ?? "") + text[++at]!;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Place of the quote that closes the one at `start`. */
function closing(text: string, start: number): number {
  const quote = text[start]!;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === quote) return at;
    if (quote === '"' && text[at] === "\\") at++;
  }
  throw new ScriptFailure(
    `the quote ${quote} at place ${start + 1} of the arguments is not closed`,
    {
      status: WRONG_CALL,
    },
  );
}

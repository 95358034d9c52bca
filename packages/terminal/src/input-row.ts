/**
 * Draws the input line into one row of a given width. Source: spec/runtime-modules.md §10.1, §10.4 row 5.
 * @module
 */
import type { LineEditor } from "./line-editor.ts";

/** Columns a text takes on the screen. */
export type Width = (text: string) => number;

/** Both together fit the width; they may hold style sequences. */
export interface InputRow {
  readonly beforeCursor: string;
  readonly afterCursor: string;
}

const UNDERLINE = "\u001b[4m";
const PLAIN = "\u001b[24m";

/** Most graphemes are shorter by far; of a longer one the end is drawn. */
const MAX_GRAPHEME_LENGTH = 8;

const segmenter = new Intl.Segmenter();

/** The end of `text` that fits into `columns`. */
function tail(text: string, columns: number, width: Width): string {
  // What is far to the left of the window is not cut up: a long line is drawn with every key.
  const near = text.slice(-Math.max(columns * MAX_GRAPHEME_LENGTH, MAX_GRAPHEME_LENGTH));
  const cells = Array.from(segmenter.segment(near), (part) => part.segment);
  let used = 0;
  let start = cells.length;
  while (start > 0 && used + width(cells[start - 1]!) <= columns) {
    start -= 1;
    used += width(cells[start]!);
  }
  return cells.slice(start).join("");
}

function head(text: string, columns: number, width: Width): string {
  let used = 0;
  let end = "";
  for (const { segment } of segmenter.segment(text)) {
    used += width(segment);
    if (used > columns) break;
    end += segment;
  }
  return end;
}

function drawSearch(editor: LineEditor, node: string, columns: number, width: Width): InputRow {
  const { query, match } = editor.search!;
  const prompt = head(`${node} * `, columns - 1, width);
  const room = Math.max(columns - 1 - width(prompt), 0);
  if (match === undefined) {
    const text = head(query === "" ? "" : `${query}: no results`, room, width);
    return { beforeCursor: prompt + text, afterCursor: "" };
  }
  const shown = head(match, room, width);
  const at = shown.indexOf(query);
  const marked =
    at < 0
      ? shown
      : `${shown.slice(0, at)}${UNDERLINE}${query}${PLAIN}${shown.slice(at + query.length)}`;
  return { beforeCursor: prompt + marked, afterCursor: "" };
}

/** A window narrower than the prompt shows what fits; long text scrolls so that the cursor stays visible. */
export function drawInputRow(
  editor: LineEditor,
  prompt: string,
  node: string,
  columns: number,
  width: Width,
): InputRow {
  if (editor.search !== undefined) return drawSearch(editor, node, columns, width);
  const shownPrompt = head(prompt, Math.max(columns - 2, 0), width);
  const room = Math.max(columns - 1 - width(shownPrompt), 0);
  const before = tail(editor.beforeCursor, room, width);
  const after = editor.text.slice(editor.beforeCursor.length);
  const rest = head(after, room - width(before), width);
  return { beforeCursor: shownPrompt + before, afterCursor: rest };
}

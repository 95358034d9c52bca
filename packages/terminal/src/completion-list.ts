/**
 * What Tab does with the completions of a line. Contract: `completion.ts` of `@kinode-ts/types`.
 * @module
 */
import type { Completion, CompletionAnswer, CompletionRequest } from "@kinode-ts/types";
import type { Width } from "./input-row.ts";
import { sanitizeWords } from "./sanitize.ts";

/** Most completions that are looked at. */
const MAX_COMPLETIONS = 200;
const MAX_HINT_LENGTH = 120;
const MAX_TEXT_LENGTH = 1_024;
/** After these more of the word is to come. */
const OPEN_ENDS = /[/@:=]$/;
/** Rows that a list leaves of the screen. */
const ROWS_LEFT = 3;

/** What replaces the word before the cursor, or what there is to choose from. */
export type CompletionStep =
  | { readonly kind: "none" }
  | { readonly kind: "insert"; readonly text: string; readonly isWhole: boolean }
  | { readonly kind: "choose"; readonly completions: readonly Completion[] };

function readOne(value: unknown): Completion | undefined {
  const { text, hint } = (value ?? {}) as { text?: unknown; hint?: unknown };
  if (typeof text !== "string" || text.length > MAX_TEXT_LENGTH) return undefined;
  const safe = sanitizeWords(text);
  // What would not be typed as it was meant is not offered.
  if (safe !== text || text === "") return undefined;
  if (typeof hint !== "string" || hint === "") return { text };
  return { text, hint: sanitizeWords(hint.slice(0, MAX_HINT_LENGTH)) };
}

/** The answer of the terminal process; `undefined` when it is none for this request. */
export function parseCompletionAnswer(
  body: Uint8Array,
  request: CompletionRequest,
): CompletionAnswer | undefined {
  let value: { from?: unknown; completions?: unknown } | null;
  try {
    value = JSON.parse(new TextDecoder().decode(body)) as typeof value;
  } catch {
    return undefined;
  }
  const from = value?.from;
  const list = value?.completions;
  if (typeof from !== "number" || !Number.isInteger(from) || !Array.isArray(list)) return undefined;
  if (from < 0 || from > request.cursor) return undefined;
  const completions = list
    .slice(0, MAX_COMPLETIONS)
    .map(readOne)
    .filter((each) => each !== undefined);
  return { from, completions };
}

function commonStart(texts: readonly string[]): string {
  let start = texts[0] ?? "";
  for (const text of texts) {
    let length = 0;
    while (length < start.length && start[length] === text[length]) length += 1;
    start = start.slice(0, length);
  }
  // Half of a surrogate pair is no text.
  return start.replace(/[\ud800-\udbff]$/, "");
}

/** @param word - what stands between `from` and the cursor */
export function nextStep({ completions }: CompletionAnswer, word: string): CompletionStep {
  const [first] = completions;
  if (first === undefined) return { kind: "none" };
  if (completions.length === 1) {
    const text = OPEN_ENDS.test(first.text) ? first.text : `${first.text} `;
    return { kind: "insert", text, isWhole: true };
  }
  const start = commonStart(completions.map(({ text }) => text));
  return start.length > word.length
    ? { kind: "insert", text: start, isWhole: false }
    : { kind: "choose", completions };
}

function cut(text: string, columns: number, width: Width): string {
  let short = text;
  while (short !== "" && width(short) > columns) short = short.slice(0, -1);
  return short;
}

/** Rows for the list of completions: with hints one each, else side by side; a long list says how many are left out. */
export function listCompletions(
  completions: readonly Completion[],
  screen: { readonly columns: number; readonly rows: number; readonly width: Width },
): string[] {
  const { width } = screen;
  const room = Math.max(screen.columns - 1, 1);
  const longest = Math.max(...completions.map(({ text }) => width(text)));
  const hasHints = completions.some(({ hint }) => hint !== undefined);
  const perRow = hasHints ? 1 : Math.max(Math.floor((room + 2) / (longest + 2)), 1);
  const maxRows = Math.max(screen.rows - ROWS_LEFT, 1);
  const shown = completions.slice(0, maxRows * perRow);
  const pad = (text: string): string => text + " ".repeat(Math.max(longest - width(text), 0));
  const rows: string[] = [];
  for (let at = 0; at < shown.length; at += perRow) {
    const row = shown
      .slice(at, at + perRow)
      .map(({ text, hint }) =>
        hint === undefined && perRow === 1 ? text : `${pad(text)}  ${hint ?? ""}`,
      );
    rows.push(cut(row.join("").trimEnd(), room, width));
  }
  const left = completions.length - shown.length;
  if (left > 0) rows.push(cut(`… and ${left} more: type more of the word`, room, width));
  return rows;
}

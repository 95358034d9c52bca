/**
 * The input line: text, cursor, history and search, one key at a time. Knows no screen.
 * Source: spec/runtime-modules.md §10.1 (keys).
 * @module
 */
import type { History } from "./history.ts";
import { sanitizeText, sanitizeTyped } from "./sanitize.ts";

/** A key as the host decodes it. */
export interface Key {
  /** `undefined` for plain text. */
  readonly name: string | undefined;
  readonly ctrl: boolean;
  /** What was typed or pasted. */
  readonly text: string;
}

export type EditResult = "changed" | "bell" | "submit" | "ignored";

const segmenter = new Intl.Segmenter();
const graphemes = (text: string): string[] =>
  Array.from(segmenter.segment(text), (part) => part.segment);

/** Longest input line, in characters. */
export const MAX_LINE_LENGTH = 65_536;

interface Search {
  query: string;
  /** Age in the history of the match shown. */
  age: number | undefined;
  /** Its text: another input line may add to the history meanwhile. */
  match: string | undefined;
}

export class LineEditor {
  #cells: string[] = [];
  #cursor = 0;
  #age = -1;
  #draft = "";
  #search: Search | undefined;
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  get text(): string {
    return this.#cells.join("");
  }

  /** Graphemes before the cursor. */
  get beforeCursor(): string {
    return this.#cells.slice(0, this.#cursor).join("");
  }

  /** While searching: what is searched for, and the match if there is one. */
  get search(): { readonly query: string; readonly match: string | undefined } | undefined {
    return this.#search;
  }

  setText(text: string): void {
    this.#cells = graphemes(text);
    this.#cursor = this.#cells.length;
  }

  /** Puts `text` in the place of what stands between `from` (UTF-16 units) and the cursor. */
  replaceBeforeCursor(from: number, text: string): void {
    const before = this.beforeCursor.slice(0, from) + text;
    const after = this.#cells.slice(this.#cursor).join("");
    this.#cells = graphemes(before + after);
    this.#cursor = Math.min(graphemes(before).length, this.#cells.length);
  }

  /** Forgets the line and leaves the search. */
  clear(): void {
    this.#search = undefined;
    this.#age = -1;
    this.#draft = "";
    this.setText("");
  }

  /** The finished line: the shown match while searching, else the text. Clears and remembers it. */
  take(): string {
    const line = sanitizeText(this.search === undefined ? this.text : (this.search.match ?? ""));
    this.clear();
    this.#history.add(line);
    return line;
  }

  key(key: Key): EditResult {
    if (key.ctrl) return this.#control(key.name ?? "");
    switch (key.name) {
      case "return":
        return "submit";
      case "backspace":
        return this.#search ? this.#narrow(this.#search.query.slice(0, -1)) : this.#erase(-1);
      case "delete":
        return this.#search ? "ignored" : this.#erase(0);
      case "left":
        return this.#move(this.#cursor - 1);
      case "right":
        return this.#move(this.#cursor + 1);
      case "home":
        return this.#move(0);
      case "end":
        return this.#move(this.#cells.length);
      case "up":
        return this.#recall(this.#age + 1);
      case "down":
        return this.#recall(this.#age - 1);
      default:
        return this.insert(key.text);
    }
  }

  /** Types or pastes; control characters are removed. */
  insert(text: string): EditResult {
    const typed = sanitizeTyped(text);
    if (typed === "") return "ignored";
    if (this.text.length + typed.length > MAX_LINE_LENGTH) return "bell";
    if (this.#search !== undefined) return this.#narrow(this.#search.query + typed);
    // A combining mark joins the grapheme before it, so the neighbours are cut up anew; the rest of the line stays.
    const at = Math.max(this.#cursor - 1, 0);
    const before = this.#cells.slice(at, this.#cursor).join("") + typed;
    const parts = graphemes(before + (this.#cells[this.#cursor] ?? ""));
    this.#cells = [...this.#cells.slice(0, at), ...parts, ...this.#cells.slice(this.#cursor + 1)];
    this.#cursor = at + Math.min(graphemes(before).length, parts.length);
    return "changed";
  }

  #control(name: string): EditResult {
    switch (name) {
      case "a":
        return this.#move(0);
      case "e":
        return this.#move(this.#cells.length);
      case "p":
        return this.#recall(this.#age + 1);
      case "n":
        return this.#recall(this.#age - 1);
      case "h":
        return this.#search ? this.#narrow(this.#search.query.slice(0, -1)) : this.#erase(-1);
      case "r":
        return this.#searchOlder();
      case "g":
        this.#search = undefined;
        return "changed";
      default:
        return "ignored";
    }
  }

  #move(to: number): EditResult {
    if (this.#search !== undefined) return "ignored";
    if (to < 0 || to > this.#cells.length) return "bell";
    this.#cursor = to;
    return "changed";
  }

  #erase(offset: number): EditResult {
    const at = this.#cursor + offset;
    if (at < 0 || at >= this.#cells.length) return "bell";
    this.#cells.splice(at, 1);
    this.#cursor = at;
    return "changed";
  }

  #recall(age: number): EditResult {
    if (this.#search !== undefined) return "ignored";
    if (age < -1 || age >= this.#history.count) return "bell";
    if (this.#age === -1) this.#draft = this.text;
    this.#age = age;
    this.setText(age === -1 ? this.#draft : this.#history.at(age)!);
    return "changed";
  }

  #searchOlder(): EditResult {
    if (this.#search === undefined) {
      this.#search = { query: "", age: undefined, match: undefined };
      return "changed";
    }
    const { query, age } = this.#search;
    const next = this.#history.find(query, age === undefined ? 0 : age + 1);
    // Past the oldest match the search stays on it.
    if (next === undefined) return "bell";
    this.#search = { query, age: next, match: this.#history.at(next) };
    return "changed";
  }

  #narrow(query: string): EditResult {
    const age = this.#history.find(query);
    this.#search = { query, age, match: age === undefined ? undefined : this.#history.at(age) };
    return "changed";
  }
}

/**
 * Cuts a printed line into rows of the screen. A row that the console would wrap by itself starts at the left edge,
 * where a hostile text could then show the time and name of another process; so rows are cut here, and each but the
 * first starts with a mark that says whose line it continues.
 * @module
 */
import type { Width } from "./input-row.ts";
import { RESET, StyleState } from "./style-state.ts";

export interface LayoutOptions {
  /** Columns of the screen. */
  readonly columns: number;
  readonly width: Width;
  /** Starts every row but the first. */
  readonly mark: string;
  /** False: styles are left out. */
  readonly color: boolean;
  /** Colour of text without a style: an SGR number. */
  readonly baseColor?: number | undefined;
}

const TAB_COLUMNS = 8;
/** Longest word that goes into the next row as a whole. */
const MAX_TORN_COLUMNS = 20;
/** A mark that would leave less than this is shortened. */
const MIN_TEXT_COLUMNS = 16;
const SHORT_MARK = "| ";

const segmenter = new Intl.Segmenter();
// oxlint-disable-next-line no-control-regex -- a style sequence starts with the escape character
const TOKEN =
  /\u001b\[[0-9;:]*m|\n|\t|[\u0020-\u007e]+|[^\n\t\u001b\u0020-\u007e][^\n\t\u001b]*|[^]/g;

/** Columns that a grapheme takes at most: consoles that do not know a cluster show its parts side by side. */
function cellsOf(grapheme: string, width: Width): number {
  if (grapheme.length === 1) return width(grapheme);
  let parts = 0;
  for (const part of grapheme) parts += width(part);
  return Math.max(parts, width(grapheme));
}

/**
 * Where a row with so much room is best ended: behind the last blank, unless that leaves much of it empty, or the word
 * would have to be torn in the next row as well.
 */
function wordEnd(text: string, room: number, nextRoom: number): number {
  const start = text.lastIndexOf(" ", room - 1) + 1;
  if (start === 0 || room - start > MAX_TORN_COLUMNS) return room;
  const next = text.indexOf(" ", start);
  return (next < 0 ? text.length : next) - start <= nextRoom ? start : room;
}

class Rows {
  readonly rows: string[] = [];
  readonly #room: number;
  readonly #mark: string;
  readonly #markCells: number;
  #style = "";
  #row = "";
  #used = 0;
  /** The style that stands in the row but is not ended. */
  #open = "";

  constructor({ columns, width, mark }: LayoutOptions) {
    // One column stays free: no console can want to wrap.
    this.#room = Math.max(columns - 1, 1);
    this.#mark = this.#room - width(mark) >= MIN_TEXT_COLUMNS ? mark : SHORT_MARK;
    // A screen narrower than the mark still shows something of the text.
    this.#markCells = Math.min(width(this.#mark), this.#room - 1);
  }

  /** The look of what comes next. */
  style(sequence: string): void {
    this.#style = sequence;
  }

  /** `text` takes `cells` columns and is not cut. */
  put(text: string, cells: number): void {
    if (this.#used + cells > this.#room && this.#used > 0) this.end();
    if (this.#style !== this.#open) {
      this.#row += this.#open === "" ? this.#style : RESET + this.#style;
      this.#open = this.#style;
    }
    this.#row += text;
    this.#used += cells;
  }

  /** ASCII: one column each. A row ends behind a blank if there is one near its end, or words would be torn. */
  putPlain(text: string): void {
    let rest = text;
    while (this.#used + rest.length > this.#room) {
      const fits = Math.max(this.#room - this.#used, 0);
      const nextRoom = this.#room - this.#markCells;
      const cut = rest[fits] === " " ? fits : wordEnd(rest, fits, nextRoom);
      if (cut > 0) this.put(rest.slice(0, cut), cut);
      // The blank between two rows is their border.
      rest = rest.slice(rest[cut] === " " ? cut + 1 : cut);
      if (rest === "") return;
      this.end();
    }
    if (rest !== "") this.put(rest, rest.length);
  }

  tab(): void {
    const cells = Math.min(TAB_COLUMNS - (this.#used % TAB_COLUMNS), this.#room);
    this.put(" ".repeat(cells), cells);
  }

  end(): void {
    this.rows.push(this.#open === "" ? this.#row : this.#row + RESET);
    this.#row = this.#mark;
    this.#used = this.#markCells;
    this.#open = "";
  }
}

/**
 * Rows of one printed line, each narrower than the screen and with its styles ended.
 * @param head - starts the first row and has no style
 * @param text - sanitized
 */
export function layoutLine(head: string, text: string, options: LayoutOptions): string[] {
  const rows = new Rows(options);
  rows.putPlain(head);
  const style = new StyleState(options.baseColor);
  const restyle = (): void => {
    if (options.color) rows.style(style.toString());
  };
  restyle();
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "\n") rows.end();
    else if (token === "\t") rows.tab();
    else if (token.startsWith("\u001b")) {
      style.apply(token);
      restyle();
    } else if (token >= " " && token < "\u007f") rows.putPlain(token);
    else {
      for (const { segment } of segmenter.segment(token)) {
        rows.put(segment, cellsOf(segment, options.width));
      }
    }
  }
  rows.end();
  return rows.rows;
}

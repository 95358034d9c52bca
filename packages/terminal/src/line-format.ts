/**
 * How one printed line looks on the screen and in the log. Source: spec/kernel.md §8.1, spec/runtime-modules.md §10.1.
 * @module
 */
import { layoutLine, type LayoutOptions } from "./layout.ts";
import { CONTINUATION, sanitizeLines, sanitizeOrigin, stripStyles } from "./sanitize.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
] as const;
/** SGR numbers by verbosity. */
const COLORS = [undefined, 32, 35, 31] as const;

const two = (value: number): string => String(value).padStart(2, "0");

/** `Ddd HH:MM` in local time. */
export function formatDayTime(nowMs: number): string {
  const date = new Date(nowMs);
  return `${DAYS[date.getDay()]} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** RFC 2822 date in local time, e.g. `Sat, 21 Nov 2026 05:10:56 +0000`. */
export function formatRfc2822(nowMs: number): string {
  const date = new Date(nowMs);
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${DAYS[date.getDay()]}, ${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()} ${time} ${zone}`;
}

/** A line on its way to the screens. */
export interface PrintedLine {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly verbosity: number;
  /** The package that printed it, safe to show. */
  readonly origin: string;
  /** Sanitized; may hold styles, tabs and line breaks. */
  readonly text: string;
}

/** How a screen shows lines. */
export type LineLook = Pick<LayoutOptions, "columns" | "width" | "color">;

/** What starts every row of a line but its first: whose line it is. */
export function continuationMark(origin: string, indent = 2): string {
  return " ".repeat(indent) + origin + CONTINUATION.slice(1);
}

/** Puts the text of all rows below that of the first, which stands behind the time and `origin: `. */
const ALIGNED_INDENT = "Sat 12:00 ".length - 1;
/** Columns for text that a screen must have left for that. */
const ROOMY_COLUMNS = 48;

/** As far from the edge as a table needs, where there is room. */
function screenMark(origin: string, columns: number): string {
  const aligned = continuationMark(origin, ALIGNED_INDENT);
  return columns - aligned.length >= ROOMY_COLUMNS ? aligned : continuationMark(origin);
}

/** Rows for a screen: time, then the text in the colour of its verbosity (0 none, 1 green, 2 magenta, 3+ red). */
export function formatRows(line: PrintedLine, look: LineLook): string[] {
  return layoutLine(`${formatDayTime(line.timeMs)} `, line.text, {
    ...look,
    mark: screenMark(line.origin, look.columns),
    baseColor: COLORS[Math.min(Math.max(line.verbosity, 0), 3)],
  });
}

/** The same as plain text of any width, rows separated by line feeds. */
export function formatPlain(line: PrintedLine): string {
  const text = stripStyles(line.text).replaceAll("\n", `\n${continuationMark(line.origin)}`);
  return `${formatDayTime(line.timeMs)} ${text}`;
}

/** One line for the log file, with its line end. */
export function formatLogLine(nowMs: number, text: string, origin?: string): string {
  const mark = origin === undefined ? CONTINUATION : continuationMark(sanitizeOrigin(origin));
  return `[${formatRfc2822(nowMs)}] ${stripStyles(sanitizeLines(text, mark))}\n`;
}

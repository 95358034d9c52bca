/**
 * How one printed line looks on the screen and in the log. Source: spec/kernel.md §8.1, spec/runtime-modules.md §10.1.
 * @module
 */
import { sanitizeLines, stripStyles } from "./sanitize.ts";

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
const COLORS = ["", "\u001b[32m", "\u001b[35m", "\u001b[31m"] as const;
const RESET = "\u001b[0m";

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

/** One line for the screen: time, then the text in the colour of its verbosity (0 none, 1 green, 2 magenta, 3+ red). */
export function formatScreenLine(
  nowMs: number,
  verbosity: number,
  text: string,
  options: { readonly color: boolean },
): string {
  const safe = sanitizeLines(text);
  const stamp = formatDayTime(nowMs);
  if (!options.color) return `${stamp} ${stripStyles(safe)}`;
  const color = COLORS[Math.min(Math.max(verbosity, 0), 3)]!;
  const end = color !== "" || safe.includes("\u001b") ? RESET : "";
  return `${stamp} ${color}${safe}${end}`;
}

/** One line for the log file, with its line end. */
export function formatLogLine(nowMs: number, text: string): string {
  return `[${formatRfc2822(nowMs)}] ${stripStyles(sanitizeLines(text))}\n`;
}

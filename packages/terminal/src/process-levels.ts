/**
 * The text of the process verbosity screen. Source: spec/runtime-modules.md §10.1.
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";
import type { ProcessLevel } from "./print-filter.ts";
import { sanitizeWords } from "./sanitize.ts";

/** Rows that are not processes. */
const OTHER_ROWS = 8;

/** @param rows - of the screen: of a long list the newest entries are shown */
export function formatProcessLevels(
  levels: ReadonlyMap<ProcessId, ProcessLevel>,
  rows: number,
): string {
  const all = [...levels].map(([process, level]) => `  ${sanitizeWords(process)}  ${level}`);
  const shown = all.slice(-Math.max(rows - OTHER_ROWS, 1));
  const left = all.length - shown.length;
  return [
    "Verbosity of single processes (CTRL+W to leave)",
    "",
    ...(left > 0 ? [`  … and ${left} more`] : []),
    ...(shown.length > 0 ? shown : ["  none: all processes follow the global level"]),
    "",
    "<process id> <0-255>    set",
    "<process id> muted      hide all",
    "<process id>            remove",
  ].join("\n");
}

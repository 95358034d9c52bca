/**
 * The text of the process verbosity screen. Source: spec/runtime-modules.md §10.1.
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";
import type { ProcessLevel } from "./print-filter.ts";
import { sanitizeWords } from "./sanitize.ts";

export function formatProcessLevels(levels: ReadonlyMap<ProcessId, ProcessLevel>): string {
  const rows = [...levels].map(([process, level]) => `  ${sanitizeWords(process)}  ${level}`);
  return [
    "Verbosity of single processes (CTRL+W to leave)",
    "",
    ...(rows.length > 0 ? rows : ["  none: all processes follow the global level"]),
    "",
    "<process id> <0-255>    set      <process id> muted    hide all      <process id>    remove",
  ].join("\n");
}

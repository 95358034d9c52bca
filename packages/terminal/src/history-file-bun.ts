/**
 * `.terminal_history`: one line per entered line, appended; cut to what is kept when it is opened.
 * @module
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { History, HISTORY_COUNT } from "./history.ts";

/** Reads the file, which may be missing. New lines are appended as they are entered. */
export function openHistory(path: string): History {
  const lines = existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
  const kept = lines.slice(-HISTORY_COUNT);
  if (kept.length < lines.length) writeFileSync(path, `${kept.join("\n")}\n`, { mode: 0o600 });
  return new History(kept, (line) => appendFileSync(path, `${line}\n`, { mode: 0o600 }));
}

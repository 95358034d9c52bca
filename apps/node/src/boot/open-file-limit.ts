/**
 * How many files and sockets this program may have open.
 * @module
 */
import { readFileSync } from "node:fs";

/** What systems allow by default; also what is taken where the limit cannot be read. */
const USUAL_COUNT = 1_024;
/** Where there is no limit: far more than a node uses. */
const MOST_COUNT = 1_048_576;

/** The soft limit of this program. Bun raises it to the hard one when it starts. */
export function readOpenFileLimit(): number {
  const text = readLimit();
  if (text === "unlimited") return MOST_COUNT;
  const count = Number(text);
  return Number.isInteger(count) && count > 0 ? Math.min(count, MOST_COUNT) : USUAL_COUNT;
}

function readLimit(): string | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  } catch {
    // Not Linux: a child has the limits of its parent.
    const shell = Bun.which("sh");
    if (shell === null) return undefined;
    return Bun.spawnSync([shell, "-c", "ulimit -n"]).stdout.toString().trim();
  }
}

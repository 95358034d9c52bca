/**
 * `ps [-a]`: the processes, one per line, with what they use.
 * @module
 */
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { processMap, processUsage, showMemory, showTime } from "../kernel-questions.ts";
import { oneRow } from "../shown-text.ts";

const SHAPE = {
  usage: COMMANDS.ps.usage,
  options: { all: { type: "flag", short: "a" } },
  rest: { max: 0 },
} as const;

const HEADINGS = ["PROCESS", "CPU", "MEMORY"] as const;

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}

export default defineScript(async ({ args, our }) => {
  const { options } = parseArgs(args, SHAPE);
  const [usage, map] = [await processUsage(), options.all ? await processMap() : undefined];
  // This very script is gone when the person reads the list.
  const ids = Object.keys(map ?? usage).filter((id) => id !== our.processId.toString());
  const rows = ids.toSorted().map((id) => {
    const used = usage[id];
    const name = oneRow(id);
    if (used !== undefined && used !== null) {
      return [name, showTime(used.cpu_ms), showMemory(used.memory_bytes)];
    }
    return [name, used === null ? "not running" : "part of the node", ""];
  });
  return table([HEADINGS, ...rows]);
});

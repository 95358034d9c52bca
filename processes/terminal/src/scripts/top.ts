/**
 * `top [<process-id>] [-c]`: the processes of this node.
 * @module
 */
import { ProcessId } from "@kinode-ts/stdlib";
import type { PersistedProcess, ProcessUsage } from "@kinode-ts/stdlib/kernel-types";
import { defineScript, ScriptFailure, splitWords } from "@kinode-ts/stdlib/scripting";
import {
  findProcess,
  processMap,
  processUsage,
  showMemory,
  showTime,
} from "../kernel-questions.ts";
import { oneRow } from "../shown-text.ts";

type Usage = Readonly<Record<string, ProcessUsage | null>>;

function showUsage(usage: ProcessUsage | null | undefined): string[] {
  if (usage === null || usage === undefined) return [];
  return [`  processor: ${showTime(usage.cpu_ms)}, memory: ${showMemory(usage.memory_bytes)}`];
}

function describe(id: string, process: PersistedProcess, usage: Usage, listed: boolean): string {
  const { wasm_bytes_handle: program, wit_version: wit, capabilities } = process;
  const onExit = typeof process.on_exit === "string" ? process.on_exit : "Requests";
  const held = listed
    ? capabilities.map(({ issuer, params }) => `\n    ${oneRow(`${issuer} ${params}`)}`).join("")
    : ` ${capabilities.length}`;
  return [
    oneRow(id),
    `  program: ${program === "" ? "(runtime)" : oneRow(program)}`,
    `  wit: ${wit ?? "0.7"}, on exit: ${onExit}, public: ${process.public}`,
    ...showUsage(usage[id]),
    `  capabilities:${held}`,
  ].join("\n");
}

export default defineScript(async ({ args }) => {
  const words = splitWords(args);
  const listed = words.includes("-c") || words.includes("--show-caps");
  const name = words.find((word) => !word.startsWith("-"));
  const usage = await processUsage();
  if (name !== undefined) {
    const id = ProcessId.parse(name).toString();
    const process = await findProcess(id);
    if (process === undefined) throw new ScriptFailure(`no process ${id} is running`);
    return describe(id, process, usage, listed);
  }
  const map = await processMap();
  const ids = Object.keys(map).sort();
  const lines = ids.map((id) => describe(id, map[id]!, usage, listed));
  return [...lines, `total: ${ids.length} processes`].join("\n");
});

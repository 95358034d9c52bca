/**
 * `top [<process-id>] [-c]`: the processes of this node.
 * @module
 */
import { defineScript, ProcessId, request } from "@kinode-ts/stdlib";
import type { PersistedProcess, ProcessMap, ProcessUsage } from "@kinode-ts/stdlib/kernel-types";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import { splitWords } from "../command-line.ts";

type Usage = Readonly<Record<string, ProcessUsage | null>>;

const debug = async (query: "ProcessMap" | "ProcessUsage" | { Process: string }) =>
  (
    (await request(KERNEL, kernelCommand({ Debug: query }), { timeout: "60s" })).json() as {
      Debug: { ProcessMap: ProcessMap; ProcessUsage: Usage; Process: PersistedProcess | null };
    }
  ).Debug;

function showTime(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function showUsage(usage: ProcessUsage | null | undefined): string[] {
  if (usage === null || usage === undefined) return [];
  const memory = `${Math.ceil(usage.memory_bytes / 1024)} KB`;
  return [`  processor: ${showTime(usage.cpu_ms)}, memory: ${memory}`];
}

function describe(id: string, process: PersistedProcess, usage: Usage, listed: boolean): string {
  const { wasm_bytes_handle: program, wit_version: wit, capabilities } = process;
  const onExit = typeof process.on_exit === "string" ? process.on_exit : "Requests";
  const held = listed
    ? capabilities.map(({ issuer, params }) => `\n    ${issuer} ${params}`).join("")
    : ` ${capabilities.length}`;
  return [
    id,
    `  program: ${program === "" ? "(runtime)" : program}`,
    `  wit: ${wit ?? "0.7"}, on exit: ${onExit}, public: ${process.public}`,
    ...showUsage(usage[id]),
    `  capabilities:${held}`,
  ].join("\n");
}

export default defineScript(async ({ args }) => {
  const words = splitWords(args);
  const listed = words.includes("-c") || words.includes("--show-caps");
  const name = words.find((word) => !word.startsWith("-"));
  const { ProcessUsage: usage } = await debug("ProcessUsage");
  if (name !== undefined) {
    const id = ProcessId.parse(name).toString();
    const { Process: process } = await debug({ Process: id });
    return process === null ? `no process ${id} is running` : describe(id, process, usage, listed);
  }
  const { ProcessMap: map } = await debug("ProcessMap");
  const ids = Object.keys(map).sort();
  const lines = ids.map((id) => describe(id, map[id]!, usage, listed));
  return [...lines, `total: ${ids.length} processes`].join("\n");
});

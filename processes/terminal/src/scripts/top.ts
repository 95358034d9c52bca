/**
 * `top [<process-id>] [-c]`: the processes of this node.
 * @module
 */
import { defineScript, ProcessId, request } from "@kinode-ts/stdlib";
import type { PersistedProcess, ProcessMap } from "@kinode-ts/stdlib/kernel-types";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import { splitWords } from "../command-line.ts";

function describe(id: string, process: PersistedProcess, listed: boolean): string {
  const { wasm_bytes_handle: program, wit_version: wit, capabilities } = process;
  const onExit = typeof process.on_exit === "string" ? process.on_exit : "Requests";
  const held = listed
    ? capabilities.map(({ issuer, params }) => `\n    ${issuer} ${params}`).join("")
    : ` ${capabilities.length}`;
  return [
    id,
    `  program: ${program === "" ? "(runtime)" : program}`,
    `  wit: ${wit ?? "0.7"}, on exit: ${onExit}, public: ${process.public}`,
    `  capabilities:${held}`,
  ].join("\n");
}

export default defineScript(async ({ args }) => {
  const words = splitWords(args);
  const listed = words.includes("-c") || words.includes("--show-caps");
  const name = words.find((word) => !word.startsWith("-"));
  if (name !== undefined) {
    const id = ProcessId.parse(name).toString();
    const answer = await request(KERNEL, kernelCommand({ Debug: { Process: id } }), {
      timeout: "60s",
    });
    const { Process: process } = (answer.json() as { Debug: { Process: PersistedProcess | null } })
      .Debug;
    return process === null ? `no process ${id} is running` : describe(id, process, listed);
  }
  const answer = await request(KERNEL, kernelCommand({ Debug: "ProcessMap" }), { timeout: "60s" });
  const map = (answer.json() as { Debug: { ProcessMap: ProcessMap } }).Debug.ProcessMap;
  const ids = Object.keys(map).sort();
  const lines = ids.map((id) => describe(id, map[id]!, listed));
  return [...lines, `total: ${ids.length} processes`].join("\n");
});

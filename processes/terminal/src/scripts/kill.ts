/**
 * `kill <process-id>`: ends a process without restart.
 * @module
 */
import { ProcessId, request } from "@kinode-ts/stdlib";
import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import { COMMANDS } from "../commands.ts";
import { findProcess } from "../kernel-questions.ts";

export default defineScript(async ({ args }) => {
  const text = args.trim();
  if (text === "") return `usage: ${COMMANDS.kill.usage}`;
  const id = ProcessId.parse(text).toString();
  // The kernel says nothing about what it cannot end, so that is asked first.
  const found = await findProcess(id);
  if (found === undefined) throw new ScriptFailure(`no process ${id} is running`);
  if (found.wasm_bytes_handle === "") {
    throw new ScriptFailure(`${id} is a part of the node itself and cannot be ended`);
  }
  const answer = await request(KERNEL, kernelCommand({ KillProcess: id }), { timeout: "60s" });
  return `killed ${(answer.json() as { KilledProcess: string }).KilledProcess}`;
});

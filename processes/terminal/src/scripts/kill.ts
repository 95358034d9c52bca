/**
 * `kill <process-id>`: ends a process without restart.
 * @module
 */
import { defineScript, ProcessId, request } from "@kinode-ts/stdlib";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";

export default defineScript(async ({ args }) => {
  const text = args.trim();
  if (text === "") return "usage: kill <process-id>";
  const id = ProcessId.parse(text).toString();
  // The kernel says nothing about a process that is not there, so that is asked first.
  const found = await request(KERNEL, kernelCommand({ Debug: { Process: id } }));
  const { Debug: debug } = found.json() as { Debug: { Process: unknown } };
  if (debug.Process === null) return `no process ${id} is running`;
  const answer = await request(KERNEL, kernelCommand({ KillProcess: id }), { timeout: "60s" });
  return `killed ${(answer.json() as { KilledProcess: string }).KilledProcess}`;
});

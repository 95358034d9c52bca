/**
 * `clear-state <process-id>`: forgets what a process has stored of itself.
 * Source: spec/packages-and-tools.md §19.3; spec/runtime-modules.md §8.
 * @module
 */
import { ProcessId, request } from "@kinode-ts/stdlib";
import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { findProcess } from "../kernel-questions.ts";
import { MAX_ROW_LENGTH, oneRow } from "../shown-text.ts";

/** What the module answers. @throws {ScriptFailure} a fault other than that there is nothing */
async function ask(action: "GetState" | "DeleteState", id: string): Promise<"done" | "nothing"> {
  const answer = (await request("state:distro:sys", { [action]: id })).json();
  if (answer === action) return "done";
  const fault = (answer as { readonly Err?: object }).Err ?? {};
  if ("NotFound" in fault) return "nothing";
  throw new ScriptFailure(
    `the state of ${id} stays: ${oneRow(JSON.stringify(answer), MAX_ROW_LENGTH)}`,
  );
}

export default defineScript(async ({ args }) => {
  const text = args.trim();
  if (text === "") return `usage: ${COMMANDS["clear-state"].usage}`;
  const id = ProcessId.parse(text).toString();
  // The module says of nothing, too, that it is deleted.
  if ((await ask("GetState", id)) === "nothing") {
    throw new ScriptFailure(`nothing is stored of ${id}`);
  }
  await ask("DeleteState", id);
  const isRunning = (await findProcess(id)) !== undefined;
  return isRunning
    ? `deleted the state of ${id}; it runs, and may store what it still knows`
    : `deleted the state of ${id}`;
});

/**
 * `caps [-h] <process-id>`: the capabilities a process holds, or who holds those it gives.
 * @module
 */
import { ProcessId } from "@kinode-ts/stdlib";
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { findProcess, processMap } from "../kernel-questions.ts";
import { oneRow } from "../shown-text.ts";

const SHAPE = {
  usage: COMMANDS.caps.usage,
  options: { holders: { type: "flag", short: "h" } },
  rest: { min: 1, max: 1 },
} as const;

/** Messaging is what nearly all of them are for: the word alone. */
function showParams(params: string): string {
  return params === '"messaging"' ? "messaging" : params;
}

async function heldBy(id: string): Promise<string[]> {
  const process = await findProcess(id);
  if (process === undefined) throw new ScriptFailure(`no process ${id} is running`);
  return process.capabilities.map(({ issuer, params }) => `${issuer} ${showParams(params)}`);
}

async function holdersOf(issuer: string): Promise<string[]> {
  const all = Object.entries(await processMap());
  return all.flatMap(([id, { capabilities }]) =>
    capabilities
      .filter((capability) => capability.issuer === issuer)
      .map(({ params }) => `${id} ${showParams(params)}`),
  );
}

export default defineScript(async ({ args, our }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  const id = ProcessId.parse(rest[0]!).toString();
  const lines = options.holders ? await holdersOf(`${our.node}@${id}`) : await heldBy(id);
  return lines
    .toSorted()
    .map((line) => oneRow(line))
    .join("\n");
});

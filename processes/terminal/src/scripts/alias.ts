/**
 * `alias <name> [<process-id>]`: sets or removes a short name.
 * @module
 */
import { defineScript, ScriptFailure, splitWords } from "@kinode-ts/stdlib/scripting";
import { askTerminal } from "../ask-terminal.ts";
import { COMMANDS } from "../commands.ts";

export default defineScript(async ({ args }) => {
  const [alias, process = null] = splitWords(args);
  if (alias === undefined) {
    return `usage: ${COMMANDS.alias.usage}   without a process id the alias is removed`;
  }
  switch (await askTerminal("EditAlias", { alias, process })) {
    case "AliasSet":
      return `alias ${alias} set to ${process}`;
    case "AliasRemoved":
      return `alias ${alias} removed`;
    case "AliasNotFound":
      throw new ScriptFailure(`alias ${alias} not found`);
    default:
      throw new ScriptFailure(`"${process}" is not a process id (process:package:publisher)`);
  }
});

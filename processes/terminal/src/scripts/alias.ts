/**
 * `alias <name> [<process-id>]`: sets or removes a short name.
 * @module
 */
import { defineScript, request } from "@kinode-ts/stdlib";
import { splitWords } from "../command-line.ts";

const USAGE = "usage: alias <name> [<process-id>]   without a process id the alias is removed";

export default defineScript(async ({ args }) => {
  const [alias, process = null] = splitWords(args);
  if (alias === undefined) return USAGE;
  const answer = await request("terminal:terminal:sys", { EditAlias: { alias, process } });
  const { EditAlias: outcome } = answer.json() as { EditAlias: string };
  switch (outcome) {
    case "AliasSet":
      return `alias ${alias} set to ${process}`;
    case "AliasRemoved":
      return `alias ${alias} removed`;
    case "AliasNotFound":
      return `alias ${alias} not found`;
    default:
      return `"${process}" is not a process id (process:package:publisher)`;
  }
});

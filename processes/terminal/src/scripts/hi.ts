/**
 * `hi <node> <message>`: a line for the terminal of another node.
 * @module
 */
import { request, SendError } from "@kinode-ts/stdlib";
import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { MAX_ROW_LENGTH, oneRow } from "../shown-text.ts";

export default defineScript(async ({ our, args }) => {
  const space = args.trimStart().indexOf(" ");
  if (space <= 0) return `usage: ${COMMANDS.hi.usage}`;
  const name = args.trimStart().slice(0, space);
  const node = name === "our" ? our.node : name;
  const message = args.trimStart().slice(space + 1);
  // The terminal that would show it is this one.
  if (node === our.node) return `${node}: ${oneRow(message)}`;
  try {
    const response = await request(`${node}@net:distro:sys`, message, { timeout: "10s" });
    return `response from ${node}: ${oneRow(response.text(), MAX_ROW_LENGTH)}`;
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    throw new ScriptFailure(
      thrown.isOffline ? `${node} is offline or unknown` : `message to ${node} timed out`,
    );
  }
});

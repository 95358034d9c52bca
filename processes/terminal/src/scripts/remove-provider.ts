/**
 * `remove-provider <chain id> <url or node>`: reach a chain through it no more.
 * @module
 */
import { ethConfig } from "@kinode-ts/stdlib/eth";
import { defineScript, ScriptFailure, splitWords } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { chainId, orFail, providerName } from "../eth-answer.ts";

const USAGE = COMMANDS["remove-provider"].usage;

export default defineScript(async ({ args }) => {
  const [chain, name, more] = splitWords(args);
  if (chain === undefined || name === undefined || more !== undefined) return `usage: ${USAGE}`;
  const id = chainId(chain, USAGE);
  const isThere = (await orFail(ethConfig.providers())).some(
    (each) => each.chain_id === id && providerName(each) === name,
  );
  if (!isThere) {
    throw new ScriptFailure(`there is no provider "${name}" of chain ${id}; see get-providers`);
  }
  await orFail(ethConfig.removeProvider(id, name));
  return `removed ${name} of chain ${id}`;
});

/**
 * `get-block [<chain id>]`: the newest block of a chain.
 * Source: spec/packages-and-tools.md §17.
 * @module
 */
import { createProvider } from "@kinode-ts/stdlib/eth";
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { chainId, orFail } from "../eth-answer.ts";

export default defineScript(async ({ args }) => {
  const chain = chainId(args.trim() === "" ? "1" : args.trim(), COMMANDS["get-block"].usage);
  const block = await orFail(createProvider(chain, { timeout: "30s" }).getBlockNumber());
  return `latest block number: ${block}`;
});

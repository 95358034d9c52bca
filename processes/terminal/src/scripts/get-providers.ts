/**
 * `get-providers`: through whom this node reaches chains, in the order they are tried.
 * @module
 */
import { ethConfig } from "@kinode-ts/stdlib/eth";
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { orFail, providerLine } from "../eth-answer.ts";

export default defineScript(async () => {
  const providers = await orFail(ethConfig.providers());
  if (providers.length === 0) return "no providers; this node connects to no chain";
  return providers.map(providerLine).join("\n");
});

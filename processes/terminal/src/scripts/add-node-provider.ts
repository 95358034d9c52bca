/**
 * `add-node-provider <chain id> <node> <public key> <ip> <ws port>`: reach a chain through another node.
 * @module
 */
import { defineScript, ScriptFailure, splitWords } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { addProvider, chainId } from "../eth-answer.ts";

const USAGE = COMMANDS["add-node-provider"].usage;

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new ScriptFailure(`"${text}" is no port\nusage: ${USAGE}`, { status: 2 });
}

export default defineScript(async ({ args }) => {
  const [chain, name, key, ip, port, more] = splitWords(args);
  if (chain === undefined || name === undefined || more !== undefined) return `usage: ${USAGE}`;
  const isKnownByNameService = key === undefined;
  if (!isKnownByNameService && (ip === undefined || port === undefined)) return `usage: ${USAGE}`;
  const kns_update = {
    name,
    public_key: key ?? "",
    ips: ip === undefined ? [] : [ip],
    ports: port === undefined ? {} : { ws: portOf(port) },
    routers: [],
  };
  return addProvider({
    chain_id: chainId(chain, USAGE),
    trusted: false,
    provider: { Node: { use_as_provider: true, kns_update } },
  });
});

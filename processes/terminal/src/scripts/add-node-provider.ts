/**
 * `add-node-provider <chain id> <node> <public key> <ip> <ws port>`: reach a chain through another node.
 * Source: spec/packages-and-tools.md §19.3.
 * @module
 */
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { addProvider, chainId, trustedBy } from "../eth-answer.ts";

const USAGE = COMMANDS["add-node-provider"].usage;
const SHAPE = {
  usage: USAGE,
  options: { trusted: { type: "text", default: "false" } },
  rest: { max: 5 },
} as const;

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new ScriptFailure(`"${text}" is no port\nusage: ${USAGE}`, { status: 2 });
}

export default defineScript(async ({ args }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  const [chain, name, key, ip, port] = rest;
  if (chain === undefined || name === undefined) return `usage: ${USAGE}`;
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
    trusted: trustedBy(options.trusted, USAGE),
    provider: { Node: { use_as_provider: true, kns_update } },
  });
});

/**
 * `node-info <name>`: how the node with a name on chain is reached.
 * @module
 */
import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { askIndexer } from "../ask-indexer.ts";

interface Info {
  readonly name: string;
  readonly public_key: string;
  readonly ips: readonly string[];
  readonly ports: readonly (readonly [string, number])[];
  readonly routers: readonly string[];
}

export default defineScript(async ({ args }) => {
  const name = args.trim();
  if (name === "") return "usage: node-info <name>";
  const info = (await askIndexer({ NodeInfo: { name, block: 0 } }, "NodeInfo")) as Info | null;
  if (info === null) throw new ScriptFailure(`no name ${name} is known on chain`);
  const ports = info.ports.map(([protocol, port]) => `${protocol} ${port}`).join(", ");
  return [
    `name: ${info.name}`,
    `public key: ${info.public_key || "none"}`,
    `ips: ${info.ips.join(", ") || "none"}`,
    `ports: ${ports || "none"}`,
    `routers: ${info.routers.join(", ") || "none"}`,
  ].join("\n");
});

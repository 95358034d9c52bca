/**
 * `kfetch`: what this node is.
 * @module
 */
import { request } from "@kinode-ts/stdlib";
import { ethConfig } from "@kinode-ts/stdlib/eth";
import { defineScript } from "@kinode-ts/stdlib/scripting";
import type { ProcessMap } from "@kinode-ts/stdlib/kernel-types";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import { describeRouting, findNode } from "../net-answer.ts";
import { providerName } from "../eth-answer.ts";

async function chains(): Promise<readonly string[]> {
  const [providers, state] = await Promise.all([ethConfig.providers(), ethConfig.state()]);
  const names = providers.map((each) => `${providerName(each)} (${each.chain_id})`);
  const subscriptions = Object.values(state.active_subscriptions).reduce(
    (count, ids) => count + Object.keys(ids).length,
    0,
  );
  return [
    `providers: ${names.length === 0 ? "none" : names.join(", ")}`,
    `eth subscriptions: ${subscriptions}, outstanding requests: ${state.outstanding_requests.length}`,
  ];
}

async function network(our: string): Promise<string> {
  const identity = await findNode(our);
  return identity === undefined ? "unknown" : describeRouting(identity);
}

export default defineScript(async ({ our }) => {
  const answer = await request(KERNEL, kernelCommand({ Debug: "ProcessMap" }));
  const map = (answer.json() as { Debug: { ProcessMap: ProcessMap } }).Debug.ProcessMap;
  return [
    "  .`",
    "  `@@,,                     ,*   node:      " + our.node,
    "    `@%@@@,            ,~-##`    processes: " + String(Object.keys(map).length),
    "      ~@@#@%#@@,      #####      network:   " + (await network(our.node)),
    ...(await chains().catch(() => [])).map((line) => `                                 ${line}`),
  ].join("\n");
});

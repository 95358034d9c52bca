/**
 * `kfetch`: what this node is.
 * @module
 */
import { request } from "@kinode-ts/stdlib";
import { defineScript } from "@kinode-ts/stdlib/scripting";
import type { ProcessMap } from "@kinode-ts/stdlib/kernel-types";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import { askNet } from "../net-answer.ts";

export default defineScript(async ({ our }) => {
  const answer = await request(KERNEL, kernelCommand({ Debug: "ProcessMap" }));
  const map = (answer.json() as { Debug: { ProcessMap: ProcessMap } }).Debug.ProcessMap;
  return [
    "  .`",
    "  `@@,,                     ,*   node:      " + our.node,
    "    `@%@@@,            ,~-##`    processes: " + String(Object.keys(map).length),
    "      ~@@#@%#@@,      #####      network:   " + (await askNet("GetDiagnostics")),
  ].join("\n");
});

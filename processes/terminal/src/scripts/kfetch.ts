/**
 * `kfetch`: what this node is.
 * Source: spec/packages-and-tools.md §19.3.
 * @module
 */
import type { NodeIdentity } from "@kinode-ts/codec/net";
import { request } from "@kinode-ts/stdlib";
import { ethConfig } from "@kinode-ts/stdlib/eth";
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { processMap } from "../kernel-questions.ts";
import { findNode } from "../net-answer.ts";
import { oneRow } from "../shown-text.ts";

/** A node, and others around it. */
const ART = [
  "            o",
  "            |",
  "       .----+----.",
  "       |         |",
  "  o----+  >   _  +----o",
  "       |         |",
  "       |         |",
  "  o----+         +----o",
  "       |         |",
  "       '----+----'",
  "            |",
  "            o",
] as const;
const TEXT_COLUMN = 28;

/** Each part answers for itself: one that is silent must not hide the others. */
async function unlessSilent<T>(step: Promise<T>): Promise<T | undefined> {
  return await step.catch(() => undefined);
}

async function version(): Promise<string | undefined> {
  const answer = (await request("log:distro:sys", { About: null })).json();
  return (answer as { readonly About?: { readonly version: string } }).About?.version;
}

/** `direct at <ip> with ws, tcp`, or how many routers. */
function routingOf({ routing }: NodeIdentity): string {
  if (routing.kind === "routers") return `${routing.routers.length} routers`;
  const protocols = [...routing.ports.keys()].join(", ");
  return `direct at ${routing.ip} with ${protocols === "" ? "no port" : protocols}`;
}

async function chainLines(): Promise<readonly string[]> {
  const [providers, state] = await Promise.all([ethConfig.providers(), ethConfig.state()]);
  const chains = [...new Set(providers.map((each) => each.chain_id))].toSorted((a, b) => a - b);
  const subscriptions = Object.values(state.active_subscriptions).reduce(
    (count, ids) => count + Object.keys(ids).length,
    0,
  );
  const of = chains.length === 0 ? "" : ` for chain ids ${chains.join(", ")}`;
  return [
    `${providers.length} eth providers${of}`,
    `${subscriptions} active eth subscriptions`,
    `${state.outstanding_requests.length} outstanding eth requests`,
  ];
}

export default defineScript(async ({ our }) => {
  const [release, identity, chains, map] = await Promise.all([
    unlessSilent(version()),
    unlessSilent(findNode(our.node)),
    unlessSilent(chainLines()),
    processMap(),
  ]);
  const texts = [
    "",
    our.node,
    `Kinode ${release ?? "of unknown version"}`,
    "",
    `public key: ${identity?.networkingKey ?? "unknown"}`,
    `routing: ${identity === undefined ? "unknown" : routingOf(identity)}`,
    "",
    ...(chains ?? ["no answer about chains"]),
    "",
    `${Object.keys(map).length} running processes`,
  ];
  const rowCount = Math.max(ART.length, texts.length);
  return Array.from({ length: rowCount }, (_, index) => {
    const [row = "", text] = [ART[index], oneRow(texts[index] ?? "")];
    return text === "" ? row : row.padEnd(TEXT_COLUMN) + text;
  }).join("\n");
});

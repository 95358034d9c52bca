/**
 * The state of the network as text for a person.
 * Source: spec/network-identity.md §2.6 ("Diagnostics").
 * @module
 */
import type { NodeIdentity } from "@kinode-ts/codec/net";
import type { PeerInfo } from "./peers/peers.ts";
import type { Join } from "./routing/routing-request.ts";

export interface NetState {
  readonly our: NodeIdentity;
  readonly peers: readonly PeerInfo[];
  readonly maxPeers: number;
  readonly maxPassthroughs: number;
  readonly pending: readonly Join[];
  readonly active: readonly Join[];
  readonly knownCount: number;
  readonly nowMs: number;
}

/** Names come from others: one with a line break must not look like a line of ours. */
function plain(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

function routingText({ routing }: NodeIdentity): string {
  if (routing.kind === "routers") return `through ${routing.routers.join(", ") || "no router"}`;
  const ports = Array.from(routing.ports, ([protocol, port]) => `${protocol} ${port}`);
  return `direct at ${routing.ip} with ${ports.join(", ") || "no port"}`;
}

/** Lines end with CR LF, as the reference's do. */
export function describeNet(state: NetState): string {
  const { our, peers, maxPeers, maxPassthroughs, pending, active, knownCount, nowMs } = state;
  const pairs = (joins: readonly Join[]): string =>
    joins.map(({ source, target }) => `  ${plain(source)} -> ${plain(target)}`).join("\r\n") ||
    "  none";
  const lines = peers.map(({ name, state: at, isServed, lastTrafficMs }) => {
    const seconds = Math.round((nowMs - lastTrafficMs) / 1_000);
    return `  ${plain(name)}: ${at}, ${seconds} s since the last message${isServed ? " (routing)" : ""}`;
  });
  return [
    `we are ${our.name}, ${routingText(our)}, key ${our.networkingKey}`,
    `we have ${peers.length} peers of at most ${maxPeers}`,
    ...lines,
    `we join at most ${maxPassthroughs} pairs of others`,
    "waiting to be joined by us:",
    pairs(pending),
    "joined by us:",
    pairs(active),
    `we know ${knownCount} nodes`,
    "",
  ].join("\r\n");
}

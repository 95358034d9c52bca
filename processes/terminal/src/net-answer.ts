/**
 * Questions to the network part of this node, and its answers as text.
 * Source: spec/packages-and-tools.md §19.3; spec/network-identity.md §2.6.
 * @module
 */
import {
  decodeNetResponse,
  encodeNetAction,
  type NetAction,
  type NetResponse,
  type NodeIdentity,
} from "@kinode-ts/codec/net";
import { request, SendError } from "@kinode-ts/stdlib";
import { ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { oneRow } from "./shown-text.ts";

const NET = "our@net:distro:sys";

async function askNet(action: NetAction): Promise<NetResponse> {
  try {
    const response = await request(NET, encodeNetAction(action), { timeout: "10s" });
    return decodeNetResponse(response.body);
  } catch (thrown) {
    if (thrown instanceof SendError) throw new ScriptFailure("the network part does not answer");
    throw thrown;
  }
}

/** `direct at <ip> with tcp, ws`, or the routers by name. */
function describeRouting({ routing }: NodeIdentity): string {
  if (routing.kind === "routers") {
    return routing.routers.length === 0
      ? "nobody can dial it"
      : `through ${routing.routers.map((name) => oneRow(name)).join(", ")}`;
  }
  const protocols = [...routing.ports.keys()].toSorted().map((name) => oneRow(name));
  return `direct at ${oneRow(routing.ip)} with ${protocols.join(", ") || "no port"}`;
}

function describeNode(node: NodeIdentity): string {
  return [
    oneRow(node.name),
    `  key: ${oneRow(node.networkingKey)}`,
    `  routing: ${describeRouting(node)}`,
  ].join("\n");
}

/** Every node with a connection. */
export async function showPeers(): Promise<string> {
  const answer = await askNet({ kind: "GetPeers" });
  const peers = answer.kind === "Peers" ? answer.peers : [];
  return peers.length === 0 ? "no peers" : peers.map(describeNode).join("\n");
}

export async function findNode(node: string): Promise<NodeIdentity | undefined> {
  const answer = await askNet({ kind: "GetPeer", node });
  return answer.kind === "Peer" ? answer.peer : undefined;
}

export async function showPeer(node: string): Promise<string> {
  const found = await findNode(node);
  return found === undefined ? `no PKI entry for ${node}` : describeNode(found);
}

export async function showDiagnostics(): Promise<string> {
  const answer = await askNet({ kind: "GetDiagnostics" });
  return answer.kind === "Diagnostics" ? answer.text.replaceAll("\r\n", "\n").trimEnd() : "";
}

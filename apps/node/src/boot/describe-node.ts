/**
 * What a node is for others, in one line that is shown when it starts.
 * Source: spec/runtime-modules.md §10.1 ("Splash").
 * @module
 */
import { decodeNetResponse, encodeNetAction, type NodeIdentity } from "@kinode-ts/codec/net";
import type { Kernel } from "@kinode-ts/kernel";
import { HTTP_SERVER_PROCESS, NET_PROCESS, type NodeId } from "@kinode-ts/types";

/** The network part knows itself; one that is busy must not hold up the start. */
const TIMEOUT_SECONDS = 1;

/** Release, how the node is reached, networking key; the release alone when the network part says nothing. */
export async function describeNode(
  kernel: Pick<Kernel, "ask">,
  our: NodeId,
  version: string,
): Promise<string> {
  const release = `Kinode ${version}`;
  const answer = await kernel.ask({
    source: HTTP_SERVER_PROCESS,
    target: { node: our, process: NET_PROCESS },
    body: encodeNetAction({ kind: "GetPeer", node: our }),
    timeoutSeconds: TIMEOUT_SECONDS,
  });
  const response = answer.ok ? decodeNetResponse(answer.body) : undefined;
  const peer = response?.kind === "Peer" ? response.peer : undefined;
  if (peer === undefined) return release;
  return `${release}; ${routingOf(peer)}; networking key ${peer.networkingKey}`;
}

function routingOf({ routing }: NodeIdentity): string {
  if (routing.kind === "routers") {
    const { routers } = routing;
    return routers.length === 0
      ? "indirect, without a router"
      : `indirect by ${routers.join(", ")}`;
  }
  const ports = [...routing.ports].map(([protocol, port]) => `${protocol} ${port}`);
  return `direct at ${routing.ip}${ports.length === 0 ? "" : ` (${ports.join(", ")})`}`;
}

/**
 * `net:distro:sys` of this node, on the sockets of this machine. Nothing here waits for a network.
 * Source: spec/network-identity.md §0 (ports), §2.1.
 * @module
 */
import type { KnsUpdate, NodeIdentity, Ports } from "@kinode-ts/codec/net";
import { createBunTransport, createNet, type ListenOn, type Net } from "@kinode-ts/net";
import type { Clock, NodeId, NodeSigner, Random } from "@kinode-ts/types";
import type { Identity } from "../boot/identity.ts";
import type { NetworkConfig } from "./network-config.ts";
import { createNoTransport } from "./no-transport.ts";
import { readOwnAddresses } from "./own-addresses.ts";

/** First ports that are tried (§0), and how many. */
const FIRST_PORT = { tcp: 10_000, ws: 9_000 } as const;
const PORT_COUNT = 1_000;

export interface NetworkParts {
  readonly our: NodeId;
  readonly config: NetworkConfig;
  readonly signer: NodeSigner;
  readonly clock: Clock;
  readonly random: Random;
  /** How others reach a node whose name is on chain; `undefined`: a local identity. */
  readonly chainRouting: Identity["chainRouting"];
  /** Nodes that are known before the first message. */
  readonly entries?: readonly KnsUpdate[];
}

/** Where to listen: TCP first, since others dial it first. */
function listenOn(config: NetworkConfig): ListenOn[] {
  if (!config.isOn) return [];
  return (["tcp", "ws"] as const).flatMap((protocol) => {
    const wanted = protocol === "tcp" ? config.tcpPort : config.wsPort;
    if (wanted === 0) return [];
    const first = wanted ?? FIRST_PORT[protocol];
    return [{ protocol, first, last: wanted ?? first + PORT_COUNT - 1 }];
  });
}

export function createNetwork(parts: NetworkParts): Net {
  const { our: name, config, signer, clock, random, chainRouting } = parts;
  const { all: addresses, hasIpv6 } = readOwnAddresses();
  const networkingKey = signer.publicKey.toHex();
  const direct = (ports: Ports): NodeIdentity => ({
    name,
    networkingKey,
    routing: { kind: "direct", ip: addresses[0]!, ports },
  });
  const isLocal = chainRouting === undefined;
  return createNet({
    identity: { our: name, signer, random },
    our: isLocal ? direct(new Map()) : { name, networkingKey, routing: chainRouting },
    transport: config.isOn ? createBunTransport(hasIpv6 ? "::" : "0.0.0.0") : createNoTransport(),
    clock,
    ...(isLocal && config.isOn ? { listening: direct } : {}),
    ...(isLocal || !config.isOn ? { listen: listenOn(config) } : {}),
    ...(parts.entries === undefined ? {} : { entries: parts.entries }),
    ...(config.maxPeers === undefined ? {} : { limits: { maxPeers: config.maxPeers } }),
    maxPassthroughs: config.maxPassthroughs,
    revealIp: config.revealIp,
  });
}

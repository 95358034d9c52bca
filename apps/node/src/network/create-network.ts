/**
 * `net:distro:sys` of this node, on the sockets of this machine. Nothing here waits for a network.
 * Source: spec/network-identity.md §0 (ports), §2.1; docs/decisions/0008-local-identity.md.
 * @module
 */
import type { NodeIdentity } from "@kinode-ts/codec/net";
import {
  createBunTransport,
  createNet,
  INVITATIONS_SPACE,
  type ListenOn,
  LocalIdentity,
  type LocalRows,
  type Net,
  PEERS_SPACE,
  SELF_SPACE,
} from "@kinode-ts/net";
import type { Clock, NodeId, NodeSigner, Random, Store, StoreChange } from "@kinode-ts/types";
import type { Identity } from "../boot/identity.ts";
import type { NetworkConfig } from "./network-config.ts";
import { createNoTransport } from "./no-transport.ts";
import { readOwnAddresses } from "./own-addresses.ts";

/** First ports that are tried (§0), and how many. */
export const FIRST_PORT = { tcp: 10_000, ws: 9_000 } as const;
const PORT_COUNT = 1_000;

export interface NetworkParts {
  readonly our: NodeId;
  readonly config: NetworkConfig;
  readonly signer: NodeSigner;
  readonly clock: Clock;
  readonly random: Random;
  /** What was kept about this node and others. */
  readonly rows: LocalRows;
  readonly commit: (changes: readonly StoreChange[]) => Promise<void>;
  /** How others reach a node whose name is on chain; `undefined`: a local identity. */
  readonly chainRouting: Identity["chainRouting"];
}

export interface Network {
  readonly net: Net;
  /** Nodes that trust each other without a registry; `undefined` while the name is on chain. */
  readonly local: LocalIdentity | undefined;
}

export async function readLocalRows(store: Store): Promise<LocalRows> {
  const [self, peers, invitations] = await Promise.all(
    [SELF_SPACE, PEERS_SPACE, INVITATIONS_SPACE].map((space) => store.records(space)),
  );
  return { self: self!, peers: peers!, invitations: invitations! };
}

/** Where to listen: TCP first, since others dial it first. */
function listenOn(config: NetworkConfig, local: LocalIdentity | undefined): ListenOn[] {
  if (!config.isOn) return [];
  const before = local?.record.places[0]?.ports;
  return (["tcp", "ws"] as const).flatMap((protocol) => {
    const wanted = protocol === "tcp" ? config.tcpPort : config.wsPort;
    if (wanted === 0) return [];
    const first = wanted ?? FIRST_PORT[protocol];
    const last = wanted ?? first + PORT_COUNT - 1;
    return [{ protocol, first, last, preferred: wanted ?? before?.get(protocol) }];
  });
}

function localIdentity(parts: NetworkParts): LocalIdentity {
  const { our, signer, clock, random, rows, commit } = parts;
  const addresses = (): readonly string[] => readOwnAddresses().all;
  return new LocalIdentity({ our, signer, clock, random, rows, commit, addresses });
}

export function createNetwork(parts: NetworkParts): Network {
  const { our: name, config, signer, clock, random, chainRouting } = parts;
  const local = chainRouting === undefined ? localIdentity(parts) : undefined;
  const our: NodeIdentity = {
    name,
    networkingKey: signer.publicKey.toHex(),
    // A local identity says so itself once it listens.
    routing: chainRouting ?? { kind: "routers", routers: [] },
  };
  const hostname = readOwnAddresses().hasIpv6 ? "::" : "0.0.0.0";
  const net = createNet({
    identity: { our: name, signer, random },
    our,
    transport: config.isOn ? createBunTransport(hostname) : createNoTransport(),
    clock,
    ...(local === undefined ? {} : { local }),
    ...(local !== undefined || !config.isOn ? { listen: listenOn(config, local) } : {}),
    ...(config.maxPeers === undefined ? {} : { limits: { maxPeers: config.maxPeers } }),
    maxPassthroughs: config.maxPassthroughs,
    revealIp: config.revealIp,
  });
  return { net, local };
}

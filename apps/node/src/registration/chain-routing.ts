/**
 * How a node with a name on chain is reached: what the registry says, and whether its key is ours.
 * Source: spec/network-identity.md §4.4 ("assign_routing"), §6 W18.
 * @module
 */
import type { NodeRouting } from "@kinode-ts/codec/net";
import {
  type ChainAddress,
  decodeEntries,
  decodeEntry,
  EMPTY_RECORD,
  encodeGet,
  encodeGetAll,
  type Entry,
  type Hex,
  nameHash,
  type NodeRecord,
  type RegistryConfig,
  toHex,
  withNote,
} from "@kinode-ts/kimap";
import type { NodeId } from "@kinode-ts/types";
import { Refusal } from "./requests.ts";

/** `eth_call` at the latest block: what the contract gave back. Rejects when no provider answers. */
export type CallContract = (to: ChainAddress, data: Hex) => Promise<unknown>;

const NOTES = ["~net-key", "~ws-port", "~tcp-port", "~ip", "~routers"] as const;

/** The registry's entry of a name. @throws {Refusal} the provider's answer is none */
export async function readEntry(
  call: CallContract,
  config: RegistryConfig,
  name: string,
): Promise<Entry> {
  const entry = decodeEntry(await call(config.registry, encodeGet(nameHash(name))));
  if (entry === undefined) {
    throw new Refusal(500, "Failed to decode kimap entry from return bytes");
  }
  return entry;
}

async function readRecord(
  call: CallContract,
  config: RegistryConfig,
  name: string,
): Promise<NodeRecord> {
  const hashes = NOTES.map((note) => nameHash(`${note}.${name}`));
  const entries = decodeEntries(await call(config.multicall, encodeGetAll(config, hashes)));
  if (entries?.length !== NOTES.length) {
    throw new Refusal(500, "Failed to decode kimap entry from return bytes");
  }
  // Routers last would hide the address that a direct node asks for: each is read by itself.
  const read = (label: (typeof NOTES)[number]): NodeRecord =>
    withNote(EMPTY_RECORD, label, entries[NOTES.indexOf(label)]?.data ?? new Uint8Array(0));
  return {
    publicKey: read("~net-key").publicKey,
    wsPort: read("~ws-port").wsPort,
    tcpPort: read("~tcp-port").tcpPort,
    ip: read("~ip").ip,
    routers: read("~routers").routers,
  };
}

/** Ports that the command line insists on. */
export interface ForcedPorts {
  readonly ws: number | undefined;
  readonly tcp: number | undefined;
}

function checkPort(protocol: "ws" | "tcp", forced: number | undefined, onChain: number): void {
  if (forced === undefined || forced === onChain) return;
  throw new Refusal(
    500,
    `Binary used --${protocol}-port flag to set port to ${forced}, but node is using port ${onChain} onchain.`,
  );
}

export interface RoutingQuestion {
  readonly name: NodeId;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Of the keyfile; empty: a direct node. */
  readonly routers: readonly NodeId[];
  readonly forced: ForcedPorts;
  /** Told when the registry names other routers than the keyfile. */
  readonly warn: (text: string) => void;
}

/**
 * How others reach the node of a keyfile.
 * @throws {Refusal} the registry has another key, no address, or another port than the command line
 */
export async function assignRouting(
  call: CallContract,
  config: RegistryConfig,
  { name, publicKey, routers, forced, warn }: RoutingQuestion,
): Promise<NodeRouting> {
  const record = await readRecord(call, config, name);
  const ours = toHex(publicKey);
  const onChain = `0x${record.publicKey}`;
  if (onChain !== ours) {
    throw new Refusal(
      500,
      `Networking key from PKI (${onChain}) does not match our saved networking key (${ours})`,
    );
  }
  if (routers.length > 0) {
    const named = routers.map(nameHash);
    if (named.join() !== record.routers.join()) {
      warn(
        `The registry names other routers for ${name} than its keyfile; reset the name to change them`,
      );
    }
    return { kind: "routers", routers };
  }
  const { ip, wsPort = 0, tcpPort = 0 } = record;
  if (ip === undefined || (wsPort === 0 && tcpPort === 0)) {
    throw new Refusal(500, `The registry has no address of ${name}: reset the name`);
  }
  checkPort("ws", forced.ws, wsPort);
  checkPort("tcp", forced.tcp, tcpPort);
  const ports = new Map<"tcp" | "ws", number>();
  if (tcpPort !== 0) ports.set("tcp", tcpPort);
  if (wsPort !== 0) ports.set("ws", wsPort);
  return { kind: "direct", ip, ports };
}

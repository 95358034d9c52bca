/**
 * What the notes of a name say about the node behind it.
 * Source: spec/network-identity.md §3.4, §3.6.
 * @module
 */
import { type Hex, toHex } from "./hex.ts";
import type { NODE_NOTES } from "./logs.ts";

/** The notes of one name, read. Routers are hashes: their names may come later. */
export interface NodeRecord {
  /** 64 digits without `0x`; empty: there is none yet. */
  readonly publicKey: string;
  readonly ip: string | undefined;
  readonly wsPort: number | undefined;
  readonly tcpPort: number | undefined;
  readonly routers: readonly Hex[];
}

export type NodeNote = (typeof NODE_NOTES)[number];

/** Of a name without notes. */
export const EMPTY_RECORD: NodeRecord = {
  publicKey: "",
  ip: undefined,
  wsPort: undefined,
  tcpPort: undefined,
  routers: [],
};

/** `undefined` for anything but 4 or 16 bytes. */
export function formatIp(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16),
  );
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return groups.join(":");
  const end = zeros.start + zeros.length;
  return `${groups.slice(0, zeros.start).join(":")}::${groups.slice(end).join(":")}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === "0") continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}

/** Two bytes, big-endian. */
function readPort(data: Uint8Array): number | undefined {
  return data.length === 2 ? (data[0]! << 8) | data[1]! : undefined;
}

/** Anybody can write megabytes; nobody tries more routers than these. */
const MAX_ROUTERS = 256;

/** Hashes one after the other, the first 256; a length that is no multiple of 32 gives none. */
export function readRouters(data: Uint8Array): Hex[] {
  if (data.length % 32 !== 0) return [];
  return Array.from({ length: Math.min(data.length / 32, MAX_ROUTERS) }, (_, i) =>
    toHex(data.subarray(32 * i, 32 * (i + 1))),
  );
}

/** The record after one more note. What was written last decides whether the node is direct or has routers. */
export function withNote(record: NodeRecord, label: string, data: Uint8Array): NodeRecord {
  switch (label) {
    case "~net-key":
      return data.length === 32 ? { ...record, publicKey: toHex(data).slice(2) } : record;
    case "~routers":
      return { ...EMPTY_RECORD, publicKey: record.publicKey, routers: readRouters(data) };
    case "~ip": {
      const ip = formatIp(data);
      return ip === undefined ? record : { ...record, ip, routers: [] };
    }
    case "~ws-port": {
      const wsPort = readPort(data);
      return wsPort === undefined ? record : { ...record, wsPort, routers: [] };
    }
    case "~tcp-port": {
      const tcpPort = readPort(data);
      return tcpPort === undefined ? record : { ...record, tcpPort, routers: [] };
    }
    default:
      return record;
  }
}

/** What the indexer tells: to processes as JSON, to `net` as `KnsUpdate`. */
export interface NodeInfo {
  readonly name: string;
  /** Hex without `0x`. */
  readonly publicKey: string;
  readonly ips: readonly string[];
  /** By protocol, sorted: `tcp` before `ws`. */
  readonly ports: ReadonlyMap<string, number>;
  readonly routers: readonly string[];
}

/** Routers without a known name are left out. */
export function toNodeInfo(
  name: string,
  record: NodeRecord,
  nameOf: (hash: Hex) => string | undefined,
): NodeInfo {
  const ports = new Map<string, number>();
  if (record.tcpPort !== undefined) ports.set("tcp", record.tcpPort);
  if (record.wsPort !== undefined) ports.set("ws", record.wsPort);
  return {
    name,
    publicKey: record.publicKey,
    ips: record.ip === undefined ? [] : [record.ip],
    ports,
    routers: record.routers.map(nameOf).filter((router) => router !== undefined),
  };
}

/** Whether it is a node: a key, and an address with a port (0 is none) or routers. */
export function isReachable({ publicKey, ips, ports, routers }: NodeInfo): boolean {
  if (publicKey === "") return false;
  if (routers.length > 0) return true;
  return ips.length > 0 && [...ports.values()].some((port) => port !== 0);
}

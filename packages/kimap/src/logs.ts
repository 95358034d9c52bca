/**
 * Logs of the registry: what is asked for, and what they say.
 * Whatever a log holds, reading it ends in an event or in `undefined`.
 * Source: spec/network-identity.md §3.2, §3.3.
 * @module
 */
import { readBytes, readTopic } from "./abi.ts";
import { type Hex, readHex, readHexOf, readQuantity } from "./hex.ts";
import { childHash, entryKind, labelHash } from "./names.ts";
import type { RegistryConfig } from "./registry-config.ts";

/** First topics. */
export const TOPICS = {
  mint: "0xb59dae5eda69178326b6517bb1aa33e208bf2ac347e30d3a5daf0ecb6249f7b1",
  note: "0xe40d9f1ec78dfc3c5a94c3edae28058ba092a8f65ce8a199731840a3d20f82f4",
  fact: "0x6df41fff09a97e34e341514998993ce9f4542c3fa8358931a96c9fff178c3adb",
  gene: "0xde0ec2494e561683ac09b109d8c4c4a08b4ddbd4fcd23b609fe107e63176ef5a",
  zero: "0xa7dcba07b3032d87953767c0eed546a5eb7e52648856b776ba4ad8a1ff1bf3c0",
  transfer: "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
} as const;

/** Labels of the notes that make a name a node; §3.4. */
export const NODE_NOTES = ["~net-key", "~ws-port", "~routers", "~tcp-port", "~ip"] as const;

/** What `eth_getLogs` and a subscription are asked for. Types fit those of viem. */
export interface LogFilter {
  address: Hex;
  topics: (Hex | Hex[] | null)[];
}

export interface MintEvent {
  readonly kind: "mint";
  readonly parent: Hex;
  readonly hash: Hex;
  readonly label: string;
}

export interface NoteEvent {
  readonly kind: "note" | "fact";
  readonly parent: Hex;
  /** Of the note itself. */
  readonly hash: Hex;
  /** With its sign. */
  readonly label: string;
  readonly data: Uint8Array;
}

export type RegistryEvent = MintEvent | NoteEvent;

/** An event with its place in the chain. */
export interface PlacedEvent {
  readonly event: RegistryEvent;
  readonly block: number;
  readonly blockHash: Hex;
  /** Among all logs of the block. */
  readonly index: number;
  /** The chain took it back. */
  readonly removed: boolean;
}

/** Mints of any name, or of names below one. */
export function mintFilter({ registry }: RegistryConfig, parent?: Hex): LogFilter {
  return {
    address: registry,
    topics: parent === undefined ? [TOPICS.mint] : [TOPICS.mint, parent],
  };
}

function labelledFilter(config: RegistryConfig, topic: Hex, labels: readonly string[]): LogFilter {
  const topics = labels.length === 0 ? [topic] : [topic, null, null, labels.map(labelHash)];
  return { address: config.registry, topics };
}

/** Notes with one of these labels; without any, all. */
export function noteFilter(config: RegistryConfig, labels: readonly string[] = []): LogFilter {
  return labelledFilter(config, TOPICS.note, labels);
}

/** Facts with one of these labels; without any, all. */
export function factFilter(config: RegistryConfig, labels: readonly string[] = []): LogFilter {
  return labelledFilter(config, TOPICS.fact, labels);
}

/** What a log of this registry says, wherever it stands; `undefined` for anything else. */
export function decodeEvent(
  log: { readonly address: unknown; readonly topics: unknown; readonly data: unknown },
  { registry }: Pick<RegistryConfig, "registry">,
): RegistryEvent | undefined {
  const { address, topics } = log;
  if (readHexOf(address, 20) !== registry.toLowerCase()) return undefined;
  if (!Array.isArray(topics) || topics.length !== 4) return undefined;
  const [topic, parent, hash, hashOfLabel] = topics.map(readTopic);
  const data = readHex(log.data);
  if (!parent || !hash || !hashOfLabel || data === undefined) return undefined;
  const label = readLabel(data, hashOfLabel);
  // A log that contradicts itself is not one of the registry's.
  if (label === undefined || childHash(parent, hashOfLabel) !== hash) return undefined;
  const kind = entryKind(label);
  if (topic === TOPICS.mint && kind === "name") return { kind: "mint", parent, hash, label };
  const isNote = topic === TOPICS.note && kind === "note";
  if (!isNote && !(topic === TOPICS.fact && kind === "fact")) return undefined;
  const content = readBytes(data, 1)?.slice();
  if (content === undefined) return undefined;
  return { kind: isNote ? "note" : "fact", parent, hash, label, data: content };
}

/** Of the labels that nearly all notes have: hashing is most of what reading a log costs. */
const nodeNoteHashes = new Map<string, Hex>();

function hashOf(label: string): Hex {
  const known = nodeNoteHashes.get(label);
  if (known !== undefined) return known;
  const hash = labelHash(label);
  if ((NODE_NOTES as readonly string[]).includes(label)) nodeNoteHashes.set(label, hash);
  return hash;
}

function readLabel(data: Uint8Array, hashOfLabel: Hex): string | undefined {
  const bytes = readBytes(data, 0);
  if (bytes === undefined || bytes.length > 63) return undefined;
  const label = String.fromCharCode(...bytes);
  return entryKind(label) !== undefined && hashOf(label) === hashOfLabel ? label : undefined;
}

/** The same for a log as a provider gives it, with its place. Logs of pending blocks have none. */
export function decodeLog(
  log: unknown,
  config: Pick<RegistryConfig, "registry">,
): PlacedEvent | undefined {
  if (typeof log !== "object" || log === null) return undefined;
  const { address, topics, data, blockNumber, blockHash, logIndex, removed } = log as Readonly<
    Record<string, unknown>
  >;
  const block = readQuantity(blockNumber);
  const index = readQuantity(logIndex);
  const hash = readTopic(blockHash);
  if (block === undefined || index === undefined || hash === undefined) return undefined;
  const event = decodeEvent({ address, topics, data }, config);
  return event && { event, block, blockHash: hash, index, removed: removed === true };
}

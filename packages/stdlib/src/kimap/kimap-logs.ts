/**
 * Logs of the registry with their names: what was minted or written, and below which name.
 * Names of parents are asked of the indexer, so the manifest must grant messaging to it.
 * Source: spec/packages-and-tools.md §17, §25.9.
 * @module
 */
import {
  decodeEvent,
  entryKind,
  type Hex,
  readHex,
  type RegistryConfig,
  type RegistryEvent,
  TOPICS,
} from "@kinode-ts/kimap";
import type { Duration } from "../duration.ts";
import type { Fail } from "../module-answer.ts";
import { askModule, payloadOf } from "../module-answer.ts";
import type { AbortSignalLike } from "../send.ts";
import { decodeUtf8 } from "../utf8.ts";
import { KimapError } from "./kimap-error.ts";

/** A log, as JSON-RPC gives it or as viem does. */
export interface KimapLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber?: Hex | bigint | null | undefined;
}

/** A name that was minted. */
export interface MintLog {
  readonly name: string;
  /** Name below which it was minted; empty for the root. */
  readonly parentPath: string;
}

/** A note that was written: it may be written again. */
export interface NoteLog {
  /** With its `~`. */
  readonly note: string;
  readonly parentPath: string;
  readonly data: Uint8Array;
}

/** A fact that was written: it stays. */
export interface FactLog {
  /** With its `!`. */
  readonly fact: string;
  readonly parentPath: string;
  readonly data: Uint8Array;
}

/** How long the indexer may take. */
export interface ResolveOptions {
  /** How long the indexer may take to come to the log's block. Default 5 s. */
  readonly timeout?: Duration | undefined;
  /** Stops waiting with its reason. */
  readonly signal?: AbortSignalLike | undefined;
}

const INDEXER = "our@kns-indexer:kns-indexer:sys";

/** @throws {KimapError} */
export async function decodeMintLog(log: KimapLog, options?: ResolveOptions): Promise<MintLog> {
  const event = eventOf(log, "mint");
  return { name: event.label, parentPath: await parentOf(log, options) };
}

/** @throws {KimapError} */
export async function decodeNoteLog(log: KimapLog, options?: ResolveOptions): Promise<NoteLog> {
  const event = eventOf(log, "note");
  return { note: event.label, parentPath: await parentOf(log, options), data: dataOf(event) };
}

/** @throws {KimapError} */
export async function decodeFactLog(log: KimapLog, options?: ResolveOptions): Promise<FactLog> {
  const event = eventOf(log, "fact");
  return { fact: event.label, parentPath: await parentOf(log, options), data: dataOf(event) };
}

const isNameOrNull = (value: unknown): value is string | null =>
  value === null || typeof value === "string";

/** Name of a hash as of a block, as the indexer knows it; `undefined` when it does not. Rejects with a `KimapError`. */
export async function resolveName(
  hash: Hex,
  block: bigint | number = 0,
  { timeout = "5s", signal }: ResolveOptions = {},
): Promise<string | undefined> {
  // The number alone is written by hand: a bigint as well as a number.
  const body = `{"NamehashToName":{"hash":${JSON.stringify(hash)},"block":${block}}}`;
  const fail: Fail<never> = (code, detail, cause) =>
    code === "SendError"
      ? new KimapError("NoAnswer", `the name index: ${detail}`, cause)
      : new KimapError("DecodeError", `the name index answered ${detail}`, cause);
  const { value } = await askModule(INDEXER, body, { timeout, signal }, [], fail);
  return payloadOf(value, "Name", isNameOrNull, fail) ?? undefined;
}

/** Name of what a log of the registry is below. `undefined`: the indexer does not know it. */
export function resolveParent(
  log: KimapLog,
  options: ResolveOptions = {},
): Promise<string | undefined> {
  const parent = log.topics[1];
  if (parent === undefined) throw new KimapError("DecodeError", "the log names no parent");
  if (/^0x0{64}$/.test(parent)) return Promise.resolve("");
  return resolveName(parent, blockOf(log), options);
}

/** Full name of what a log of the registry is about, such as `~ip.alice.os`. */
export async function resolveFullName(
  log: KimapLog,
  options: ResolveOptions = {},
): Promise<string | undefined> {
  const event = decodeEvent(log, itsRegistry(log));
  if (event === undefined) throw new KimapError("DecodeError", "it is no log of the registry");
  const parent = await resolveParent(log, options);
  if (parent === undefined) return undefined;
  return parent === "" ? event.label : `${event.label}.${parent}`;
}

/** Logs of other registries with the same interface are read as well: whoever asked for them chose the address. */
const itsRegistry = ({ address }: KimapLog): Pick<RegistryConfig, "registry"> => ({
  registry: address,
});

const TOPIC_OF = { mint: TOPICS.mint, note: TOPICS.note, fact: TOPICS.fact } as const;

function eventOf(log: KimapLog, kind: RegistryEvent["kind"]): RegistryEvent {
  if (log.topics[0]?.toLowerCase() !== TOPIC_OF[kind]) {
    throw new KimapError("UnexpectedTopic", `the log is no ${kind}`);
  }
  const event = decodeEvent(log, itsRegistry(log));
  if (event !== undefined) return event;
  const label = labelIn(log.data);
  if (label === undefined) throw new KimapError("DecodeError", `its data is no ${kind}`);
  const isName = entryKind(label) !== undefined;
  throw new KimapError(
    isName ? "DecodeError" : "InvalidName",
    isName ? "its hashes do not fit" : `${JSON.stringify(label)} is no label`,
  );
}

/** The first bytes argument as text, to say what is wrong with it. */
function labelIn(data: Hex): string | undefined {
  const bytes = readHex(data);
  if (bytes === undefined || bytes.length < 64) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = view.getUint32(28);
  if (at + 32 > bytes.length) return undefined;
  const length = view.getUint32(at + 28);
  if (at + 32 + length > bytes.length) return undefined;
  return decodeUtf8(bytes.slice(at + 32, at + 32 + length));
}

function dataOf(event: RegistryEvent): Uint8Array {
  return event.kind === "mint" ? new Uint8Array(0) : event.data;
}

async function parentOf(log: KimapLog, options: ResolveOptions | undefined): Promise<string> {
  const parent = await resolveParent(log, options).catch((thrown: unknown) => {
    throw new KimapError("UnresolvedParent", "the indexer did not answer", thrown);
  });
  if (parent === undefined) {
    throw new KimapError("UnresolvedParent", `no name is known for ${log.topics[1]}`);
  }
  return parent;
}

function blockOf({ blockNumber }: KimapLog): bigint {
  return blockNumber === undefined || blockNumber === null ? 0n : BigInt(blockNumber);
}

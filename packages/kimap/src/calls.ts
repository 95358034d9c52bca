/**
 * Calls of the registry and of the accounts that names have: what is sent, and what is answered.
 * Source: spec/network-identity.md §3.3, §3.5, §3.8.
 * @module
 */
import {
  type Argument,
  bytesArgument,
  callsArgument,
  encodeArguments,
  encodeCall,
  readAddress,
  readBytes,
  readBytesList,
  word,
} from "./abi.ts";
import { type ChainAddress, type Hex, readHex, toHex } from "./hex.ts";
import { hashBytes, keccak256, nameHash } from "./names.ts";
import type { RegistryConfig } from "./registry-config.ts";

/** First four bytes of a call. */
export const SELECTORS = {
  get: "0x8eaa6ac0",
  mint: "0x094cefed",
  note: "0x7788b5a8",
  fact: "0xe852398b",
  gene: "0x74e08829",
  leaf: "0x2124b692",
  tbaOf: "0x27244d1e",
  ownerOf: "0x6352211e",
  execute: "0x51945447",
  aggregate: "0x252dba42",
  commit: "0xf14fcbc8",
} as const satisfies Readonly<Record<string, Hex>>;

/** Why the registry or an account refuses, by the first four bytes of what it gives back. */
export const REVERTS: Readonly<Record<Hex, string>> = {
  "0xa3b9ac95": "a note begins with ~",
  "0x6ae27d4f": "a fact begins with !",
  "0x5a714b1c": "the account of the new name could not be set up",
  "0xe87f7f44": "a label has a-z, 0-9 and - only",
  "0xd202940c": "the name exists already",
  "0xa542ed9c": "the fact exists already and cannot be changed",
  "0xf3dda333": "the implementation for descendants is set already",
  "0x280dacb6": "the label is too short",
  "0x7d45f786": "the label is too long",
  "0x3813fcca": "only the account of the parent may do this",
  "0x01b37205": "a fact needs data",
  "0x8f0052a6": "only the owner of the name may do this",
};

/** One call among several. */
export interface Call {
  readonly target: ChainAddress;
  readonly data: Uint8Array;
}

/** What the registry knows of an entry; all zero and empty: nothing. */
export interface Entry {
  readonly account: ChainAddress;
  readonly owner: ChainAddress;
  /** Of a note or fact. */
  readonly data: Uint8Array;
}

export const ZERO_ADDRESS: ChainAddress = `0x${"0".repeat(40)}`;
const ENCODER = new TextEncoder();

const text = (label: string): Argument => bytesArgument(ENCODER.encode(label));

/** `get(hash)`. */
export function encodeGet(hash: Hex): Hex {
  return toHex(encodeCall(SELECTORS.get, [hashBytes(hash)]));
}

/** The answer to `get`, from the text a provider gave; `undefined` when it is none. */
export function decodeEntry(result: unknown): Entry | undefined {
  const bytes = readHex(result);
  return bytes && entryOf(bytes);
}

function entryOf(bytes: Uint8Array): Entry | undefined {
  const account = readAddress(bytes, 0);
  const owner = readAddress(bytes, 1);
  const data = readBytes(bytes, 2)?.slice();
  return account && owner && data && { account, owner, data };
}

/** `tbaOf(hash)`; the answer is read with `decodeAddress`. */
export function encodeTbaOf(hash: Hex): Hex {
  return toHex(encodeCall(SELECTORS.tbaOf, [hashBytes(hash)]));
}

/** The one address a provider answered with. */
export function decodeAddress(result: unknown): ChainAddress | undefined {
  const bytes = readHex(result);
  return bytes && readAddress(bytes, 0);
}

export interface Mint {
  /** Who will own it. */
  readonly to: ChainAddress;
  readonly label: string;
  /** A call that the new account makes as itself; empty: none. */
  readonly initialization: Uint8Array;
  readonly implementation: ChainAddress;
}

/** `mint(to, label, initialization, implementation)`, of the registry as of accounts that mint below their name. */
export function encodeMint({ to, label, initialization, implementation }: Mint): Uint8Array {
  return encodeCall(SELECTORS.mint, [
    word(to),
    text(label),
    bytesArgument(initialization),
    word(implementation),
  ]);
}

/** `note(label, data)`; the label has its `~`. */
export function encodeNote(label: string, data: Uint8Array): Uint8Array {
  return encodeCall(SELECTORS.note, [text(label), bytesArgument(data)]);
}

/** `fact(label, data)`; the label has its `!`. */
export function encodeFact(label: string, data: Uint8Array): Uint8Array {
  return encodeCall(SELECTORS.fact, [text(label), bytesArgument(data)]);
}

/** `aggregate(calls)`: all or nothing. */
export function encodeAggregate(calls: readonly Call[]): Uint8Array {
  return encodeCall(SELECTORS.aggregate, [callsArgument(calls)]);
}

/** What `aggregate` answers: the block and each call's answer. */
export function decodeAggregate(result: unknown): Uint8Array[] | undefined {
  const bytes = readHex(result);
  return bytes && readBytesList(bytes, 1);
}

/** Reads many entries in one call to `config.multicall`. */
export function encodeGetAll(config: RegistryConfig, hashes: readonly Hex[]): Hex {
  const calls = hashes.map((hash) => ({
    target: config.registry,
    data: encodeCall(SELECTORS.get, [hashBytes(hash)]),
  }));
  return toHex(encodeAggregate(calls));
}

/** The entries in the order they were asked for. */
export function decodeEntries(result: unknown): (Entry | undefined)[] | undefined {
  return decodeAggregate(result)?.map(entryOf);
}

export interface Execution {
  readonly target: ChainAddress;
  readonly data: Uint8Array;
  /** `delegate`: the code of `target` runs as the account itself. */
  readonly operation: "call" | "delegate";
}

/** `execute(target, 0, data, operation)` of the account of a name. */
export function encodeExecute({ target, data, operation }: Execution): Uint8Array {
  return encodeCall(SELECTORS.execute, [
    word(target),
    word(0),
    bytesArgument(data),
    word(operation === "delegate" ? 1 : 0),
  ]);
}

/** A note to write: a label with its `~` and what it holds. */
export type NoteToWrite = readonly [label: string, data: Uint8Array];

/** The call to a name's account that writes notes below it, and the initialization of a new name. */
export function encodeWriteNotes(
  config: RegistryConfig,
  notes: readonly NoteToWrite[],
): Uint8Array {
  const calls = notes.map(([label, data]) => ({
    target: config.registry,
    data: encodeNote(label, data),
  }));
  // As the account itself: the registry takes notes from nobody else.
  return encodeExecute({
    target: config.multicall,
    data: encodeAggregate(calls),
    operation: "delegate",
  });
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}

export interface DirectNode {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array;
  /** `undefined`: the note is not written. */
  readonly wsPort?: number | undefined;
  readonly tcpPort?: number | undefined;
}

/** Notes of a node that others reach at its address, in the order of §3.5. */
export function directNotes({ key, ip, wsPort, tcpPort }: DirectNode): NoteToWrite[] {
  const notes: NoteToWrite[] = [["~net-key", key]];
  if (wsPort !== undefined) notes.push(["~ws-port", portBytes(wsPort)]);
  if (tcpPort !== undefined) notes.push(["~tcp-port", portBytes(tcpPort)]);
  return [...notes, ["~ip", ip]];
}

/** Notes of a node behind routers. */
export function indirectNotes(key: Uint8Array, routers: readonly string[]): NoteToWrite[] {
  const hashes = routers.map((router) => hashBytes(nameHash(router)));
  const joined = new Uint8Array(hashes.length * 32);
  for (const [i, hash] of hashes.entries()) joined.set(hash, i * 32);
  return [
    ["~net-key", key],
    ["~routers", joined],
  ];
}

/** What is committed to before a name below `os` is minted by the same sender. */
export function commitment(label: string, sender: ChainAddress): Hex {
  return toHex(keccak256(encodeArguments([text(label), word(sender)])));
}

/** `commit(commitment)` of the account of `os`. */
export function encodeCommit(hash: Hex): Uint8Array {
  return encodeCall(SELECTORS.commit, [hashBytes(hash)]);
}

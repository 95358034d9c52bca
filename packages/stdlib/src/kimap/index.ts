/**
 * The name registry.
 * @module
 */
import { entryKind, KIMAP, ROOT_HASH } from "@kinode-ts/kimap";

export {
  type ChainAddress,
  decodeEvent,
  encodeExecute,
  encodeFact,
  encodeMint,
  encodeNote,
  encodeWriteNotes,
  type Hex,
  KIMAP,
  LOCAL_KIMAP,
  type LogFilter,
  nameHash as namehash,
  type RegistryConfig,
  type RegistryEvent,
} from "@kinode-ts/kimap";
export { kimapAbi } from "./kimap-abi.ts";
export { Kimap, type KimapEntry, type KimapOptions } from "./kimap-client.ts";
export { KimapError, type KimapErrorCode } from "./kimap-error.ts";
export {
  decodeFactLog,
  decodeMintLog,
  decodeNoteLog,
  type FactLog,
  type KimapLog,
  type MintLog,
  type NoteLog,
  resolveFullName,
  resolveName,
  type ResolveOptions,
  resolveParent,
} from "./kimap-logs.ts";

/** Address of the registry. */
export const KIMAP_ADDRESS: typeof KIMAP.registry = KIMAP.registry;
/** Its chain: Base. */
export const KIMAP_CHAIN_ID: number = KIMAP.chainId;
/** Before this block it has no logs. */
export const KIMAP_FIRST_BLOCK: number = KIMAP.firstBlock;
/** Hash of the empty name. */
export const KIMAP_ROOT_HASH: typeof ROOT_HASH = ROOT_HASH;

/** Whether a label may be that of a name: `a-z`, `0-9` and `-`, at most 63. */
export const validName = (label: string): boolean => entryKind(label) === "name";
/** Whether a label may be that of a note: the same after `~`, at most 62. */
export const validNote = (label: string): boolean => entryKind(label) === "note";
/** Whether a label may be that of a fact: the same after `!`, at most 62. */
export const validFact = (label: string): boolean => entryKind(label) === "fact";
/** Whether a label may be that of an entry of the given kind. */
export const validEntry = (label: string, note: boolean, fact: boolean): boolean =>
  note === fact ? !note && validName(label) : note ? validNote(label) : validFact(label);

/**
 * The name registry's interface: names, hashes, logs, notes and calls. No input or output: bytes in, bytes out.
 * @module
 */
export { bytesArgument, encodeCall, word } from "./abi.ts";
export type { Argument } from "./abi.ts";
export {
  commitment,
  decodeAddress,
  decodeAggregate,
  decodeEntries,
  decodeEntry,
  directNotes,
  encodeAggregate,
  encodeCommit,
  encodeExecute,
  encodeFact,
  encodeGet,
  encodeGetAll,
  encodeMint,
  encodeNote,
  encodeTbaOf,
  encodeWriteNotes,
  indirectNotes,
  REVERTS,
  SELECTORS,
  ZERO_ADDRESS,
} from "./calls.ts";
export type { Call, DirectNode, Entry, Execution, Mint, NoteToWrite } from "./calls.ts";
export { fromHex, readHex, readHexOf, readQuantity, toHex, toQuantity } from "./hex.ts";
export type { ChainAddress, Hex } from "./hex.ts";
export {
  decodeEvent,
  decodeLog,
  factFilter,
  mintFilter,
  NODE_NOTES,
  noteFilter,
  TOPICS,
} from "./logs.ts";
export type { LogFilter, MintEvent, NoteEvent, PlacedEvent, RegistryEvent } from "./logs.ts";
export {
  childHash,
  entryKind,
  hashBytes,
  isValidName,
  keccak256,
  labelHash,
  nameHash,
  ROOT_HASH,
} from "./names.ts";
export type { EntryKind } from "./names.ts";
export {
  EMPTY_RECORD,
  formatIp,
  isReachable,
  readRouters,
  toNodeInfo,
  withNote,
} from "./node-record.ts";
export type { NodeInfo, NodeNote, NodeRecord } from "./node-record.ts";
export { KIMAP, LOCAL_KIMAP } from "./registry-config.ts";
export type { RegistryConfig } from "./registry-config.ts";

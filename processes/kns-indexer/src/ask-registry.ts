/**
 * Reads one name from the registry itself, for names that no log has told of.
 * Source: spec/network-identity.md §3.6, step 7.
 * @module
 */
import {
  decodeEntries,
  decodeLog,
  EMPTY_RECORD,
  encodeGetAll,
  type Hex,
  NODE_NOTES,
  nameHash,
  type NodeRecord,
  noteFilter,
  type RegistryConfig,
  toQuantity,
  withNote,
  ZERO_ADDRESS,
} from "@kinode-ts/kimap";
import { EthError, type EthClient } from "./eth-client.ts";

export interface ReadName {
  readonly record: NodeRecord;
  /** The block it was read at. */
  readonly block: number;
}

/** `undefined`: there is no such name. @throws {EthError} */
export async function readName(
  eth: EthClient,
  config: RegistryConfig,
  name: string,
): Promise<ReadName | undefined> {
  const block = await eth.blockNumber();
  const hash = nameHash(name);
  const hashes = [hash, ...NODE_NOTES.map((label) => nameHash(`${label}.${name}`))];
  const call = { to: config.multicall, data: encodeGetAll(config, hashes) };
  const result = await eth.call("eth_call", [call, toQuantity(block)]);
  const [entry, ...notes] = decodeEntries(result) ?? [];
  if (entry === undefined || notes.length !== NODE_NOTES.length) {
    throw new EthError("refused", "eth_call: the registry's answer cannot be read");
  }
  if (entry.account === ZERO_ADDRESS) return undefined;
  const written = new Map(NODE_NOTES.map((label, i) => [label, notes[i]?.data ?? NONE] as const));
  const isDirect = written.get("~ip")!.length > 0;
  const isIndirect = written.get("~routers")!.length > 0;
  const last =
    isDirect && isIndirect ? await lastWritten(eth, config, hash, block) : ("~ip" as const);
  const record = [...written]
    .toSorted(([a], [b]) => Number(isLast(a, last)) - Number(isLast(b, last)))
    .filter(([, data]) => data.length > 0)
    .reduce((so, [label, data]) => withNote(so, label, data), EMPTY_RECORD);
  return { record, block };
}

const NONE = new Uint8Array();

/** Of the two ways to be reached, whether a note is of the one that was written last. */
function isLast(label: string, last: "~ip" | "~routers"): boolean {
  return (label === "~routers") === (last === "~routers");
}

/** A node that changed its ways leaves the notes of the other behind; only logs tell which are older. */
async function lastWritten(
  eth: EthClient,
  config: RegistryConfig,
  hash: Hex,
  block: number,
): Promise<"~ip" | "~routers"> {
  const [topic, , , labels] = noteFilter(config, NODE_NOTES.slice(1)).topics;
  const filter = { address: config.registry, topics: [topic!, hash, null, labels!] };
  try {
    const logs = await eth.logs(filter, config.firstBlock, block);
    const newest = logs
      .map((log) => decodeLog(log, config))
      .filter((event) => event !== undefined)
      .toSorted((a, b) => a.block - b.block || a.index - b.index)
      .at(-1);
    return newest?.event.label === "~routers" ? "~routers" : "~ip";
  } catch {
    // As other nodes take it that do not ask: an address is an address.
    return "~ip";
  }
}

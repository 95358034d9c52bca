/**
 * The index as it survives a restart: everything up to a block that will not be taken back.
 * @module
 */
import { type Hex, readHexOf, type RegistryConfig } from "@kinode-ts/kimap";
import { state } from "@kinode-ts/stdlib";
import type { Entry } from "./ledger.ts";

export interface Checkpoint {
  readonly block: number;
  /** Hash of that block: another one means another chain. */
  readonly blockHash: string | undefined;
  readonly entries: readonly (readonly [Hex, Entry])[];
}

/** hash, parent, label, key, ip, ws, tcp, routers, as of */
type Row = readonly [
  string,
  string,
  string | null,
  string,
  string | null,
  number | null,
  number | null,
  readonly string[],
  number,
];

interface Stored {
  readonly version: 1;
  readonly chainId: number;
  readonly registry: string;
  readonly block: number;
  readonly blockHash: string | null;
  readonly rows: readonly Row[];
}

function toRow([hash, { parent, label, record, asOf }]: readonly [Hex, Entry]): Row {
  const { publicKey, ip, wsPort, tcpPort, routers } = record;
  return [
    hash,
    parent,
    label ?? null,
    publicKey,
    ip ?? null,
    wsPort ?? null,
    tcpPort ?? null,
    routers,
    asOf,
  ];
}

function fromRow(row: Row): readonly [Hex, Entry] {
  const [hash, parent, label, publicKey, ip, wsPort, tcpPort, routers, asOf] = row;
  const isRow =
    readHexOf(hash, 32) !== undefined &&
    readHexOf(parent, 32) !== undefined &&
    typeof publicKey === "string" &&
    Array.isArray(routers) &&
    typeof asOf === "number";
  if (!isRow) throw new TypeError("a row of the checkpoint is damaged");
  const record = {
    publicKey,
    ip: ip ?? undefined,
    wsPort: wsPort ?? undefined,
    tcpPort: tcpPort ?? undefined,
    routers: routers as readonly Hex[],
  };
  return [hash as Hex, { parent: parent as Hex, label: label ?? undefined, record, asOf }];
}

/** Settles when it is on disk. */
export async function saveCheckpoint(
  { chainId, registry }: RegistryConfig,
  { block, blockHash, entries }: Checkpoint,
): Promise<void> {
  const rows = entries.map(toRow);
  const stored: Stored = {
    version: 1,
    chainId,
    registry,
    block,
    blockHash: blockHash ?? null,
    rows,
  };
  await state.save(stored);
}

/** The last one of this registry; `undefined`: none, of another one, or damaged. Then the chain is read again. */
export async function loadCheckpoint(config: RegistryConfig): Promise<Checkpoint | undefined> {
  try {
    const stored = await state.load((value) => value as Stored);
    if (stored?.version !== 1 || stored.chainId !== config.chainId) return undefined;
    if (stored.registry !== config.registry || !Number.isSafeInteger(stored.block)) {
      return undefined;
    }
    const { block, blockHash, rows } = stored;
    return { block, blockHash: blockHash ?? undefined, entries: rows.map(fromRow) };
  } catch {
    return undefined;
  }
}

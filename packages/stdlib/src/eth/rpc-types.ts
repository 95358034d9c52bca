/**
 * What providers answer, as it is in JSON-RPC. The types fit those of viem (`RpcLog`, `RpcBlock` …).
 * Source: the Ethereum JSON-RPC specification (execution-apis).
 * @module
 */

/** Bytes or a number as text. */
export type Hex = `0x${string}`;
/** 20 bytes. */
export type Address = Hex;
/** 32 bytes. */
export type Hash = Hex;

/** A block by its number, or by what it is. */
export type Block = bigint | number | BlockTag;
export type BlockTag = "latest" | "earliest" | "pending" | "safe" | "finalized";

/** An event of a contract. */
export interface RpcLog {
  address: Address;
  topics: [] | [Hex, ...Hex[]];
  data: Hex;
  /** The next five are null while the log's block is pending. */
  blockHash: Hash | null;
  blockNumber: Hex | null;
  logIndex: Hex | null;
  transactionHash: Hash | null;
  transactionIndex: Hex | null;
  /** The chain took it back. */
  removed: boolean;
}

/** A block without its transactions. */
export interface RpcBlockHeader {
  hash: Hash | null;
  parentHash: Hash;
  number: Hex | null;
  timestamp: Hex;
  logsBloom: Hex | null;
  [field: string]: unknown;
}

/** A block with the hashes of its transactions, or with them. */
export interface RpcBlock<T = Hash | RpcTransaction> extends RpcBlockHeader {
  transactions: T[];
}

/** A transaction, waiting or in a block. */
export interface RpcTransaction {
  hash: Hash;
  from: Address;
  to: Address | null;
  input: Hex;
  value: Hex;
  nonce: Hex;
  gas: Hex;
  blockHash: Hash | null;
  blockNumber: Hex | null;
  [field: string]: unknown;
}

/** What a transaction did. */
export interface RpcTransactionReceipt {
  transactionHash: Hash;
  from: Address;
  to: Address | null;
  contractAddress: Address | null;
  blockHash: Hash;
  blockNumber: Hex;
  gasUsed: Hex;
  logs: RpcLog[];
  /** `0x1`: it succeeded. */
  status: "0x0" | "0x1";
  [field: string]: unknown;
}

/** What is called or sent. Quantities as numbers or as JSON-RPC has them. */
export interface CallRequest {
  readonly from?: Address | undefined;
  readonly to?: Address | null | undefined;
  readonly data?: Hex | undefined;
  readonly value?: bigint | number | Hex | undefined;
  readonly gas?: bigint | number | Hex | undefined;
  readonly gasPrice?: bigint | number | Hex | undefined;
  readonly maxFeePerGas?: bigint | number | Hex | undefined;
  readonly maxPriorityFeePerGas?: bigint | number | Hex | undefined;
  readonly nonce?: bigint | number | Hex | undefined;
}

/** What logs are wanted. In a subscription only `address` and `topics` count. */
export interface LogFilter {
  readonly address?: Address | readonly Address[] | undefined;
  /** By place; null is any, a list one of them. */
  readonly topics?: readonly (Hex | readonly Hex[] | null)[] | undefined;
  readonly fromBlock?: Block | Hex | undefined;
  readonly toBlock?: Block | Hex | undefined;
  readonly blockHash?: Hash | undefined;
}

/** Fees of past blocks, in wei. */
export interface FeeHistory {
  readonly oldestBlock: bigint;
  readonly baseFeePerGas: readonly bigint[];
  readonly gasUsedRatio: readonly number[];
  /** By block, then by percentile. */
  readonly reward: readonly (readonly bigint[])[];
}

/** A number as JSON-RPC wants it. @throws {RangeError} negative or no whole number */
export function toQuantity(value: bigint | number | Hex): Hex {
  if (typeof value === "string") return value;
  if (value < 0 || (typeof value === "number" && !Number.isSafeInteger(value))) {
    throw new RangeError(`"${value}" is no quantity: pass a whole number from 0 upwards`);
  }
  return `0x${value.toString(16)}`;
}

/** A block as a parameter. */
export function toBlock(block: Block | Hex): string {
  return typeof block === "string" ? block : toQuantity(block);
}

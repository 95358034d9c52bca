/**
 * Client of `eth:distro:sys`: reading a chain, following it, sending signed transactions.
 * Every function rejects with an `EthError`. The manifest must grant messaging to `eth:distro:sys`, or answers do not arrive.
 * Source: spec/packages-and-tools.md §25.9.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import type { Duration } from "../duration.ts";
import { isListOf, isRecord, isText, shownAnswer } from "../module-answer.ts";
import type { AbortSignalLike } from "../send.ts";
import { EthError } from "./eth-error.ts";
import { ethRequest, payloadOf } from "./eth-wire.ts";
import {
  type Address,
  type Block,
  type CallRequest,
  type FeeHistory,
  type Hash,
  type Hex,
  type LogFilter,
  type RpcBlock,
  type RpcBlockHeader,
  type RpcLog,
  type RpcTransaction,
  type RpcTransactionReceipt,
  toBlock,
  toQuantity,
} from "./rpc-types.ts";
import { subscribe, type SubscribeOptions, type Subscription } from "./subscription.ts";

/** How long requests may take, and what stops them. */
export interface ProviderOptions {
  /** How long one request may take. Default 60 s. */
  readonly timeout?: Duration | undefined;
  /** Stops waiting with its reason; what was asked for may still be done. */
  readonly signal?: AbortSignalLike | undefined;
}

/** A request as EIP-1193 has it. */
export interface RequestArguments {
  readonly method: string;
  readonly params?: unknown;
}

/** As JSON-RPC has it; providers leave out what their chain does not know. */
interface RpcFeeHistory {
  readonly oldestBlock: Hex;
  readonly baseFeePerGas?: readonly Hex[] | null;
  readonly gasUsedRatio?: readonly number[] | null;
  readonly reward?: readonly (readonly Hex[])[] | null;
}

const isHex = (told: unknown): told is Hex =>
  typeof told === "string" && /^0x[0-9a-fA-F]*$/.test(told);
const isQuantity = (told: unknown): told is Hex => isHex(told) && told.length > 2;
const isNumber = (told: unknown): told is number => typeof told === "number";
const orNothing = (isForm: (told: unknown) => boolean) => (told: unknown) =>
  told === undefined || told === null || isForm(told);

function isFeeHistory(told: unknown): boolean {
  if (!isRecord(told)) return false;
  const { oldestBlock, baseFeePerGas, gasUsedRatio, reward } = told;
  return (
    isQuantity(oldestBlock) &&
    orNothing(isListOf(isQuantity))(baseFeePerGas) &&
    orNothing(isListOf(isNumber))(gasUsedRatio) &&
    orNothing(isListOf(isListOf(isQuantity)))(reward)
  );
}

const isRecordOrNull = (told: unknown): boolean => told === null || isRecord(told);

/** A client of one chain. */
export class EthProvider {
  readonly chainId: U64;
  readonly #options: ProviderOptions;

  /** @internal Use `createProvider`. */
  constructor(chainId: U64, options: ProviderOptions) {
    this.chainId = chainId;
    this.#options = options;
  }

  /** Any call: what is asked for, and the result as JSON-RPC has it. viem's `custom(provider)` uses it. */
  readonly request = async <T = unknown>({
    method,
    params = null,
  }: RequestArguments): Promise<T> => {
    const action = { Request: { chain_id: this.chainId, method, params } };
    const answer = await ethRequest(action, method, this.#options);
    return payloadOf(answer, "Response", method) as T;
  };

  /** As the provider says it. */
  async getChainId(): Promise<number> {
    return Number(await this.#quantity("eth_chainId"));
  }

  /** Of the newest block. */
  getBlockNumber(): Promise<bigint> {
    return this.#quantity("eth_blockNumber");
  }

  /** In wei. */
  getGasPrice(): Promise<bigint> {
    return this.#quantity("eth_gasPrice");
  }

  /** Accounts that the provider itself holds keys of. */
  getAccounts(): Promise<Address[]> {
    return this.#ask("eth_accounts", [], isListOf(isText));
  }

  /** In wei. */
  getBalance(address: Address, block: Block = "latest"): Promise<bigint> {
    return this.#quantity("eth_getBalance", [address, toBlock(block)]);
  }

  /** The next nonce of an account. */
  async getTransactionCount(address: Address, block: Block = "latest"): Promise<number> {
    return Number(await this.#quantity("eth_getTransactionCount", [address, toBlock(block)]));
  }

  /** Code of a contract; `0x` where there is none. */
  getCode(address: Address, block: Block = "latest"): Promise<Hex> {
    return this.#ask("eth_getCode", [address, toBlock(block)], isHex);
  }

  /** 32 bytes of a contract's storage. */
  getStorageAt(address: Address, slot: bigint | Hex, block: Block = "latest"): Promise<Hex> {
    return this.#ask("eth_getStorageAt", [address, toQuantity(slot), toBlock(block)], isHex);
  }

  /** `undefined`: there is none. With `full` its transactions instead of their hashes. */
  async getBlockByHash(hash: Hash, full = false): Promise<RpcBlock | undefined> {
    return await this.#found("eth_getBlockByHash", [hash, full]);
  }

  /** `undefined`: there is none (yet). */
  async getBlockByNumber(block: Block, full = false): Promise<RpcBlock | undefined> {
    return await this.#found("eth_getBlockByNumber", [toBlock(block), full]);
  }

  /** `undefined`: no provider knows it. */
  async getTransactionByHash(hash: Hash): Promise<RpcTransaction | undefined> {
    return await this.#found("eth_getTransactionByHash", [hash]);
  }

  /** `undefined` also while the transaction waits. */
  async getTransactionReceipt(hash: Hash): Promise<RpcTransactionReceipt | undefined> {
    return await this.#found("eth_getTransactionReceipt", [hash]);
  }

  /** Events that fit; providers bound how many, and from how many blocks. */
  getLogs(filter: LogFilter): Promise<RpcLog[]> {
    return this.#ask("eth_getLogs", [filterOf(filter)], isListOf(isRecord));
  }

  /** What a call would return. Rejects with the code `RpcError` when it reverts; `error.rpc.data` says how. */
  call(transaction: CallRequest, block: Block = "latest"): Promise<Hex> {
    return this.#ask("eth_call", [callOf(transaction), toBlock(block)], isHex);
  }

  /** Gas that a transaction would use. Rejects with `RpcError` when it would fail. */
  estimateGas(transaction: CallRequest, block?: Block): Promise<bigint> {
    const call = callOf(transaction);
    return this.#quantity("eth_estimateGas", block === undefined ? [call] : [call, toBlock(block)]);
  }

  /** Fees of past blocks up to `newest`, in wei; providers bound how many. */
  async getFeeHistory(
    blockCount: number,
    newest: Block = "latest",
    percentiles: readonly number[] = [],
  ): Promise<FeeHistory> {
    const params = [toQuantity(blockCount), toBlock(newest), percentiles];
    const told = await this.#ask<RpcFeeHistory>("eth_feeHistory", params, isFeeHistory);
    return {
      oldestBlock: BigInt(told.oldestBlock),
      baseFeePerGas: (told.baseFeePerGas ?? []).map(BigInt),
      gasUsedRatio: told.gasUsedRatio ?? [],
      reward: (told.reward ?? []).map((each) => each.map(BigInt)),
    };
  }

  /** Sends a signed transaction. Never repeated from memory by the node. */
  sendRawTransaction(transaction: Hex | Uint8Array): Promise<Hash> {
    const text = typeof transaction === "string" ? transaction : hexOf(transaction);
    return this.#ask("eth_sendRawTransaction", [text], isHex);
  }

  /**
   * Logs from now on: `for await (const log of provider.subscribeLogs({ address }))`. Those that the chain takes back come
   * again with `removed: true`. Leaving the loop ends the subscription.
   */
  subscribeLogs(filter: LogFilter = {}, options: SubscribeOptions = {}): Subscription<RpcLog> {
    const { address, topics } = filter;
    const params = { ...(address && { address }), ...(topics && { topics }) };
    return subscribe<RpcLog>(this.chainId, "logs", params, this.#with(options));
  }

  /** Headers of blocks from now on. */
  subscribeBlocks(options: SubscribeOptions = {}): Subscription<RpcBlockHeader> {
    return subscribe<RpcBlockHeader>(this.chainId, "newHeads", null, this.#with(options));
  }

  /** Hashes of transactions that wait, where the provider tells of them. */
  subscribePendingTransactions(options: SubscribeOptions = {}): Subscription<Hash> {
    return subscribe<Hash>(this.chainId, "newPendingTransactions", null, this.#with(options));
  }

  #with(options: SubscribeOptions): SubscribeOptions {
    return { timeout: this.#options.timeout, ...options };
  }

  /** Providers are others' programs: what is not of the form that was asked for is an error, not a value. */
  async #ask<T>(
    method: string,
    params: readonly unknown[],
    isForm: (told: unknown) => boolean,
  ): Promise<T> {
    const told = await this.request({ method, params });
    if (isForm(told)) return told as T;
    throw new EthError("RpcMalformedResponse", method, shownAnswer(told));
  }

  async #found<T>(method: string, params: readonly unknown[]): Promise<T | undefined> {
    return (await this.#ask<T | null>(method, params, isRecordOrNull)) ?? undefined;
  }

  async #quantity(method: string, params: readonly unknown[] = []): Promise<bigint> {
    const told = await this.request({ method, params });
    if (typeof told === "string" && /^0x[0-9a-fA-F]+$/.test(told)) return BigInt(told);
    throw new EthError("RpcMalformedResponse", method, "the answer is no number");
  }
}

/** A client of one chain, through the providers of the node. Nothing is connected to before it is used. */
export function createProvider(chainId: U64, options: ProviderOptions = {}): EthProvider {
  return new EthProvider(chainId, options);
}

const QUANTITIES = [
  "value",
  "gas",
  "gasPrice",
  "maxFeePerGas",
  "maxPriorityFeePerGas",
  "nonce",
] as const;

function callOf(transaction: CallRequest): Record<string, unknown> {
  const call: Record<string, unknown> = { ...transaction };
  for (const name of QUANTITIES) {
    const value = transaction[name];
    if (value !== undefined) call[name] = toQuantity(value);
  }
  return call;
}

function filterOf({ fromBlock, toBlock: last, ...rest }: LogFilter): Record<string, unknown> {
  return {
    ...rest,
    ...(fromBlock === undefined ? {} : { fromBlock: toBlock(fromBlock) }),
    ...(last === undefined ? {} : { toBlock: toBlock(last) }),
  };
}

function hexOf(bytes: Uint8Array): Hex {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

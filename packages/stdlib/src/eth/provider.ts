/**
 * Client of `eth:distro:sys`: reading a chain, following it, sending signed transactions.
 * Every function rejects with an `EthError`. The manifest must grant messaging to `eth:distro:sys`, or answers do not arrive.
 * Source: spec/packages-and-tools.md §25.9.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import type { Duration } from "../duration.ts";
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

export interface ProviderOptions {
  /** How long one request may take. Default 60 s. */
  readonly timeout?: Duration | undefined;
}

/** A request as EIP-1193 has it. */
export interface RequestArguments {
  readonly method: string;
  readonly params?: unknown;
}

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

  async getChainId(): Promise<number> {
    return Number(await this.#quantity("eth_chainId"));
  }

  getBlockNumber(): Promise<bigint> {
    return this.#quantity("eth_blockNumber");
  }

  getGasPrice(): Promise<bigint> {
    return this.#quantity("eth_gasPrice");
  }

  /** Accounts that the provider itself holds keys of. */
  getAccounts(): Promise<Address[]> {
    return this.#ask("eth_accounts");
  }

  /** In wei. */
  getBalance(address: Address, block: Block = "latest"): Promise<bigint> {
    return this.#quantity("eth_getBalance", [address, toBlock(block)]);
  }

  /** The next nonce of an account. */
  async getTransactionCount(address: Address, block: Block = "latest"): Promise<number> {
    return Number(await this.#quantity("eth_getTransactionCount", [address, toBlock(block)]));
  }

  getCode(address: Address, block: Block = "latest"): Promise<Hex> {
    return this.#ask("eth_getCode", [address, toBlock(block)]);
  }

  getStorageAt(address: Address, slot: bigint | Hex, block: Block = "latest"): Promise<Hex> {
    return this.#ask("eth_getStorageAt", [address, toQuantity(slot), toBlock(block)]);
  }

  /** `undefined`: there is none. With `full` its transactions instead of their hashes. */
  async getBlockByHash(hash: Hash, full = false): Promise<RpcBlock | undefined> {
    return (await this.#ask<RpcBlock | null>("eth_getBlockByHash", [hash, full])) ?? undefined;
  }

  async getBlockByNumber(block: Block, full = false): Promise<RpcBlock | undefined> {
    const params = [toBlock(block), full];
    return (await this.#ask<RpcBlock | null>("eth_getBlockByNumber", params)) ?? undefined;
  }

  async getTransactionByHash(hash: Hash): Promise<RpcTransaction | undefined> {
    return (
      (await this.#ask<RpcTransaction | null>("eth_getTransactionByHash", [hash])) ?? undefined
    );
  }

  /** `undefined` also while the transaction waits. */
  async getTransactionReceipt(hash: Hash): Promise<RpcTransactionReceipt | undefined> {
    const method = "eth_getTransactionReceipt";
    return (await this.#ask<RpcTransactionReceipt | null>(method, [hash])) ?? undefined;
  }

  getLogs(filter: LogFilter): Promise<RpcLog[]> {
    return this.#ask("eth_getLogs", [filterOf(filter)]);
  }

  /** What a call would return. Rejects with the code `RpcError` when it reverts; `error.rpc.data` says how. */
  call(transaction: CallRequest, block: Block = "latest"): Promise<Hex> {
    return this.#ask("eth_call", [callOf(transaction), toBlock(block)]);
  }

  estimateGas(transaction: CallRequest, block?: Block): Promise<bigint> {
    const call = callOf(transaction);
    return this.#quantity("eth_estimateGas", block === undefined ? [call] : [call, toBlock(block)]);
  }

  async getFeeHistory(
    blockCount: number,
    newest: Block = "latest",
    percentiles: readonly number[] = [],
  ): Promise<FeeHistory> {
    const params = [toQuantity(blockCount), toBlock(newest), percentiles];
    const told = await this.#ask<{
      oldestBlock: Hex;
      baseFeePerGas?: Hex[];
      gasUsedRatio?: number[];
      reward?: Hex[][];
    }>("eth_feeHistory", params);
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
    return this.#ask("eth_sendRawTransaction", [text]);
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

  #ask<T>(method: string, params: readonly unknown[] = []): Promise<T> {
    return this.request<T>({ method, params });
  }

  async #quantity(method: string, params: readonly unknown[] = []): Promise<bigint> {
    const told = await this.#ask<unknown>(method, params);
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

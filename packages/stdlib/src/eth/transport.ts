/**
 * A transport for viem: its clients work on top of the node's providers. Nothing of viem is imported here; types fit.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { EthError } from "./eth-error.ts";
import { createProvider, type ProviderOptions, type RequestArguments } from "./provider.ts";
import { subscribe, type SubscriptionKind } from "./subscription.ts";

/** What viem calls an error of JSON-RPC: clients look at its `code` and `data`. */
export class ProviderRpcError extends Error {
  override name = "ProviderRpcError";
  readonly code: number;
  readonly data?: unknown;
  /** What viem shows. */
  readonly details: string;
  constructor(error: EthError) {
    super(error.message, { cause: error });
    this.code = error.rpc?.code ?? CODES[error.code] ?? INTERNAL;
    this.details = error.rpc?.message ?? error.message;
    if (error.rpc?.data !== undefined) this.data = error.rpc.data;
  }
}

const INTERNAL = -32_603;
const CODES: Readonly<Partial<Record<string, number>>> = {
  InvalidMethod: -32_601,
  InvalidParams: -32_602,
  PermissionDenied: 4_100,
  NoRpcForChain: 4_901,
};

/** What viem's `subscribe` of a web socket transport takes. */
export interface TransportSubscribe {
  readonly params: readonly unknown[];
  readonly onData: (data: { readonly result: unknown }) => void;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Options of `kinodeTransport`; `key` and `name` are what viem shows. */
export interface KinodeTransportOptions extends ProviderOptions {
  readonly key?: string;
  readonly name?: string;
}

/** Gives whatever the method gives. */
export type RequestFunction = <T>(args: RequestArguments) => Promise<T>;

/** The shape of viem's `Transport`. */
export type KinodeTransport = (options: object) => {
  config: {
    key: string;
    name: string;
    request: RequestFunction;
    retryCount: number;
    retryDelay: number;
    timeout: number | undefined;
    type: "kinode";
  };
  request: RequestFunction;
  value: {
    subscribe(
      options: TransportSubscribe,
    ): Promise<{ subscriptionId: Hex; unsubscribe: () => Promise<unknown> }>;
  };
};

type Hex = `0x${string}`;

/**
 * `createPublicClient({ transport: kinodeTransport(8453) })`. The node retries and chooses providers, so viem does not.
 * Watching polls, or follows a subscription with `poll: false`.
 */
export function kinodeTransport(
  chainId: U64,
  options: KinodeTransportOptions = {},
): KinodeTransport {
  const { key = "kinode", name = "Kinode", timeout } = options;
  const provider = createProvider(chainId, { timeout });
  const request = async <T>(args: RequestArguments): Promise<T> => {
    try {
      return await provider.request<T>(args);
    } catch (thrown) {
      throw thrown instanceof EthError ? new ProviderRpcError(thrown) : thrown;
    }
  };
  return () => ({
    config: {
      key,
      name,
      request,
      retryCount: 0,
      retryDelay: 0,
      timeout: undefined,
      type: "kinode",
    },
    request,
    value: { subscribe: (wanted) => follow(chainId, wanted, options) },
  });
}

let lastSubscription = 0;

async function follow(
  chainId: U64,
  { params, onData, onError }: TransportSubscribe,
  options: ProviderOptions,
): Promise<{ subscriptionId: Hex; unsubscribe: () => Promise<unknown> }> {
  const [kind, filter = null] = params as [SubscriptionKind, unknown];
  const items = subscribe<unknown>(chainId, kind, filter, options);
  await items.started;
  void (async () => {
    try {
      for await (const result of items) onData({ result });
    } catch (thrown) {
      onError?.(thrown);
    }
  })();
  return {
    subscriptionId: `0x${(++lastSubscription).toString(16)}`,
    unsubscribe: () => items.stop(),
  };
}

/**
 * Chains, through the providers of the node.
 * @module
 */
export {
  type AccessSettings,
  ethConfig,
  type EthState,
  type KnsUpdate,
  type ProviderConfig,
  type RpcAuth,
} from "./configuration.ts";
export { EthError, type EthErrorCode, type RpcErrorObject } from "./eth-error.ts";
export {
  createProvider,
  EthProvider,
  type ProviderOptions,
  type RequestArguments,
} from "./provider.ts";
export type {
  Address,
  Block,
  BlockTag,
  CallRequest,
  FeeHistory,
  Hash,
  Hex,
  LogFilter,
  RpcBlock,
  RpcBlockHeader,
  RpcLog,
  RpcTransaction,
  RpcTransactionReceipt,
} from "./rpc-types.ts";
export {
  readSubscriptionUpdate,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionKind,
  type SubscriptionUpdate,
} from "./subscription.ts";
export {
  type KinodeTransport,
  kinodeTransport,
  type KinodeTransportOptions,
  ProviderRpcError,
  type RequestFunction,
  type TransportSubscribe,
} from "./transport.ts";

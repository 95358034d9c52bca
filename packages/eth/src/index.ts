/**
 * The eth runtime module: calls and subscriptions through the providers of a node.
 * @module
 */
export { DEFAULT_PROVIDERS } from "./defaults.ts";
export { createEth, type EthOptions } from "./eth-module.ts";
export { DEFAULT_ETH_LIMITS, type EthLimits } from "./limits.ts";
export { ALLOWED_METHODS } from "./methods.ts";
export type {
  NodeRecord,
  ProviderConfig,
  ProviderPlace,
  RpcAuth,
} from "./providers/provider-config.ts";
export type {
  HeaderList,
  RpcExchange,
  RpcReply,
  RpcSocket,
  RpcSocketEvents,
  RpcTransport,
} from "./rpc/transport.ts";
export {
  ACCESS_FILE,
  PROVIDERS_FILE,
  type SettingsFileName,
  type SettingsFiles,
} from "./settings-files.ts";

/**
 * The methods that may be called.
 * Source: spec/network-identity.md §5.1.
 * @module
 */

/** The documented list, and the two that we may add to it (the last ones). */
export const ALLOWED_METHODS: ReadonlySet<string> = new Set([
  "eth_getBalance",
  "eth_sendRawTransaction",
  "eth_call",
  "eth_chainId",
  "eth_getTransactionReceipt",
  "eth_getTransactionCount",
  "eth_estimateGas",
  "eth_blockNumber",
  "eth_getBlockByHash",
  "eth_getBlockByNumber",
  "eth_getTransactionByHash",
  "eth_getCode",
  "eth_getStorageAt",
  "eth_gasPrice",
  "eth_accounts",
  "eth_hashrate",
  "eth_getLogs",
  "eth_subscribe",
  "eth_unsubscribe",
  "eth_feeHistory",
  "net_version",
]);

/** It changes the chain: an answer to it is never given from memory. */
export const RAW_TRANSACTION = "eth_sendRawTransaction";

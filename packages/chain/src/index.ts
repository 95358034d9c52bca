/**
 * A local chain with the name registry, for simulations and tests.
 * @module
 */
export {
  type Chain,
  type ChainOptions,
  DEFAULT_CHAIN_PORT,
  findAnvil,
  startChain,
} from "./anvil-bun.ts";
export { ChainError, type ChainFault } from "./errors.ts";
export { FIRST_ACCOUNT, placeContracts, type PlaceOptions } from "./place-contracts.ts";
export { type Receipt, type Rpc, sendTransaction, type Transaction } from "./rpc.ts";
export { httpRpc } from "./rpc-bun.ts";

/**
 * Which chain and which contracts: everything that differs between registries, in one record.
 * Source: spec/network-identity.md §0, §3.1, §3.8.
 * @module
 */
import type { ChainAddress } from "./hex.ts";

export interface RegistryConfig {
  readonly chainId: number;
  readonly registry: ChainAddress;
  /** Code that the accounts of new names run. */
  readonly accountImplementation: ChainAddress;
  /** The account of `os`, which mints names below it. */
  readonly osAccount: ChainAddress;
  /** The account that mints below any other zone, where there is one for them all. */
  readonly zoneAccount: ChainAddress | undefined;
  readonly multicall: ChainAddress;
  /** Name in the domain of typed signatures. */
  readonly domainName: string;
  /** Before this block the registry has no logs. */
  readonly firstBlock: number;
  /** Names that a chain may hold without logs that say so. */
  readonly namesWithoutLogs: readonly string[];
}

/** Where names are: Base, since version 1.0.0. */
export const KIMAP: RegistryConfig = {
  chainId: 8453,
  registry: "0x000000000033e5CCbC52Ec7BDa87dB768f9aA93F",
  accountImplementation: "0x000000000012d439e33aAD99149d52A5c6f980Dc",
  osAccount: "0x091684B4C62DE83b864Db9591600f3751C2025c4",
  zoneAccount: undefined,
  multicall: "0xcA11bde05977b3631167028862bE2a173976CA11",
  domainName: "Kimap",
  firstBlock: 25_346_377,
  namesWithoutLogs: [],
};

/** The chain of the simulation mode, on this machine. */
export const LOCAL_KIMAP: RegistryConfig = {
  ...KIMAP,
  chainId: 31_337,
  osAccount: "0xbE46837617f8304Aa5E6d0aE62B74340251f48Bf",
  zoneAccount: "0xcc3A576b8cE5340f5CE23d0DDAf133C0822C3B6d",
  firstBlock: 1,
  namesWithoutLogs: ["os", "dev"],
};

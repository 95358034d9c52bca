/**
 * Client of the name registry.
 * Source: spec/packages-and-tools.md §25.9, spec/network-identity.md §3.3.
 * @module
 */
import {
  type ChainAddress,
  decodeEntry,
  encodeGet,
  factFilter,
  type Hex,
  KIMAP,
  type LogFilter,
  mintFilter,
  nameHash,
  noteFilter,
  readHex,
  type RegistryConfig,
  toHex,
  ZERO_ADDRESS,
} from "@kinode-ts/kimap";
import { createProvider, type EthProvider } from "../eth/provider.ts";
import { KimapError } from "./kimap-error.ts";

/** An entry of the registry. */
export interface KimapEntry {
  /** The account that the name itself is; zero for notes and facts. */
  readonly tba: ChainAddress;
  /** Who owns the name; zero for notes and facts. */
  readonly owner: ChainAddress;
  /** Of a note or fact; `undefined` when it holds nothing. */
  readonly data: Uint8Array | undefined;
}

/** Which registry, and through which provider. */
export interface KimapOptions {
  /** Default: through the node's providers of the registry's chain. */
  readonly provider?: EthProvider | undefined;
  /** Another registry with the same interface. */
  readonly config?: RegistryConfig | undefined;
}

/** `token()` of an account of a name: chain, contract, and the hash of the name. */
const TOKEN_CALL: Hex = "0xfc0c546a";

/** Reads the name registry. Every function rejects with an `EthError` or a `KimapError`. */
export class Kimap {
  readonly provider: EthProvider;
  readonly config: RegistryConfig;

  constructor(options: KimapOptions = {}) {
    this.config = options.config ?? KIMAP;
    this.provider = options.provider ?? createProvider(this.config.chainId);
  }

  /** Of the registry's contract. */
  get address(): ChainAddress {
    return this.config.registry;
  }

  /** An entry by its name, such as `alice.os` or `~ip.alice.os`; of one that is not there everything is zero. */
  get(path: string): Promise<KimapEntry> {
    return this.getHash(nameHash(path));
  }

  /** The same by the hash of its name. */
  async getHash(hash: Hex): Promise<KimapEntry> {
    const result = await this.provider.call({ to: this.address, data: encodeGet(hash) });
    const entry = decodeEntry(result);
    if (entry === undefined) {
      throw new KimapError("DecodeError", `the contract at ${this.address} is no registry`);
    }
    const { account: tba, owner, data } = entry;
    return { tba, owner, data: data.length === 0 ? undefined : data };
  }

  /** The hash of the name that an account belongs to. */
  async getNamehashFromTba(tba: ChainAddress): Promise<Hex> {
    const bytes = readHex(await this.provider.call({ to: tba, data: TOKEN_CALL }));
    if (bytes?.length !== 96) {
      throw new KimapError("DecodeError", `${tba} is no account of a name`);
    }
    return toHex(bytes.slice(64));
  }

  /** Whether somebody has the name. */
  async isTaken(name: string): Promise<boolean> {
    return (await this.get(name)).owner !== ZERO_ADDRESS;
  }

  /** Names that are minted, of all or below one. */
  mintFilter(parent?: string): LogFilter {
    return mintFilter(this.config, parent === undefined ? undefined : nameHash(parent));
  }

  /** All notes. */
  noteFilter(): LogFilter {
    return noteFilter(this.config);
  }

  /** All facts. */
  factFilter(): LogFilter {
    return factFilter(this.config);
  }

  /** Notes with one of these labels, `~` included. */
  notesFilter(labels: readonly string[]): LogFilter {
    return noteFilter(this.config, labels);
  }

  /** Facts with one of these labels, `!` included. */
  factsFilter(labels: readonly string[]): LogFilter {
    return factFilter(this.config, labels);
  }
}

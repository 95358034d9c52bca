/**
 * The wallet in the browser (EIP-1193): who the person is on chain, and what they sign.
 * @module
 */
import {
  type ChainAddress,
  decodeEntry,
  encodeGet,
  type Entry,
  type Hex,
  nameHash,
  readHex,
  type RegistryConfig,
  REVERTS,
  toHex,
  toQuantity,
} from "@kinode-ts/kimap";

interface WalletProvider {
  request(call: {
    readonly method: string;
    readonly params?: readonly unknown[];
  }): Promise<unknown>;
}

const RECEIPT_POLL_MS = 1_000;
const RECEIPT_POLLS = 180;
/** Gas that minting with its notes needs at most (spec §3.5). */
const GAS_LIMIT = 1_000_000;

export const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** What a person without a wallet is told. */
export const NO_WALLET =
  "This browser has no wallet. Install one, for example as an extension, and reload.";

const injected = (): WalletProvider | undefined =>
  (globalThis as { readonly ethereum?: WalletProvider }).ethereum;

/** Whether a wallet is in this page, as far as can be seen now. */
export function hasWallet(): boolean {
  return injected() !== undefined;
}

function provider(): WalletProvider {
  const found = injected();
  if (found === undefined) throw new Error(NO_WALLET);
  return found;
}

/** The registry's reason in a wallet's error, in words where there are some. */
function reasonOf(thrown: unknown): string {
  const { message = String(thrown), data } = thrown as { message?: string; data?: unknown };
  const revert = typeof data === "string" ? data : /0x[0-9a-f]{8,}/.exec(message)?.[0];
  return (revert && REVERTS[revert.slice(0, 10) as Hex]) ?? message;
}

export interface BootStatement {
  readonly username: string;
  readonly password_hash: Hex;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly direct: boolean;
  readonly reset: boolean;
}

export class Wallet {
  readonly address: ChainAddress;
  readonly #config: RegistryConfig;

  private constructor(address: ChainAddress, config: RegistryConfig) {
    this.address = address;
    this.#config = config;
  }

  /** Asks the person for an account, and for the registry's chain. */
  static async connect(config: RegistryConfig): Promise<Wallet> {
    const accounts = await provider().request({ method: "eth_requestAccounts" });
    const [address] = Array.isArray(accounts) ? (accounts as unknown[]) : [];
    if (readHex(address)?.length !== 20) throw new Error("The wallet gave no account");
    const chainId = toQuantity(config.chainId);
    if ((await provider().request({ method: "eth_chainId" })) !== chainId) {
      await provider().request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
    }
    return new Wallet(address as ChainAddress, config);
  }

  async entry(name: string): Promise<Entry> {
    const call = { to: this.#config.registry, data: encodeGet(nameHash(name)) };
    const entry = decodeEntry(
      await provider().request({ method: "eth_call", params: [call, "latest"] }),
    );
    if (entry === undefined) throw new Error("The registry gave an answer that is none");
    return entry;
  }

  /** Whether the chain would take this call of ours now. */
  async wouldSucceed(to: ChainAddress, data: Uint8Array): Promise<boolean> {
    const call = { from: this.address, to, data: toHex(data) };
    return await provider()
      .request({ method: "eth_call", params: [call, "latest"] })
      .then(
        () => true,
        () => false,
      );
  }

  /** Sends a transaction and waits until it is in a block. */
  async send(to: ChainAddress, data: Uint8Array): Promise<void> {
    const transaction = { from: this.address, to, data: toHex(data), gas: toQuantity(GAS_LIMIT) };
    let hash: unknown;
    try {
      hash = await provider().request({ method: "eth_sendTransaction", params: [transaction] });
    } catch (thrown) {
      throw new Error(`The transaction was not sent: ${reasonOf(thrown)}`, { cause: thrown });
    }
    for (let poll = 0; poll < RECEIPT_POLLS; poll++) {
      const receipt = (await provider().request({
        method: "eth_getTransactionReceipt",
        params: [hash],
      })) as { readonly status?: unknown } | null;
      if (receipt?.status === "0x1") return;
      if (receipt !== null) throw new Error("The chain refused the transaction");
      await wait(RECEIPT_POLL_MS);
    }
    throw new Error("The transaction was sent, and no block took it within three minutes");
  }

  /** The signature that shows the node who owns its name (spec §4.5). */
  async signBoot(statement: BootStatement): Promise<string> {
    const { chainId, registry, domainName } = this.#config;
    const field = (name: string, type: string) => ({ name, type });
    const typed = {
      types: {
        EIP712Domain: [
          field("name", "string"),
          field("version", "string"),
          field("chainId", "uint256"),
          field("verifyingContract", "address"),
        ],
        Boot: [
          field("username", "string"),
          field("password_hash", "bytes32"),
          field("timestamp", "uint256"),
          field("direct", "bool"),
          field("reset", "bool"),
          field("chain_id", "uint256"),
        ],
      },
      domain: { name: domainName, version: "1", chainId, verifyingContract: registry },
      primaryType: "Boot",
      message: { ...statement, chain_id: chainId },
    };
    const signature = await provider().request({
      method: "eth_signTypedData_v4",
      params: [this.address, JSON.stringify(typed)],
    });
    if (typeof signature !== "string") throw new Error("The wallet gave no signature");
    return signature;
  }
}

/**
 * Talking to a chain, and the one transaction this package needs.
 * @module
 */
import { type ChainAddress, type Hex, toHex, toQuantity } from "@kinode-ts/kimap";
import { ChainError } from "./errors.ts";

/** One call of JSON-RPC. @throws {ChainError} `chain.refused`, `chain.unreachable` */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

export interface Transaction {
  /** An account whose key the chain holds. */
  readonly from: ChainAddress;
  readonly to: ChainAddress;
  readonly data?: Uint8Array | undefined;
  readonly value?: number | undefined;
  /** Default: what the chain estimates. */
  readonly gas?: number | undefined;
}

export interface Receipt {
  readonly blockNumber: Hex;
  readonly transactionHash: Hex;
  readonly logs: readonly { address: Hex; topics: Hex[]; data: Hex }[];
}

const GWEI = 1_000_000_000;

/** Sends and waits until it is in a block, as a transaction of EIP-1559. @throws {ChainError} also when it reverts */
export async function sendTransaction(
  rpc: Rpc,
  { from, to, data = new Uint8Array(), value = 0, gas }: Transaction,
): Promise<Receipt> {
  const transaction = {
    type: "0x2",
    from,
    to,
    data: toHex(data),
    value: toQuantity(value),
    ...(gas === undefined ? {} : { gas: toQuantity(gas) }),
    maxPriorityFeePerGas: toQuantity(200 * GWEI),
    maxFeePerGas: toQuantity(300 * GWEI),
  };
  const hash = await rpc("eth_sendTransaction", [transaction]);
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- local chains mine at once; the first look is nearly always enough
    const receipt = (await rpc("eth_getTransactionReceipt", [hash])) as
      (Receipt & { status: Hex }) | null;
    if (receipt === null) continue;
    if (receipt.status === "0x1") return receipt;
    throw new ChainError({
      code: "chain.refused",
      method: "the transaction",
      why: `it reverts (${String(hash)})`,
    });
  }
}

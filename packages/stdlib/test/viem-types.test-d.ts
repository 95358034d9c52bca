/**
 * What the eth and kimap clients give fits what viem takes. Checked by the compiler; nothing here runs.
 */
import {
  type Abi,
  createPublicClient,
  custom,
  type RpcLog as ViemRpcLog,
  type RpcTransactionReceipt as ViemRpcTransactionReceipt,
  type Transport,
} from "viem";
import {
  createProvider,
  kinodeTransport,
  type RpcLog,
  type RpcTransactionReceipt,
} from "../src/eth/index.ts";
import { kimapAbi } from "../src/kimap/index.ts";

type Fits<A, B> = A extends B ? true : never;
type Shared = "blockHash" | "from" | "gasUsed" | "logs" | "status" | "to" | "transactionHash";

export const transport: Transport = kinodeTransport(8453);
export const log: Fits<ViemRpcLog, RpcLog> = true;
export const logBack: Fits<RpcLog, ViemRpcLog> = true;
export const receipt: Fits<
  Pick<ViemRpcTransactionReceipt, Shared>,
  Pick<RpcTransactionReceipt, Shared>
> = true;
export const abi: Abi = kimapAbi;

/** Names and types of the ABI are known to viem, on either way below a client. */
export async function get(): Promise<`0x${string}`[]> {
  const client = createPublicClient({ transport: kinodeTransport(8453) });
  const wrapped = createPublicClient({ transport: custom(createProvider(8453)) });
  const call = {
    address: "0x000000000033e5CCbC52Ec7BDa87dB768f9aA93F",
    abi: kimapAbi,
    functionName: "get",
    args: [`0x${"0".repeat(64)}`],
  } as const;
  const [tba] = await client.readContract(call);
  const [, owner] = await wrapped.readContract(call);
  return [tba, owner];
}

/**
 * What the indexer asks of `eth:distro:sys`.
 * Source: spec/network-identity.md §5.1.
 * @module
 */
import type { LogFilter } from "@kinode-ts/kimap";
import { readQuantity, toQuantity } from "@kinode-ts/kimap";
import { parseJson, request, SendError } from "@kinode-ts/stdlib";

const ETH = "our@eth:distro:sys";
/** Source: spec/network-identity.md §3.6, step 2. */
const TIMEOUT_S = 60;

/** `none`: nobody to ask. `refused`: a provider is there and would not, perhaps because too much was asked. */
export type EthFailure = "none" | "refused";

export class EthError extends Error {
  override name = "EthError";
  readonly kind: EthFailure;

  constructor(kind: EthFailure, message: string) {
    super(message);
    this.kind = kind;
  }
}

async function ask(action: object, seconds: number): Promise<unknown> {
  try {
    const response = await request(ETH, action, { timeout: seconds * 1_000 });
    return parseJson(response.text());
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    // Too slow may be too much; no module at all is nobody.
    throw new EthError(thrown instanceof SendError ? "none" : "refused", why);
  }
}

function failure(answer: unknown, what: string): EthError {
  if (typeof answer !== "object" || answer === null || !("Err" in answer)) {
    return new EthError("refused", `${what}: the answer is none`);
  }
  const isNobody = answer.Err === "NoRpcForChain" || answer.Err === "PermissionDenied";
  const text = JSON.stringify(answer.Err) ?? "";
  return new EthError(isNobody ? "none" : "refused", `${what}: ${text.slice(0, 300)}`);
}

export interface EthClient {
  /** The same with less patience. */
  within(seconds: number): EthClient;
  call(method: string, params: readonly unknown[]): Promise<unknown>;
  blockNumber(): Promise<number>;
  /** `undefined`: there is no such block, or not yet. */
  blockHash(block: number): Promise<string | undefined>;
  logs(filter: LogFilter, from: number, to: number): Promise<readonly unknown[]>;
  subscribe(id: number, filter: LogFilter): Promise<void>;
  /** Lets providers forget a subscription; failures do not matter. */
  unsubscribe(id: number): Promise<void>;
}

export function createEthClient(chainId: number, seconds: number = TIMEOUT_S): EthClient {
  const call = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const answer = await ask({ Request: { chain_id: chainId, method, params } }, seconds);
    if (typeof answer === "object" && answer !== null && "Response" in answer) {
      return answer.Response;
    }
    throw failure(answer, method);
  };
  return {
    within: (fewer) => createEthClient(chainId, fewer),
    call,
    async blockNumber() {
      const block = readQuantity(await call("eth_blockNumber", []));
      if (block === undefined) throw new EthError("refused", "eth_blockNumber: it is no number");
      return block;
    },
    async blockHash(block) {
      const found = await call("eth_getBlockByNumber", [toQuantity(block), false]);
      if (typeof found !== "object" || found === null || !("hash" in found)) return undefined;
      return String(found.hash).toLowerCase();
    },
    async logs(filter, from, to) {
      const range = { fromBlock: toQuantity(from), toBlock: toQuantity(to) };
      const found = await call("eth_getLogs", [{ ...filter, ...range }]);
      if (Array.isArray(found)) return found;
      throw new EthError("refused", "eth_getLogs: it is no list");
    },
    async subscribe(id, filter) {
      const params = { chain_id: chainId, kind: "logs", params: filter };
      const answer = await ask({ SubscribeLogs: { sub_id: id, ...params } }, seconds);
      if (answer !== "Ok") throw failure(answer, "SubscribeLogs");
    },
    async unsubscribe(id) {
      await ask({ UnsubscribeLogs: id }, seconds).catch(() => undefined);
    },
  };
}

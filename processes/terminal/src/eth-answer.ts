/**
 * What the scripts about chains have in common: failures in words, providers as lines.
 * @module
 */
import { EthError, ethConfig, type ProviderConfig } from "@kinode-ts/stdlib/eth";
import { ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { MAX_ROW_LENGTH, oneRow } from "./shown-text.ts";

const WORDS: Readonly<Partial<Record<EthError["code"], string>>> = {
  NoRpcForChain:
    "no provider of that chain answers; add one with add-rpcurl-provider <chain id> <url>",
  RpcTimeout: "no provider of that chain answered in time",
  SendError: "this node has no eth module",
};

/** Runs what may fail with an `EthError`, and makes its text one for a person. */
export async function orFail<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    if (!(thrown instanceof EthError)) throw thrown;
    const text = WORDS[thrown.code] ?? thrown.rpc?.message ?? thrown.message;
    throw new ScriptFailure(oneRow(text, MAX_ROW_LENGTH));
  }
}

/** The number of a chain as it was typed. */
export function chainId(text: string, usage: string): number {
  const chain = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(chain)) return chain;
  throw new ScriptFailure(`"${text}" is no chain id\nusage: ${usage}`, { status: 2 });
}

/** The value of `--trusted`, which eth keeps and `get-providers` shows. */
export function trustedBy(text: string, usage: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new ScriptFailure(`--trusted takes true or false, not "${text}"\nusage: ${usage}`, {
    status: 2,
  });
}

/** URL, or name of the node. */
export function providerName({ provider }: ProviderConfig): string {
  if ("Node" in provider) return provider.Node.kns_update.name;
  const { RpcUrl: url } = provider;
  return typeof url === "string" ? url : url.url;
}

/** One line for a provider. */
export function providerLine(config: ProviderConfig): string {
  const { provider, chain_id: chain, trusted } = config;
  const notes = [
    "Node" in provider ? "node" : "url",
    ...("Node" in provider && !provider.Node.use_as_provider ? ["not used"] : []),
    ...(trusted ? ["trusted"] : []),
  ];
  return `${chain}\t${oneRow(providerName(config))}\t${notes.join(", ")}`;
}

/** Adds one and says so. */
export async function addProvider(provider: ProviderConfig): Promise<string> {
  await orFail(ethConfig.addProvider(provider));
  return `added ${oneRow(providerName(provider))} for chain ${provider.chain_id}; it is tried first`;
}

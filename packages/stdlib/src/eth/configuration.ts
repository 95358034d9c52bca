/**
 * Configuration of the node's providers, for processes that hold the root capability of the eth module.
 * Source: spec/network-identity.md §5.3, spec/packages-and-tools.md §25.9.
 * @module
 */
import type { NodeId, U64 } from "@kinode-ts/types";
import { hasForm, isListOf, isRecord, isText, isU64, shownAnswer } from "../module-answer.ts";
import type { RequestOptions } from "../send.ts";
import { EthError, toEthError } from "./eth-error.ts";
import { ethRequest, payloadOf } from "./eth-wire.ts";

/** A node that provides a chain, as the name registry tells of it. */
export interface KnsUpdate {
  readonly name: NodeId;
  readonly public_key: string;
  readonly ips: readonly string[];
  readonly ports: Readonly<Record<string, number>>;
  readonly routers: readonly NodeId[];
}

/** How a server knows us: a password, a token, or a whole header. */
export type RpcAuth =
  { readonly Basic: string } | { readonly Bearer: string } | { readonly Raw: string };

/** As it is on the wire; nodes write a URL without credentials as text alone. */
export interface ProviderConfig {
  readonly chain_id: number;
  readonly trusted: boolean;
  readonly provider:
    | { readonly RpcUrl: string | { readonly url: string; readonly auth?: RpcAuth | null } }
    | { readonly Node: { readonly kns_update: KnsUpdate; readonly use_as_provider: boolean } };
}

/** Which nodes may use our providers. */
export interface AccessSettings {
  readonly public: boolean;
  readonly allow: readonly NodeId[];
  readonly deny: readonly NodeId[];
}

/** What the eth module is busy with. */
export interface EthState {
  /** By subscriber and its own id: the node that provides it, or null. */
  readonly active_subscriptions: Readonly<Record<string, Readonly<Record<string, NodeId | null>>>>;
  readonly outstanding_requests: readonly U64[];
}

async function change(action: unknown, what: string): Promise<void> {
  const answer = await ethRequest(toBody(action), what, OPTIONS);
  if (answer === "Ok") return;
  if (typeof answer === "string") throw toEthError(answer, what);
  throw new EthError("UnexpectedAnswer", what, JSON.stringify(answer) ?? "");
}

async function read<T>(
  action: string,
  name: string,
  isForm: (payload: unknown) => boolean,
  what: string,
): Promise<T> {
  const answer = await ethRequest(toBody(action), what, OPTIONS);
  const payload = payloadOf(answer, name, what);
  if (isForm(payload)) return payload as T;
  throw new EthError("UnexpectedAnswer", what, shownAnswer(answer));
}

const isProviders = isListOf(
  hasForm<Omit<ProviderConfig, "trusted">>({
    chain_id: (value): value is number => typeof value === "number",
    provider: (value): value is ProviderConfig["provider"] => isRecord(value),
  }),
);
const isAccess = hasForm<AccessSettings>({
  public: (value): value is boolean => typeof value === "boolean",
  allow: isListOf(isText),
  deny: isListOf(isText),
});
const isState = hasForm<EthState>({
  active_subscriptions: (value): value is EthState["active_subscriptions"] => isRecord(value),
  outstanding_requests: isListOf(isU64),
});

const OPTIONS: RequestOptions = { timeout: "5s" };
const toBody = (action: unknown): string => JSON.stringify(action);

/** Reads and changes which providers the node uses, and who may use them through it. */
export const ethConfig = {
  providers: (): Promise<readonly ProviderConfig[]> =>
    read("GetProviders", "Providers", isProviders, "the list of providers"),
  /** Puts it first; one with the same URL or name goes. */
  addProvider: (provider: ProviderConfig): Promise<void> =>
    change({ AddProvider: provider }, "adding a provider"),
  /** @param id - URL, or name of the node */
  removeProvider: (chainId: number, id: string): Promise<void> =>
    change({ RemoveProvider: [chainId, id] }, "removing a provider"),
  setProviders: (providers: readonly ProviderConfig[]): Promise<void> =>
    change({ SetProviders: providers }, "replacing the providers"),
  access: (): Promise<AccessSettings> =>
    read("GetAccessSettings", "AccessSettings", isAccess, "who may use the providers"),
  setPublic: (isPublic: boolean): Promise<void> =>
    change(isPublic ? "SetPublic" : "SetPrivate", "changing who may use the providers"),
  allowNode: (node: NodeId): Promise<void> => change({ AllowNode: node }, "allowing a node"),
  unallowNode: (node: NodeId): Promise<void> =>
    change({ UnallowNode: node }, "not allowing a node"),
  denyNode: (node: NodeId): Promise<void> => change({ DenyNode: node }, "denying a node"),
  undenyNode: (node: NodeId): Promise<void> => change({ UndenyNode: node }, "not denying a node"),
  state: (): Promise<EthState> => read("GetState", "State", isState, "the state of the eth module"),
} as const;

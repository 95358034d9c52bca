/**
 * What is asked of the module, as a closed union read from JSON.
 * Source: spec/network-identity.md §5.1, §5.3, §5.4: the kinds are tried in this order.
 * @module
 */
import { parseIntegerJson } from "@kinode-ts/codec/integer-json";
import type { NodeId, U64 } from "@kinode-ts/types";
import {
  checkedJson,
  elementsOf,
  type JsonBounds,
  membersOf,
  rawVariant,
  stringOf,
} from "./json/raw-json.ts";
import { type ProviderConfig, readProvider, readProviders } from "./providers/provider-config.ts";

export const SUBSCRIPTION_KINDS = [
  "newHeads",
  "logs",
  "newPendingTransactions",
  "syncing",
] as const;
export type SubscriptionKind = (typeof SUBSCRIPTION_KINDS)[number];

/** `params` are JSON texts here and below. */
export interface CallAction {
  readonly kind: "call";
  readonly chainId: U64;
  readonly method: string;
  readonly params: string;
}

export interface SubscribeAction {
  readonly kind: "subscribe";
  readonly subId: U64;
  readonly chainId: U64;
  readonly what: SubscriptionKind;
  readonly params: string;
}

export type ConfigAction =
  | { readonly kind: "add-provider"; readonly provider: ProviderConfig }
  | { readonly kind: "remove-provider"; readonly chainId: U64; readonly key: string }
  | { readonly kind: "set-public"; readonly isPublic: boolean }
  | {
      readonly kind: "list-node";
      readonly list: "allow" | "deny";
      readonly isIn: boolean;
      readonly node: NodeId;
    }
  | { readonly kind: "set-providers"; readonly providers: readonly ProviderConfig[] }
  | { readonly kind: "get-providers" | "get-access-settings" | "get-state" };

export type EthAction =
  | CallAction
  | SubscribeAction
  | { readonly kind: "unsubscribe"; readonly subId: U64 }
  | { readonly kind: "config"; readonly action: ConfigAction }
  /** An update of a subscription, from the node that provides it; `result` is a JSON text. */
  | { readonly kind: "update"; readonly subId: U64; readonly result: string }
  | { readonly kind: "update-error"; readonly subId: U64; readonly error: string }
  | { readonly kind: "keepalive"; readonly subId: U64 };

export interface ActionBounds extends JsonBounds {
  readonly maxProvidersCount: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text of a body that is JSON within the bounds. */
export function bodyText(body: Uint8Array, bounds: JsonBounds): string | undefined {
  try {
    return checkedJson(decoder.decode(body), bounds);
  } catch {
    return undefined;
  }
}

/** @returns `undefined` for what is no request of this module */
export function readAction(body: Uint8Array, bounds: ActionBounds): EthAction | undefined {
  const text = bodyText(body, bounds);
  if (text === undefined) return undefined;
  const keepalive = u64Of(text);
  if (keepalive !== undefined) return { kind: "keepalive", subId: keepalive };
  const [name, value] = rawVariant(text) ?? [];
  if (name === undefined || value === undefined) return undefined;
  return readEthAction(name, value) ?? readConfig(name, value, bounds) ?? readUpdate(name, value);
}

function readEthAction(name: string, value: string): EthAction | undefined {
  if (name === "UnsubscribeLogs") {
    const subId = u64Of(value);
    return subId === undefined ? undefined : { kind: "unsubscribe", subId };
  }
  const fields = membersOf(value);
  const chainId = u64Of(fields?.get("chain_id"));
  if (fields === undefined || chainId === undefined) return undefined;
  const params = fields.get("params") ?? "null";
  if (name === "Request") {
    const method = stringOf(fields.get("method"));
    if (method === undefined || !fields.has("params")) return undefined;
    return { kind: "call", chainId, method, params };
  }
  if (name !== "SubscribeLogs") return undefined;
  const subId = u64Of(fields.get("sub_id"));
  const what = SUBSCRIPTION_KINDS.find((kind) => kind === stringOf(fields.get("kind")));
  if (subId === undefined || what === undefined || !fields.has("params")) return undefined;
  return { kind: "subscribe", subId, chainId, what, params };
}

const LISTS = new Map<string, readonly ["allow" | "deny", boolean]>([
  ["AllowNode", ["allow", true]],
  ["UnallowNode", ["allow", false]],
  ["DenyNode", ["deny", true]],
  ["UndenyNode", ["deny", false]],
]);

function readConfig(name: string, value: string, bounds: ActionBounds): EthAction | undefined {
  const action = configAction(name, value, bounds);
  return action && { kind: "config", action };
}

function configAction(name: string, value: string, bounds: ActionBounds): ConfigAction | undefined {
  const list = LISTS.get(name);
  if (list !== undefined) {
    const node = stringOf(value);
    return node === undefined
      ? undefined
      : { kind: "list-node", list: list[0], isIn: list[1], node };
  }
  switch (name) {
    case "AddProvider": {
      const provider = readProvider(parseIntegerJson(value));
      return provider && { kind: "add-provider", provider };
    }
    case "RemoveProvider": {
      const [chain, key, more] = elementsOf(value) ?? [];
      const [chainId, text] = [u64Of(chain), stringOf(key)];
      if (chainId === undefined || text === undefined || more !== undefined) return undefined;
      return { kind: "remove-provider", chainId, key: text };
    }
    case "SetProviders": {
      const providers = readProviders(parseIntegerJson(value), bounds.maxProvidersCount);
      return providers && { kind: "set-providers", providers };
    }
    default:
      return value === "null" ? plainConfigAction(name) : undefined;
  }
}

function plainConfigAction(name: string): ConfigAction | undefined {
  switch (name) {
    case "SetPublic":
      return { kind: "set-public", isPublic: true };
    case "SetPrivate":
      return { kind: "set-public", isPublic: false };
    case "GetProviders":
      return { kind: "get-providers" };
    case "GetAccessSettings":
      return { kind: "get-access-settings" };
    case "GetState":
      return { kind: "get-state" };
    default:
      return undefined;
  }
}

function readUpdate(name: string, value: string): EthAction | undefined {
  const fields = membersOf(value);
  const subId = u64Of(fields?.get("id"));
  if (fields === undefined || subId === undefined) return undefined;
  if (name === "Ok") {
    const result = fields.get("result");
    return result === undefined ? undefined : { kind: "update", subId, result };
  }
  const error = stringOf(fields.get("error"));
  if (name !== "Err" || error === undefined) return undefined;
  return { kind: "update-error", subId, error };
}

const WHOLE = /^(0|[1-9]\d{0,19})$/;
const U64_END = 1n << 64n;

function u64Of(text: string | undefined): U64 | undefined {
  if (text === undefined || !WHOLE.test(text)) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  const exact = BigInt(text);
  return exact < U64_END ? exact : undefined;
}

/**
 * Providers as they are written in `.eth_providers` and in configuration requests.
 * Source: spec/network-identity.md §5.3.
 * @module
 */
import { parseIntegerJson } from "@kinode-ts/codec/integer-json";
import { isNameSafeNode, type NodeId } from "@kinode-ts/types";

export type RpcAuth =
  | { readonly kind: "Basic"; readonly text: string }
  | { readonly kind: "Bearer"; readonly text: string }
  | { readonly kind: "Raw"; readonly text: string };

/** How a node is reached, as the name service says it. */
export interface NodeRecord {
  readonly name: NodeId;
  /** Hex, with or without `0x`. */
  readonly publicKey: string;
  readonly ips: readonly string[];
  readonly ports: ReadonlyMap<string, number>;
  readonly routers: readonly NodeId[];
}

export type ProviderPlace =
  | { readonly kind: "url"; readonly url: string; readonly auth: RpcAuth | undefined }
  | { readonly kind: "node"; readonly record: NodeRecord; readonly isUsed: boolean };

export interface ProviderConfig {
  readonly chainId: number;
  readonly trusted: boolean;
  readonly place: ProviderPlace;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");
const isWhole = (value: unknown, max: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;

const AUTH_KINDS: readonly string[] = ["Basic", "Bearer", "Raw"];
const SCHEMES: readonly string[] = ["ws:", "wss:", "http:", "https:"];
const MAX_URL_LENGTH = 4_096;
const MAX_PORT = 65_535;
/** A header value without controls. */
const HEADER_TEXT = /^[\x20-\x7e]{1,4096}$/;

/** What tells one provider of a chain from another: URL or name of the node. */
export function providerKey({ place }: ProviderConfig): string {
  return place.kind === "url" ? place.url : place.record.name;
}

/** Reads one provider; `undefined` for what is none. Unknown fields do not matter. */
export function readProvider(json: unknown): ProviderConfig | undefined {
  if (!isFields(json) || !isFields(json["provider"])) return undefined;
  const { chain_id: chainId, trusted, provider } = json;
  if (!isWhole(chainId, Number.MAX_SAFE_INTEGER) || typeof trusted !== "boolean") return undefined;
  const variants = Object.entries(provider as Fields);
  const [variant] = variants;
  if (variant === undefined || variants.length !== 1) return undefined;
  const [name, value] = variant;
  const place = name === "RpcUrl" ? readUrl(value) : name === "Node" ? readNode(value) : undefined;
  return place && { chainId, trusted, place };
}

/** Reads a list; `undefined` when one of its elements is no provider, or there are more than `maxCount`. */
export function readProviders(json: unknown, maxCount: number): ProviderConfig[] | undefined {
  if (!Array.isArray(json) || json.length > maxCount) return undefined;
  const providers = json.map(readProvider);
  return providers.every((each) => each !== undefined) ? providers : undefined;
}

/** The same from the text of a file; `undefined` for what is no list of providers. */
export function parseProviders(text: string, maxCount: number): ProviderConfig[] | undefined {
  try {
    return readProviders(parseIntegerJson(text), maxCount);
  } catch {
    return undefined;
  }
}

/** Both forms: the text alone, and `{url, auth}`. */
function readUrl(json: unknown): ProviderPlace | undefined {
  const url = isFields(json) ? json["url"] : json;
  if (typeof url !== "string" || url.length > MAX_URL_LENGTH) return undefined;
  if (!SCHEMES.includes(URL.parse(url)?.protocol ?? "")) return undefined;
  const given = isFields(json) ? (json["auth"] ?? undefined) : undefined;
  if (given === undefined) return { kind: "url", url, auth: undefined };
  if (!isFields(given)) return undefined;
  const [variant, more] = Object.entries(given);
  if (variant === undefined || more !== undefined) return undefined;
  const [kind, text] = variant;
  if (!AUTH_KINDS.includes(kind) || typeof text !== "string") return undefined;
  if (!HEADER_TEXT.test(text)) return undefined;
  return { kind: "url", url, auth: { kind: kind as RpcAuth["kind"], text } };
}

function readNode(json: unknown): ProviderPlace | undefined {
  if (!isFields(json)) return undefined;
  const record = readRecord(json["kns_update"] ?? json["hns_update"]);
  const isUsed = json["use_as_provider"];
  if (record === undefined || typeof isUsed !== "boolean") return undefined;
  return { kind: "node", record, isUsed };
}

function readRecord(json: unknown): NodeRecord | undefined {
  if (!isFields(json)) return undefined;
  const { name, public_key: publicKey, ips, ports, routers } = json;
  if (typeof name !== "string" || !isNameSafeNode(name)) return undefined;
  if (typeof publicKey !== "string" || !isTexts(ips) || !isTexts(routers)) return undefined;
  if (!isFields(ports)) return undefined;
  const entries = Object.entries(ports);
  const isPorts = (list: [string, unknown][]): list is [string, number][] =>
    list.every(([, port]) => isWhole(port, MAX_PORT));
  return isPorts(entries) ? { name, publicKey, ips, ports: new Map(entries), routers } : undefined;
}

/** The JSON value of a provider; a URL without credentials in the form that every version reads. */
export function providerJson({ chainId, trusted, place }: ProviderConfig): unknown {
  return { chain_id: chainId, trusted, provider: placeJson(place) };
}

function placeJson(place: ProviderPlace): unknown {
  if (place.kind === "url") {
    const { url, auth } = place;
    return { RpcUrl: auth === undefined ? url : { url, auth: { [auth.kind]: auth.text } } };
  }
  const { name, publicKey, ips, ports, routers } = place.record;
  return {
    Node: {
      use_as_provider: place.isUsed,
      kns_update: {
        name,
        public_key: publicKey,
        ips,
        ports: Object.fromEntries([...ports].sort(([a], [b]) => (a < b ? -1 : 1))),
        routers,
      },
    },
  };
}

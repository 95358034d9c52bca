/**
 * The providers of this node in the order they are tried, and the servers behind their URLs.
 * Source: spec/network-identity.md §5.2, §5.3.
 * @module
 */
import type { NodeId, U64 } from "@kinode-ts/types";
import { Endpoint, type EndpointPowers } from "./endpoint.ts";
import { type ProviderConfig, providerKey } from "./provider-config.ts";

interface Entry {
  readonly config: ProviderConfig;
  /** Of a URL. */
  readonly endpoint: Endpoint | undefined;
}

export class ProviderBook {
  readonly #powers: EndpointPowers;
  #entries: Entry[] = [];

  constructor(powers: EndpointPowers) {
    this.#powers = powers;
  }

  get configs(): readonly ProviderConfig[] {
    return this.#entries.map(({ config }) => config);
  }

  /** Puts others in the place of all; those that stay keep their connections. */
  set(configs: readonly ProviderConfig[]): void {
    const old = this.#entries;
    const seen = new Set<string>();
    const kept = configs.filter((config) => {
      const id = `${config.chainId} ${providerKey(config)}`;
      return !seen.has(id) && seen.add(id);
    });
    this.#entries = kept.map((config) => {
      const same = old.find(({ config: each }) => isSameServer(each, config));
      return { config, endpoint: same?.endpoint ?? this.#endpointOf(config) };
    });
    const used = new Set(this.#entries.map(({ endpoint }) => endpoint));
    for (const { endpoint } of old) if (!used.has(endpoint)) endpoint?.close();
  }

  /** Puts one first; one with the same chain and URL or name goes. */
  add(config: ProviderConfig): void {
    const others = this.configs.filter(
      (each) => each.chainId !== config.chainId || providerKey(each) !== providerKey(config),
    );
    this.set([config, ...others]);
  }

  /** Whether there was one. */
  remove(chainId: U64, key: string): boolean {
    const before = this.configs;
    const left = before.filter((each) => each.chainId !== chainId || providerKey(each) !== key);
    this.set(left);
    return left.length < before.length;
  }

  /** Servers of a chain: those that failed lately last, those that must not be asked for a method not at all. */
  endpoints(chainId: U64, method: string): readonly Endpoint[] {
    const all = this.#all(chainId).filter(({ health }) => health.mayServe(method));
    const isCooling = all.map(({ health }) => health.isCooling);
    return [...all.filter((_each, i) => !isCooling[i]), ...all.filter((_each, i) => isCooling[i])];
  }

  /** Whether subscriptions of the chain have to be made of looks: it has servers, and none can push. */
  mustPoll(chainId: U64): boolean {
    const all = this.#all(chainId);
    return all.length > 0 && !all.some(({ canPush }) => canPush);
  }

  /** An error that a server of the chain refused with lately; of those that are left out now. */
  refusal(chainId: U64, method: string): string | undefined {
    return this.#all(chainId).find(
      ({ health }) => !health.mayServe(method) && health.refusal !== undefined,
    )?.health.refusal;
  }

  /** Nodes of a chain that are to be asked, but for one. */
  nodes(chainId: U64, except: NodeId): readonly NodeId[] {
    return this.configs.flatMap(({ chainId: chain, place }) =>
      chain === chainId && place.kind === "node" && place.isUsed && place.record.name !== except
        ? [place.record.name]
        : [],
    );
  }

  /** A provider that answered is tried first from now on, among those of its chain. */
  moveFirst(chainId: U64, which: Endpoint | NodeId): void {
    const isIt = ({ config, endpoint }: Entry): boolean =>
      typeof which === "string" ? providerKey(config) === which : endpoint === which;
    const at = this.#entries.findIndex((each) => each.config.chainId === chainId && isIt(each));
    const first = this.#entries.findIndex(({ config }) => config.chainId === chainId);
    if (at <= first) return;
    const [entry] = this.#entries.splice(at, 1);
    this.#entries.splice(first, 0, entry!);
  }

  close(): void {
    this.set([]);
  }

  #all(chainId: U64): readonly Endpoint[] {
    return this.#entries.flatMap(({ config, endpoint }) =>
      config.chainId === chainId && endpoint !== undefined ? [endpoint] : [],
    );
  }

  #endpointOf({ chainId, place }: ProviderConfig): Endpoint | undefined {
    if (place.kind === "node") return undefined;
    return new Endpoint(chainId, place.url, place.auth, this.#powers);
  }
}

function isSameServer(a: ProviderConfig, b: ProviderConfig): boolean {
  if (a.chainId !== b.chainId || a.place.kind !== "url" || b.place.kind !== "url") return false;
  const [one, other] = [a.place, b.place];
  return (
    one.url === other.url &&
    one.auth?.kind === other.auth?.kind &&
    one.auth?.text === other.auth?.text
  );
}

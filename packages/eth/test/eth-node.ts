/**
 * The module with what it needs, for tests: a harness, settings files in memory, and a network of one's choice.
 */
import { createVirtualClock, createSeededRandom, type VirtualClock } from "@kinode-ts/testing";
import {
  createModuleHarness,
  type HarnessAnswer,
  type ModuleHarness,
} from "@kinode-ts/testing/module-harness";
import type { Clock } from "@kinode-ts/types";
import {
  createEth,
  type EthLimits,
  type EthOptions,
  type RpcTransport,
  type SettingsFileName,
} from "../src/index.ts";

export const APP = "main:app:x.os";
export const ADMIN = "main:admin:x.os";

export interface EthNode {
  readonly harness: ModuleHarness;
  readonly files: Map<SettingsFileName, string>;
  /** Asks as a process of this node. */
  ask(
    body: unknown,
    options?: { readonly from?: string; readonly seconds?: number },
  ): Promise<unknown>;
  /** The same with the rights to configure. */
  admin(body: unknown): Promise<unknown>;
  call(method: string, params?: unknown, chainId?: number): Promise<unknown>;
  stop(): Promise<void>;
}

export interface EthNodeOptions extends Partial<Omit<EthOptions, "limits">> {
  readonly transport: RpcTransport;
  readonly clock: Clock;
  readonly files?: never;
  readonly saved?: Readonly<Record<string, unknown>>;
  readonly providers?: readonly string[];
  readonly limits?: Partial<EthLimits>;
  readonly chainId?: number;
}

/** A URL provider as it is on the wire. */
export function urlProvider(url: string, chainId = 1): unknown {
  return { chain_id: chainId, trusted: true, provider: { RpcUrl: url } };
}

export function nodeProvider(name: string, chainId = 1): unknown {
  const kns_update = { name, public_key: "0x11", ips: [], ports: {}, routers: [] };
  return {
    chain_id: chainId,
    trusted: false,
    provider: { Node: { use_as_provider: true, kns_update } },
  };
}

export async function startEth(options: EthNodeOptions): Promise<EthNode> {
  const { saved = {}, providers, chainId = 1, ...rest } = options;
  const files = new Map<SettingsFileName, string>();
  for (const [name, json] of Object.entries(saved)) {
    files.set(name as SettingsFileName, typeof json === "string" ? json : JSON.stringify(json));
  }
  if (providers !== undefined) {
    files.set(".eth_providers", JSON.stringify(providers.map((url) => urlProvider(url, chainId))));
  }
  const module = createEth({
    random: createSeededRandom(1),
    ...rest,
    files: {
      read: async (name) => files.get(name),
      write: async (name, text) => void files.set(name, text),
    },
  });
  const harness = createModuleHarness(module);
  await harness.start();
  harness.give(ADMIN, '{"root":true}');
  const ask = async (
    body: unknown,
    { from = APP, seconds = 5 }: { readonly from?: string; readonly seconds?: number } = {},
  ): Promise<unknown> => (await harness.ask(from, { body, expectsResponse: seconds })).json;
  return {
    harness,
    files,
    ask,
    admin: (body) => ask(body, { from: ADMIN }),
    call: (method, params = [], chain = chainId) =>
      ask({ Request: { chain_id: chain, method, params } }),
    stop: async () => {
      await module.stop?.();
    },
  };
}

export type { HarnessAnswer, VirtualClock };
export { createVirtualClock };

/**
 * The providers that nodes of version 1.0.0 begin with, as data: they reach out to the internet, so a node has them only when
 * it has an identity on the chain.
 * Source: spec/network-identity.md §3.7.
 * @module
 */
import type { ProviderConfig } from "./providers/provider-config.ts";

const HOST = "15.204.59.64";

const NODES: readonly (readonly [name: string, chainId: number, port: number, key: string])[] = [
  [
    "eth-provider.kino",
    1,
    9005,
    "da9bf23c77d833a1aba846d47c06c940f0c0d8372cb3a769bcb23559e49eeb6e",
  ],
  [
    "optimism-provider.kino",
    10,
    9006,
    "498c9eacf22630fbec20b33320a919d086efa24962e82f30551b6f16f0b0aa63",
  ],
  [
    "base-provider.kino",
    8_453,
    9007,
    "d5184461b7af5e7aad88b5c34508403ff53a68962423c89574eea9cef586f5a0",
  ],
  [
    "sepolia-provider.kino",
    11_155_111,
    9008,
    "f4cde6752c55398b9c1b2815b1121b9a614aa1a7db0c3971dd84cf943cb7d0b7",
  ],
];

/** Node providers of the main network, in the order they are tried. */
export const DEFAULT_PROVIDERS: readonly ProviderConfig[] = NODES.map(
  ([name, chainId, port, key]) => ({
    chainId,
    trusted: false,
    place: {
      kind: "node",
      isUsed: true,
      record: {
        name,
        publicKey: `0x${key}`,
        ips: [HOST],
        ports: new Map([["ws", port]]),
        routers: [],
      },
    },
  }),
);

/**
 * `eth:distro:sys` of this node: its files in the home folder, its servers reached as other requests are, proxies minded.
 * A node with a local identity reaches for no chain until a person names a provider.
 * Source: spec/network-identity.md §3.7, §5.3.
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createEth,
  DEFAULT_PROVIDERS,
  type ProviderConfig,
  type SettingsFiles,
} from "@kinode-ts/eth";
import { createBunTransport } from "@kinode-ts/http";
import { KIMAP, LOCAL_KIMAP } from "@kinode-ts/kimap";
import { identityOf, type Net } from "@kinode-ts/net";
import type { Clock, Random, RuntimeModule } from "@kinode-ts/types";
import { type HomeFolder, writePrivateFile } from "../boot/home-folder.ts";
import type { Identity } from "../boot/identity.ts";
import type { StartConfig } from "../boot/start-config.ts";

export interface EthParts {
  readonly home: HomeFolder;
  readonly config: Pick<StartConfig, "clientProxy" | "rpc" | "simulation">;
  readonly chainRouting: Identity["chainRouting"];
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
}

/** Bytes that may wait to be sent to one provider. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

function settingsFiles(home: HomeFolder): SettingsFiles {
  return {
    async read(name) {
      try {
        return await readFile(join(home.path, name), "utf8");
      } catch (thrown) {
        if ((thrown as { code?: string }).code === "ENOENT") return undefined;
        throw thrown;
      }
    },
    // URLs of providers may hold keys.
    async write(name, text) {
      writePrivateFile(join(home.path, name), text);
    },
  };
}

/** The server that the person named, or that a simulation brings. */
function namedServer({ simulation, rpc }: EthParts["config"]): ProviderConfig | undefined {
  const chainPort = simulation?.chainPort;
  const chainId = chainPort === undefined ? KIMAP.chainId : LOCAL_KIMAP.chainId;
  const url = chainPort === undefined ? rpc : `ws://127.0.0.1:${chainPort}`;
  return url === undefined
    ? undefined
    : { chainId, trusted: true, place: { kind: "url", url, auth: undefined } };
}

export function createNodeEth({
  home,
  config,
  chainRouting,
  net,
  clock,
  random,
}: EthParts): RuntimeModule {
  return createEth({
    clock,
    random,
    files: settingsFiles(home),
    // A simulated node knows the local chain alone, and nothing of the internet.
    defaults: chainRouting === undefined || config.simulation ? [] : DEFAULT_PROVIDERS,
    rpc: namedServer(config),
    transport: createBunTransport({
      refusalOf: () => undefined,
      maxSocketBufferedBytes: MAX_WAITING_BYTES,
      proxy: config.clientProxy,
    }),
    introduce: (record) => {
      // What the name service says later is newer than what a file says.
      if (net.known.find(record.name) === undefined) net.known.set(identityOf(record));
    },
  });
}

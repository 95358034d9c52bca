/**
 * Which packages a simulated node has, and what they are told.
 * @module
 */
import { LOCAL_KIMAP } from "@kinode-ts/kimap";
import { loadTester } from "../boot/bundled-packages.ts";
import type { SimulationConfig } from "../boot/start-config.ts";
import type { BundledPackage } from "../packages/bundled.ts";

const INDEXER_PACKAGE = "kns-indexer:sys";

/** The indexer follows the local chain: a file of its package says so (docs/modules/kns-indexer.md). */
function onLocalChain(
  packages: readonly BundledPackage[],
  chainId: number,
): readonly BundledPackage[] {
  const text = new TextEncoder().encode(JSON.stringify({ chain_id: chainId }));
  return packages.map((each) => {
    if (each.package.id !== INDEXER_PACKAGE) return each;
    const files = new Map([...each.package.files, ["chain.json", text]]);
    return { ...each, package: { ...each.package, files } };
  });
}

/** Those of every node, following the local chain if there is one, and the tester (spec/packages-and-tools.md §20.1). */
export async function simulatedPackages(
  packages: readonly BundledPackage[],
  { chainPort }: SimulationConfig,
): Promise<readonly BundledPackage[]> {
  const told = chainPort === undefined ? packages : onLocalChain(packages, LOCAL_KIMAP.chainId);
  return [...told, { package: await loadTester(), by: "release" }];
}

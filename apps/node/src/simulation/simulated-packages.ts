/**
 * What the packages of a simulated node are told.
 * @module
 */
import type { BundledPackage } from "../packages/bundled.ts";

const INDEXER_PACKAGE = "kns-indexer:sys";

/** The indexer follows the local chain: a file of its package says so (docs/modules/kns-indexer.md). */
export function onLocalChain(
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

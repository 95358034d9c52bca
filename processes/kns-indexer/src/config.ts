/**
 * Which registry to follow: the real one, unless the node says otherwise in a file of this package.
 * @module
 */
import { KIMAP, LOCAL_KIMAP, type RegistryConfig } from "@kinode-ts/kimap";
import { our } from "@kinode-ts/stdlib";
import { file } from "@kinode-ts/stdlib/vfs";

/** Written by a node in simulation mode: `{"chain_id":31337}`. */
const FILE = "chain.json";

export async function readConfig(): Promise<RegistryConfig> {
  try {
    const path = `/${our().packageId().toString()}/pkg/${FILE}`;
    const chosen = JSON.parse(await file(path).text()) as { chain_id?: unknown };
    return chosen.chain_id === LOCAL_KIMAP.chainId ? LOCAL_KIMAP : KIMAP;
  } catch {
    return KIMAP;
  }
}

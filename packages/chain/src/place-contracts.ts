/**
 * Puts the registry and all that belongs to it on an empty local chain, at the addresses that nodes know.
 * Source: spec/network-identity.md §3.3, §3.8.
 * @module
 */
import {
  bytesArgument,
  type ChainAddress,
  decodeAddress,
  encodeCall,
  type Hex,
  hashBytes,
  LOCAL_KIMAP,
  nameHash,
  toHex,
  word,
} from "@kinode-ts/kimap";
import { contracts } from "./generated/contracts.ts";
import { type Rpc, sendTransaction } from "./rpc.ts";

/** The account that signs everything on a local chain; anvil holds its key. */
export const FIRST_ACCOUNT: ChainAddress = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const ACCOUNT_REGISTRY: ChainAddress = "0x000000006551c19487814612e58FE06813775758";
/** Any two addresses: accounts of zones run what is there. */
const OPEN_ZONE: ChainAddress = "0x0000000000000000000000000000000000006b01";
const COMMIT_ZONE: ChainAddress = "0x0000000000000000000000000000000000006b02";

// initialize(address,address), proxyOf(bytes32), place(bytes,address,address,address)
const INITIALIZE: Hex = "0x485cc955";
const PROXY_OF: Hex = "0x32844103";
const PLACE: Hex = "0xb9188670";

export interface PlaceOptions {
  /** Names below `os` have at least nine bytes and are committed to 15 seconds before, as on the real chain. */
  readonly commitRule?: boolean | undefined;
}

/** A minimal proxy with the token it belongs to behind its code, as ERC-6551 makes them. */
function accountCode(proxy: ChainAddress, entry: Hex): Hex {
  const parts = [
    "0x363d3d373d3d3d363d73",
    proxy.slice(2),
    "5af43d82803e903d91602b57fd5bf3",
    entry.slice(2),
    toHex(word(LOCAL_KIMAP.chainId)).slice(2),
    toHex(word(LOCAL_KIMAP.registry)).slice(2),
    entry.slice(2),
  ];
  return parts.join("") as Hex;
}

async function placeZone(
  rpc: Rpc,
  label: string,
  account: ChainAddress,
  implementation: ChainAddress,
): Promise<void> {
  const { registry } = LOCAL_KIMAP;
  const entry = nameHash(label);
  const call = { to: registry, data: toHex(encodeCall(PROXY_OF, [hashBytes(entry)])) };
  const proxy = decodeAddress(await rpc("eth_call", [call, "latest"]))!;
  await rpc("anvil_setCode", [account, accountCode(proxy, entry)]);
  await sendTransaction(rpc, {
    from: FIRST_ACCOUNT,
    to: registry,
    data: encodeCall(PLACE, [
      bytesArgument(new TextEncoder().encode(label)),
      word(account),
      word(FIRST_ACCOUNT),
      word(implementation),
    ]),
  });
}

/** Four blocks: the root, `os` and `dev`, each with logs. @throws {ChainError} */
export async function placeContracts(rpc: Rpc, options: PlaceOptions = {}): Promise<void> {
  const { registry, accountImplementation, osAccount, zoneAccount, multicall } = LOCAL_KIMAP;
  await Promise.all(
    [
      [ACCOUNT_REGISTRY, contracts.AccountRegistry],
      [multicall, contracts.Multicall],
      [accountImplementation, contracts.NameAccount],
      [OPEN_ZONE, contracts.OpenZone],
      [COMMIT_ZONE, contracts.CommitZone],
      [registry, contracts.KimapGenesis],
    ].map((place) => rpc("anvil_setCode", place)),
  );
  await sendTransaction(rpc, {
    from: FIRST_ACCOUNT,
    to: registry,
    data: encodeCall(INITIALIZE, [word(FIRST_ACCOUNT), word(accountImplementation)]),
  });
  await placeZone(rpc, "os", osAccount, options.commitRule === true ? COMMIT_ZONE : OPEN_ZONE);
  await placeZone(rpc, "dev", zoneAccount!, OPEN_ZONE);
  await rpc("anvil_setCode", [registry, contracts.Kimap]);
}

/**
 * From a name a person wants to a node that has it: reserve, mint or reset, sign, boot.
 * Source: spec/network-identity.md §3.5.
 * @module
 */
import {
  commitment,
  directNotes,
  encodeCommit,
  encodeMint,
  encodeWriteNotes,
  indirectNotes,
  isValidName,
  type NoteToWrite,
  type RegistryConfig,
  ZERO_ADDRESS,
} from "@kinode-ts/kimap";
import { bootApi, type Networking } from "./boot-api.ts";
import { hashPassword } from "./password-hash.ts";
import { wait, type Wallet } from "./wallet.ts";

/** Shortest label below `os`. */
export const MIN_OS_LABEL = 9;
const MAX_RESERVED_WAIT_S = 60;

export type NameState = "free" | "ours" | "taken" | "elsewhere";

/** Why this is no name to have here; empty: it is one. */
export function nameFault(name: string): string {
  const [label = "", ...zone] = name.split(".");
  if (zone.length === 0) return 'A name ends in its zone: "my-own-node.os"';
  if (!name.split(".").every(isValidName)) return "Names have a-z, 0-9 and - in their parts";
  if (zone.join(".") === "os" && label.length < MIN_OS_LABEL) {
    return `Below .os a name has at least ${MIN_OS_LABEL} letters`;
  }
  return "";
}

/** Whether this wallet can have the name. */
export async function nameState(wallet: Wallet, name: string): Promise<NameState> {
  const { owner } = await wallet.entry(name);
  if (owner.toLowerCase() === wallet.address.toLowerCase()) return "ours";
  if (owner !== ZERO_ADDRESS) return "taken";
  return /^[^.]+\.os$/.test(name) ? "free" : "elsewhere";
}

function parseIpv4(ip: string): Uint8Array {
  const parts = ip.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part < 256))) {
    throw new Error(
      `This node does not know its address ("${ip}"); choose to be reached by routers`,
    );
  }
  return Uint8Array.from(parts);
}

function notesFor(networking: Networking, address: string | undefined): NoteToWrite[] {
  const { key, ports, routers } = networking;
  if (address === undefined) return indirectNotes(key, routers);
  return directNotes({
    key,
    ip: parseIpv4(address),
    wsPort: ports.ws ?? 0,
    tcpPort: ports.tcp ?? 0,
  });
}

export interface Claim {
  readonly wallet: Wallet;
  readonly config: RegistryConfig;
  readonly name: string;
  /** Where others reach the node; `undefined`: by routers. */
  readonly address: string | undefined;
  readonly password: string;
  /** What happens now, for the person who waits. */
  readonly say: (text: string) => void;
}

async function reserve({ wallet, config, say }: Claim, label: string): Promise<void> {
  const commit = encodeCommit(commitment(label, wallet.address));
  // Refused: an earlier try of this wallet still holds.
  if (!(await wallet.wouldSucceed(config.osAccount, commit))) return;
  say("Confirm in your wallet that the name is reserved (transaction 1 of 2) …");
  await wallet.send(config.osAccount, commit);
}

async function mint(claim: Claim, label: string, initialization: Uint8Array): Promise<void> {
  const { wallet, config, say } = claim;
  const call = encodeMint({
    to: wallet.address,
    label,
    initialization,
    implementation: config.accountImplementation,
  });
  // A reserved name can be minted 15 s later; time on the chain is that of its last block.
  for (let waitedS = 0; !(await wallet.wouldSucceed(config.osAccount, call)); waitedS++) {
    if (waitedS === MAX_RESERVED_WAIT_S) {
      throw new Error(`The registry still refuses ${claim.name}; try again in a minute`);
    }
    say(`The name is reserved; it can be yours in about ${Math.max(1, 16 - waitedS)} s …`);
    await wait(1_000);
  }
  say("Confirm in your wallet that the name is yours (transaction 2 of 2) …");
  await wallet.send(config.osAccount, call);
}

/** Settles when the node starts with the name. */
export async function claimName(claim: Claim): Promise<void> {
  const { wallet, config, name, address, password, say } = claim;
  const state = await nameState(wallet, name);
  if (state === "taken") throw new Error(`${name} belongs to somebody else`);
  if (state === "elsewhere") {
    throw new Error(`${name} is free, but only the owner of its zone can give it to you`);
  }
  say("Computing the key of your password …");
  const password_hash = await hashPassword(password, name);
  const notes = encodeWriteNotes(config, notesFor(await bootApi.networking(), address));
  if (state === "free") {
    const label = name.split(".")[0]!;
    await reserve(claim, label);
    await mint(claim, label, notes);
  } else {
    say("Confirm in your wallet that the name leads to this node …");
    await wallet.send((await wallet.entry(name)).account, notes);
  }
  const statement = {
    username: name,
    password_hash,
    timestamp: Date.now(),
    direct: address !== undefined,
    reset: state === "ours",
  };
  say("Sign with your wallet that the name is yours …");
  const signature = await wallet.signBoot(statement);
  say("The node starts …");
  await bootApi.boot({
    ...statement,
    signature,
    owner: wallet.address,
    chain_id: config.chainId,
  });
}

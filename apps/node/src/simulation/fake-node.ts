/**
 * The identity of a simulated node: its name is minted on a local chain at each start, or its notes are written anew.
 * Without a chain it has a local identity, and keeps its key, by which others know it.
 * Source: spec/network-identity.md §3.8.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { FIRST_ACCOUNT, type Rpc, sendTransaction } from "@kinode-ts/chain";
import type { NodeRouting } from "@kinode-ts/codec/net";
import {
  createNodeSigner,
  CryptoError,
  decodeKeyfile,
  encodeKeyfile,
  equalBytes,
  hashPassword,
  type Keyfile,
} from "@kinode-ts/crypto";
import {
  decodeEntries,
  decodeEntry,
  encodeGet,
  encodeGetAll,
  encodeMint,
  encodeWriteNotes,
  isValidName,
  LOCAL_KIMAP,
  nameHash,
  type NoteToWrite,
  ZERO_ADDRESS,
} from "@kinode-ts/kimap";
import type { Random } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { type HomeFolder, writePrivateFile } from "../boot/home-folder.ts";
import type { Identity } from "../boot/identity.ts";

/** As `kit` calls it; whoever can reach a node with this one is let in. */
export const DEFAULT_FAKE_PASSWORD = "secret";
const GAS = 1_200_000;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

export interface FakeNodeOptions {
  readonly home: HomeFolder;
  readonly random: Random;
  /** `undefined`: there is no chain. */
  readonly rpc: Rpc | undefined;
  /** `undefined`: the node that the home holds. */
  readonly name: string | undefined;
  readonly password: string | undefined;
  /** As the person demands it; `undefined`: `freePort`. */
  readonly wsPort: number | undefined;
  readonly freePort: () => number;
}

function refusal(reason: string, hint: string): NodeError {
  return new NodeError({ code: "node.identity", reason }, reason, { hint });
}

/** @throws {NodeError | ChainError} another node's home, a name that cannot be simulated, no chain */
export async function provideFakeIdentity(options: FakeNodeOptions): Promise<Identity> {
  const { rpc, name, home } = options;
  const password = options.password ?? DEFAULT_FAKE_PASSWORD;
  if (rpc === undefined) return await provideWithoutChain(options, password);
  return name === undefined
    ? await openFakeNode(home, rpc, options.wsPort, password)
    : await makeFakeNode(options, rpc, name, password);
}

async function provideWithoutChain(
  { home, random, name }: FakeNodeOptions,
  password: string,
): Promise<Identity> {
  if (name !== undefined) checkName(name);
  if (!existsSync(home.keyfile)) {
    if (name === undefined) throw noNode(home);
    const keyfile = newKeyfile(name, random);
    return toIdentity(keyfile, await keep(home, keyfile, password, random), password);
  }
  const { keyfile, bytes } = await readFakeKeyfile(home, password);
  if (name !== undefined && name !== keyfile.name) {
    throw refusal(
      `The node in "${home.path}" is called "${keyfile.name}", not "${name}"`,
      "Leave --fake-node-name out, or start with another home folder",
    );
  }
  return toIdentity(keyfile, bytes, password);
}

function newKeyfile(name: string, random: Random): Keyfile {
  return {
    name,
    routers: [],
    networkingSeed: random.bytes(32),
    jwtSecret: random.bytes(32),
    fileKey: random.bytes(32),
  };
}

/** Locked with the text itself where other keyfiles have a hash of it. @returns the bytes of the file */
async function keep(
  home: HomeFolder,
  keyfile: Keyfile,
  password: string,
  random: Random,
): Promise<Uint8Array> {
  const bytes = await encodeKeyfile(keyfile, password, random);
  writePrivateFile(home.keyfile, bytes);
  return bytes;
}

function noNode(home: HomeFolder): NodeError {
  return refusal(`There is no node in "${home.path}"`, "Name a new one with --fake-node-name");
}

/** @throws {NodeError} the home holds a node that is not simulated, or has another password */
export async function checkFakeHome(home: HomeFolder, password: string): Promise<void> {
  await readFakeKeyfile(home, password);
}

async function makeFakeNode(
  { home, random, wsPort, freePort }: FakeNodeOptions,
  rpc: Rpc,
  name: string,
  password: string,
): Promise<Identity> {
  checkName(name);
  if (existsSync(home.keyfile)) await readFakeKeyfile(home, password);
  const port = wsPort ?? freePort();
  const keyfile = newKeyfile(name, random);
  await writeToChain(rpc, name, [
    ["~ip", LOOPBACK],
    ["~ws-port", Uint8Array.of(port >> 8, port & 0xff)],
    ["~net-key", createNodeSigner(keyfile.networkingSeed).publicKey],
  ]);
  const bytes = await keep(home, keyfile, password, random);
  return toIdentity(keyfile, bytes, password, port);
}

async function openFakeNode(
  home: HomeFolder,
  rpc: Rpc,
  wsPort: number | undefined,
  password: string,
): Promise<Identity> {
  if (!existsSync(home.keyfile)) throw noNode(home);
  const { keyfile, bytes } = await readFakeKeyfile(home, password);
  const { name, networkingSeed } = keyfile;
  const labels = ["~net-key", "~ws-port"];
  const hashes = labels.map((label) => nameHash(`${label}.${name}`));
  const call = { to: LOCAL_KIMAP.multicall, data: encodeGetAll(LOCAL_KIMAP, hashes) };
  const [key, port] = decodeEntries(await rpc("eth_call", [call, "latest"])) ?? [];
  const ourKey = createNodeSigner(networkingSeed).publicKey;
  if (key === undefined || !equalBytes(key.data, ourKey) || port?.data.length !== 2) {
    throw refusal(
      `The chain does not have "${name}" with the key in "${home.path}"`,
      `It may be a new chain: start with --fake-node-name ${name}`,
    );
  }
  const onChain = (port.data[0]! << 8) | port.data[1]!;
  if (wsPort !== undefined && wsPort !== onChain) {
    throw refusal(
      `--ws-port says ${wsPort}, but "${name}" has port ${onChain} on chain`,
      `Leave --ws-port out, or write the new port with --fake-node-name ${name}`,
    );
  }
  return toIdentity(keyfile, bytes, password, onChain);
}

function checkName(name: string): void {
  const labels = name.split(".");
  const zone = labels[1] ?? "";
  if (isValidName(name) && labels.length === 2 && ["os", "dev"].includes(zone)) return;
  throw refusal(`"${name}" cannot be simulated`, "Take a name such as alice.dev or alice.os");
}

/** A simulation must not write over the key of a real node. */
async function readFakeKeyfile(
  home: HomeFolder,
  password: string,
): Promise<{ keyfile: Keyfile; bytes: Uint8Array }> {
  const bytes = new Uint8Array(readFileSync(home.keyfile));
  try {
    return { keyfile: await decodeKeyfile(bytes, password), bytes };
  } catch (thrown) {
    if (!(thrown instanceof CryptoError)) throw thrown;
    throw refusal(
      `"${home.path}" holds a node that is not simulated, or has another password`,
      "Start the simulation with a home folder of its own",
    );
  }
}

/** Mints the name with its notes, or writes the notes of a name that is there (§3.8, steps 1 to 5). */
async function writeToChain(rpc: Rpc, name: string, notes: readonly NoteToWrite[]): Promise<void> {
  const { registry, osAccount, zoneAccount, accountImplementation } = LOCAL_KIMAP;
  const question = { to: registry, data: encodeGet(nameHash(name)) };
  const entry = decodeEntry(await rpc("eth_call", [question, "latest"]));
  if (entry === undefined) {
    throw refusal(
      "The local chain has no registry of names",
      'Start the chain with "kinode chain"',
    );
  }
  const from = FIRST_ACCOUNT;
  const writing = encodeWriteNotes(LOCAL_KIMAP, notes);
  if (entry.account !== ZERO_ADDRESS) {
    await sendTransaction(rpc, { from, to: entry.account, data: writing, gas: GAS });
  } else {
    const [label = "", zone] = name.split(".");
    const data = encodeMint({
      to: from,
      label,
      initialization: writing,
      implementation: accountImplementation,
    });
    const account = zone === "os" ? osAccount : zoneAccount!;
    await sendTransaction(rpc, { from, to: account, data, gas: GAS });
  }
  // One block more.
  await sendTransaction(rpc, { from, to: ZERO_ADDRESS, value: 10, gas: 21_000 });
}

function toIdentity(
  keyfile: Keyfile,
  bytes: Uint8Array,
  password: string,
  /** As the chain says; `undefined`: there is none. */
  wsPort?: number,
): Identity {
  const { name, networkingSeed, jwtSecret } = keyfile;
  const direct = (port: number): NodeRouting => ({
    kind: "direct",
    ip: "127.0.0.1",
    ports: new Map([["ws", port]]),
  });
  return {
    name,
    networkingSeed,
    jwtSecret,
    newPassword: undefined,
    ...(wsPort === undefined ? {} : { chainRouting: direct(wsPort) }),
    async verifyPassword(submitted) {
      if (password === DEFAULT_FAKE_PASSWORD || submitted === password) return bytes;
      return submitted === (await hashPassword(password, name)) ? bytes : undefined;
    },
  };
}

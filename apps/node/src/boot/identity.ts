/**
 * Who this node is: name, networking key and login secret, kept in `.keys` under a password.
 * Source: spec/network-identity.md §4.1. A later start needs no typing, because `.local-unlock` (owner only) keeps what
 * the password protects; without that file the password is asked for.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import type { NodeRouting } from "@kinode-ts/codec/net";
import {
  CryptoError,
  decodeKeyfile,
  encodeKeyfile,
  hashPassword,
  type Keyfile,
  primitives,
  readKeyfileName,
} from "@kinode-ts/crypto";
import { isNameSafeNode, type NodeId, type Random } from "@kinode-ts/types";
import { NodeError } from "./errors.ts";
import type { ChainIdentity } from "../registration/registration.ts";
import { type HomeFolder, writePrivateFile } from "./home-folder.ts";
import { createNodeName } from "./node-name.ts";

export interface Identity {
  readonly name: NodeId;
  readonly networkingSeed: Uint8Array;
  readonly jwtSecret: Uint8Array;
  /** Set when this start made the identity and chose the password: to be shown once. */
  readonly newPassword: string | undefined;
  /** How others reach it, as the registry on chain says; `undefined`: a local identity, known to whom it was told. */
  readonly chainRouting?: NodeRouting;
  /** Bytes of the keyfile when the hash a browser sends is right. */
  verifyPassword(passwordHash: string): Promise<Uint8Array | undefined>;
}

interface Unlock {
  /** SHA-256 of the keyfile this belongs to, hex. */
  readonly keyfile: string;
  readonly name: string;
  readonly networkingSeed: string;
  readonly jwtSecret: string;
}

/** A password a person can copy: 20 letters and digits without look-alikes, about 100 bits. */
function createPassword(random: Random): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789"; // 31
  let password = "";
  while (password.length < 20) {
    for (const byte of random.bytes(32)) {
      if (byte < 31 * 8 && password.length < 20) password += letters[byte % 31];
    }
  }
  return password.match(/.{5}/g)!.join("-");
}

function writeUnlock(home: HomeFolder, keyfileBytes: Uint8Array, keyfile: Keyfile): void {
  const unlock: Unlock = {
    keyfile: primitives.sha256(keyfileBytes).toHex(),
    name: keyfile.name,
    networkingSeed: keyfile.networkingSeed.toHex(),
    jwtSecret: keyfile.jwtSecret.toHex(),
  };
  writePrivateFile(home.unlockFile, JSON.stringify(unlock));
}

/** Puts another keyfile in the place of the one that was there; a later start opens it without the password. */
export function writeIdentity(home: HomeFolder, keyfileBytes: Uint8Array, keyfile: Keyfile): void {
  writePrivateFile(home.keyfile, keyfileBytes);
  writeUnlock(home, keyfileBytes, keyfile);
}

function readUnlock(home: HomeFolder, keyfileBytes: Uint8Array): Unlock | undefined {
  try {
    const unlock = JSON.parse(readFileSync(home.unlockFile, "utf8")) as Unlock;
    return unlock.keyfile === primitives.sha256(keyfileBytes).toHex() ? unlock : undefined;
  } catch {
    // Missing or damaged: the password opens the keyfile.
    return undefined;
  }
}

function toIdentity(
  home: HomeFolder,
  parts: Pick<Identity, "name" | "networkingSeed" | "jwtSecret" | "newPassword">,
): Identity {
  const chainRouting = readChainRouting(home);
  return {
    ...parts,
    ...(chainRouting === undefined ? {} : { chainRouting }),
    async verifyPassword(passwordHash) {
      const bytes = new Uint8Array(readFileSync(home.keyfile));
      try {
        await decodeKeyfile(bytes, passwordHash);
        return bytes;
      } catch (thrown) {
        if (thrown instanceof CryptoError) return undefined;
        throw thrown;
      }
    },
  };
}

/** Absent, damaged or of an older form: the name is local until it is registered again. */
function readChainRouting(home: HomeFolder): NodeRouting | undefined {
  try {
    const saved = JSON.parse(readFileSync(home.chainFile, "utf8")) as
      | { readonly kind: "routers"; readonly routers: readonly NodeId[] }
      | { readonly kind: "direct"; readonly ip: string; readonly ports: [string, number][] };
    return saved.kind === "direct" ? { ...saved, ports: new Map(saved.ports) } : saved;
  } catch {
    return undefined;
  }
}

/**
 * Keeps an identity that the registry vouches for, in place of the one that was there.
 * A later start uses it without asking the chain.
 */
export function adoptChainIdentity(home: HomeFolder, made: ChainIdentity): Identity {
  const { keyfile, keyfileBytes, routing } = made;
  const saved = routing.kind === "routers" ? routing : { ...routing, ports: [...routing.ports] };
  writePrivateFile(home.keyfile, keyfileBytes);
  writePrivateFile(home.chainFile, JSON.stringify(saved));
  writeUnlock(home, keyfileBytes, keyfile);
  return toIdentity(home, { ...keyfile, newPassword: undefined });
}

async function createIdentity(
  home: HomeFolder,
  random: Random,
  options: IdentityOptions,
): Promise<Identity> {
  const name = options.name ?? createNodeName(random);
  const password = options.password ?? createPassword(random);
  const keyfile: Keyfile = {
    name,
    routers: [],
    networkingSeed: random.bytes(32),
    jwtSecret: random.bytes(32),
    fileKey: random.bytes(32),
  };
  const bytes = await encodeKeyfile(keyfile, await hashPassword(password, name), random);
  writePrivateFile(home.keyfile, bytes);
  writeUnlock(home, bytes, keyfile);
  const newPassword = options.password === undefined ? password : undefined;
  return toIdentity(home, { ...keyfile, newPassword });
}

function identityError(reason: string, hint: string): NodeError {
  return new NodeError({ code: "node.identity", reason }, reason, { hint });
}

async function openIdentity(
  home: HomeFolder,
  random: Random,
  options: IdentityOptions,
): Promise<Identity> {
  const bytes = new Uint8Array(readFileSync(home.keyfile));
  const { name } = readKeyfileName(bytes);
  if (options.name !== undefined && options.name !== name) {
    throw identityError(
      `The node in "${home.path}" is called "${name}", not "${options.name}"`,
      "Leave --name out, or start with another home folder",
    );
  }
  const unlock = options.password === undefined ? readUnlock(home, bytes) : undefined;
  if (unlock !== undefined) {
    return toIdentity(home, {
      name,
      networkingSeed: Uint8Array.fromHex(unlock.networkingSeed),
      jwtSecret: Uint8Array.fromHex(unlock.jwtSecret),
      newPassword: undefined,
    });
  }
  if (options.password === undefined) {
    throw identityError(
      `The key of "${name}" is locked`,
      "Start once with --password, or with KINODE_PASSWORD in the environment",
    );
  }
  return await unlockWithPassword(home, bytes, name, options.password, random);
}

async function unlockWithPassword(
  home: HomeFolder,
  bytes: Uint8Array,
  name: NodeId,
  password: string,
  random: Random,
): Promise<Identity> {
  const passwordHash = await hashPassword(password, name);
  let keyfile: Keyfile;
  try {
    keyfile = await decodeKeyfile(bytes, passwordHash);
  } catch (thrown) {
    if (!(thrown instanceof CryptoError)) throw thrown;
    throw identityError(
      `Cannot open the key of "${name}": ${thrown.message}`,
      "Check the password",
    );
  }
  let current = bytes;
  if (keyfile.jwtSecret.length < 32) {
    // Old files hold secrets of two bytes, which anyone can guess; replacing one only logs browsers out.
    keyfile = { ...keyfile, jwtSecret: random.bytes(32) };
    current = await encodeKeyfile(keyfile, passwordHash, random);
    writePrivateFile(home.keyfile, current);
  }
  writeUnlock(home, current, keyfile);
  return toIdentity(home, { ...keyfile, newPassword: undefined });
}

export interface IdentityOptions {
  /** For a new identity; default: a random one. */
  readonly name?: string | undefined;
  readonly password?: string | undefined;
}

/**
 * Opens the identity in the home folder, or makes one at the first start.
 * @throws {NodeError} `node.identity`: locked, wrong password, other name
 */
export async function provideIdentity(
  home: HomeFolder,
  random: Random,
  options: IdentityOptions = {},
): Promise<Identity> {
  if (options.name !== undefined && !isNameSafeNode(options.name)) {
    throw identityError(`"${options.name}" is not a node name`, "Use a-z, 0-9, - and .");
  }
  if (existsSync(home.keyfile)) return await openIdentity(home, random, options);
  return await createIdentity(home, random, options);
}

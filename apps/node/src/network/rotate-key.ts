/**
 * A new networking key for this node: the old one names it before it goes, so that whoever has pinned the old one follows.
 * Source: docs/decisions/0008-local-identity.md.
 * @module
 */
import { readFileSync } from "node:fs";
import {
  createNodeSigner,
  CryptoError,
  decodeKeyfile,
  encodeKeyfile,
  hashPassword,
  type Keyfile,
  readKeyfileName,
} from "@kinode-ts/crypto";
import { type LocalIdentity, SELF_SPACE, signSuccession, successionRow } from "@kinode-ts/net";
import type { Random, Store, StoreChange } from "@kinode-ts/types";
import type { HomeFolder } from "../boot/home-folder.ts";
import { writeIdentity } from "../boot/identity.ts";

export interface RotateParts {
  readonly home: HomeFolder;
  readonly store: Store;
  readonly random: Random;
  readonly commit: (changes: readonly StoreChange[]) => Promise<void>;
  /** From now on this node signs with the key of this seed; settles when what it has signed is signed again. */
  readonly keyChanged: (seed: Uint8Array) => Promise<void>;
  readonly identity: Pick<LocalIdentity, "keyChanged">;
}

/**
 * First the old key's word is kept, then the keyfile changes: whatever ends the node between the two, it starts with a key that
 * others believe. Then the running node takes the key: nodes that are connected are called anew and follow, the others when
 * they meet.
 * @returns the new public key; `undefined`: the password is wrong
 */
export async function rotateKey(
  { home, store, random, commit, keyChanged, identity }: RotateParts,
  password: string,
): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(readFileSync(home.keyfile));
  let keyfile: Keyfile;
  let passwordHash: string;
  try {
    const { name } = readKeyfileName(bytes);
    passwordHash = await hashPassword(password, name);
    keyfile = await decodeKeyfile(bytes, passwordHash);
  } catch (thrown) {
    if (thrown instanceof CryptoError) return undefined;
    throw thrown;
  }
  const old = createNodeSigner(keyfile.networkingSeed);
  const networkingSeed = random.bytes(32);
  const key = createNodeSigner(networkingSeed).publicKey;
  const rows = await store.records(SELF_SPACE);
  await commit([successionRow(rows, old.publicKey, signSuccession(keyfile.name, old, key))]);
  const next = { ...keyfile, networkingSeed };
  writeIdentity(home, await encodeKeyfile(next, passwordHash, random), next);
  await keyChanged(networkingSeed);
  identity.keyChanged(await store.records(SELF_SPACE));
  return key;
}

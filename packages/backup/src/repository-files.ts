/**
 * The objects of an open repository that hold one JSON document each, checked and sealed.
 * @module
 */
import type { BackupObjectKind, BackupRemote, Random } from "@kinode-ts/types";
import { withSignal } from "./context.ts";
import { assertSound, assertWithin, BackupError } from "./errors.ts";
import { sha256 } from "./host-codec-bun.ts";
import type { BackupLimits } from "./limits.ts";
import { isObjectId, type ObjectId, objectIdOf } from "./object-id.ts";
import { decodeFile, encodeFile } from "./plain-file.ts";
import { type SealKeys, unseal } from "./sealing.ts";

export interface ListedObject {
  readonly id: ObjectId;
  readonly sizeBytes: number;
}

type FileKind = "index" | "snapshots" | "locks";

export class RepositoryFiles {
  readonly remote: BackupRemote;
  readonly limits: BackupLimits;
  readonly #keys: SealKeys;
  readonly #random: Random;

  constructor(remote: BackupRemote, keys: SealKeys, random: Random, limits: BackupLimits) {
    this.remote = remote;
    this.limits = limits;
    this.#keys = keys;
    this.#random = random;
  }

  list(kind: BackupObjectKind, signal?: AbortSignal): Promise<ListedObject[]> {
    return listObjects(this.remote, kind, this.limits, signal);
  }

  /** The document; `undefined` when there is none. @throws {BackupError} `backup.damaged`, `backup.too-large` */
  async find(kind: FileKind, id: ObjectId, signal?: AbortSignal): Promise<unknown> {
    const what = `${kind}/${id}`;
    const { maxFileBytes } = this.limits;
    const range = { offset: 0, length: maxFileBytes + 1 };
    const bytes = await this.remote.get(kind, id, range, withSignal(signal));
    if (bytes === undefined) return undefined;
    assertWithin(`${what} in bytes`, bytes.length, maxFileBytes, "maxFileBytes");
    assertSound(objectIdOf(sha256(bytes)) === id, what, "its content does not fit its name");
    return decodeFile(this.#keys, bytes, what, this.limits);
  }

  /** @throws {BackupError} `backup.missing` too */
  async get(kind: FileKind, id: ObjectId, signal?: AbortSignal): Promise<unknown> {
    const value = await this.find(kind, id, signal);
    if (value === undefined) throw new BackupError({ code: "backup.missing", kind, name: id });
    return value;
  }

  async put(kind: FileKind, value: unknown, signal?: AbortSignal): Promise<ObjectId> {
    const bytes = encodeFile(this.#keys, this.#random, value);
    const id = objectIdOf(sha256(bytes));
    await this.remote.put(kind, id, bytes, withSignal(signal));
    return id;
  }

  /** What is in sealed bytes; `undefined` when the seal does not fit. */
  unseal(bytes: Uint8Array): Uint8Array | undefined {
    return unseal(this.#keys, bytes);
  }

  delete(kind: BackupObjectKind, id: ObjectId, signal?: AbortSignal): Promise<void> {
    return this.remote.delete(kind, id, withSignal(signal));
  }
}

/** All objects of a kind whose names are ids; others (temporary files of a remote) are not ours. */
export async function listObjects(
  remote: BackupRemote,
  kind: BackupObjectKind,
  limits: BackupLimits,
  signal?: AbortSignal,
): Promise<ListedObject[]> {
  const found = new Map<ObjectId, number>();
  for await (const { name, sizeBytes } of remote.list(kind, withSignal(signal))) {
    if (!isObjectId(name)) continue;
    found.set(name, sizeBytes);
    assertWithin(`objects in ${kind}`, found.size, limits.maxObjectCount, "maxObjectCount");
  }
  return [...found].map(([id, sizeBytes]) => ({ id, sizeBytes })).sort(byId);
}

const byId = (a: ListedObject, b: ListedObject): number => (a.id < b.id ? -1 : 1);

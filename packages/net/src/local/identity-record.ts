/**
 * A node's own word about itself: name, key, where it is reached; signed with its networking key. Whoever has pinned the key,
 * or one of the keys before it, follows such records and no others.
 * Source: docs/decisions/0008-local-identity.md.
 * @module
 */
import { decodeMsgpack, encodeMsgpack, type MsgpackValue } from "@kinode-ts/codec";
import { equalBytes, primitives } from "@kinode-ts/crypto";
import type { NodeId, NodeSigner } from "@kinode-ts/types";
import type { KnownNode, Place } from "../identity/known-nodes.ts";
import { LocalIdentityError } from "./errors.ts";
import {
  readArray,
  readCount,
  readKeyBytes,
  readName,
  readPlaces,
  readSignature,
  writePlaces,
} from "./record-fields.ts";
import { toSign } from "./signed-text.ts";

const VERSION = 1;
export const MAX_RECORD_BYTES = 8 * 1024;
const MAX_ROUTERS = 8;
/** Changes of key that a record names. */
export const MAX_SUCCESSIONS = 16;

/** One change of key: the old key names the new one. */
export interface Succession {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  /** By `from`. */
  readonly signature: Uint8Array;
}

export interface RouterPlaces {
  readonly name: NodeId;
  readonly places: readonly Place[];
}

export interface IdentityRecord {
  readonly name: NodeId;
  /** Ed25519, 32 bytes. */
  readonly key: Uint8Array;
  /** Where it listens, likeliest first; empty: it is reached through its routers. */
  readonly places: readonly Place[];
  readonly routers: readonly RouterPlaces[];
  /** The record with the highest number holds. */
  readonly sequence: number;
  /** Milliseconds since 1970, for the person. */
  readonly timeMs: number;
  /** From its first key to this one. */
  readonly successions: readonly Succession[];
}

/** A record whose signature is checked, and its bytes. */
export interface SignedRecord extends IdentityRecord {
  readonly bytes: Uint8Array;
}

const successionText = (name: NodeId, from: Uint8Array, to: Uint8Array): Uint8Array =>
  toSign("succession", [name, from, to]);

/** @param old - the key that is given up */
export function signSuccession(name: NodeId, old: NodeSigner, to: Uint8Array): Succession {
  const from = old.publicKey;
  return { from, to, signature: old.sign(successionText(name, from, to)) };
}

export const encodeSuccessions = (successions: readonly Succession[]): Uint8Array =>
  encodeMsgpack(successions.map(({ from, to, signature }) => [from, to, signature]));

function readSuccessions(value: unknown): Succession[] {
  return readArray(value, MAX_SUCCESSIONS, "changes of key").map((item) => {
    const [from, to, signature] = readArray(item, 3, "a change of key");
    return {
      from: readKeyBytes(from),
      to: readKeyBytes(to),
      signature: readSignature(signature),
    };
  });
}

/** @throws {LocalIdentityError} `net.bad-record` */
export function decodeSuccessions(bytes: Uint8Array): Succession[] {
  return reading(() => readSuccessions(decodeMsgpack(bytes)));
}

/** Whether the holder of `pinned` has handed on to `key`, step by step. */
export function leadsTo(
  name: NodeId,
  pinned: Uint8Array,
  key: Uint8Array,
  successions: readonly Succession[],
): boolean {
  let at = pinned;
  for (const { from, to, signature } of successions) {
    if (!equalBytes(from, at)) continue;
    if (!primitives.ed25519Verify(from, successionText(name, from, to), signature)) return false;
    at = to;
  }
  return equalBytes(at, key);
}

function toBody(record: IdentityRecord): MsgpackValue[] {
  return [
    record.name,
    record.key,
    writePlaces(record.places),
    record.routers.map(({ name, places }) => [name, writePlaces(places)]),
    record.sequence,
    record.timeMs,
    record.successions.map(({ from, to, signature }) => [from, to, signature]),
  ];
}

/** @param signer - of the record's key */
export function signRecord(record: Omit<IdentityRecord, "key">, signer: NodeSigner): SignedRecord {
  const full = { ...record, key: signer.publicKey };
  const body = toBody(full);
  const signature = signer.sign(toSign("record", body));
  return { ...full, bytes: encodeMsgpack([VERSION, body, signature]) };
}

/**
 * Reads a record and checks that its own key signed it. Whether that key is to be believed is another question.
 * @throws {LocalIdentityError} `net.bad-record`
 */
export function readRecord(bytes: Uint8Array): SignedRecord {
  return reading(() => {
    if (bytes.length > MAX_RECORD_BYTES) throw new RangeError(`it has ${bytes.length} bytes`);
    const [version, body, signature] = readArray(decodeMsgpack(bytes), 3, "a record");
    if (version !== VERSION) throw new RangeError("a newer version of Kinode OS wrote it");
    const [name, key, places, routers, sequence, timeMs, successions] = readArray(body, 7, "it");
    const record: IdentityRecord = {
      name: readName(name),
      key: readKeyBytes(key),
      places: readPlaces(places),
      routers: readArray(routers, MAX_ROUTERS, "routers").map((item) => {
        const [router, at] = readArray(item, 2, "a router");
        return { name: readName(router), places: readPlaces(at) };
      }),
      sequence: readCount(sequence),
      timeMs: readCount(timeMs),
      successions: readSuccessions(successions),
    };
    const signed = toSign("record", toBody(record));
    if (!primitives.ed25519Verify(record.key, signed, readSignature(signature))) {
      throw new RangeError("its key did not sign it");
    }
    return { ...record, bytes: bytes.slice() };
  });
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new LocalIdentityError({ code: "net.bad-record", why: (error as Error).message });
  }
}

/** As the table of nodes has it. */
export function toKnownNode(record: IdentityRecord): KnownNode {
  const { name, key, places, routers } = record;
  const [place] = places;
  const networkingKey = key.toHex();
  const names = routers.map((router) => router.name);
  return {
    name,
    key,
    identity: {
      name,
      networkingKey,
      routing:
        place === undefined
          ? { kind: "routers", routers: names }
          : { kind: "direct", ip: place.ip, ports: place.ports },
    },
    places,
    routerPlaces: new Map(routers.map((router) => [router.name, router.places])),
  };
}

/** What a person compares by eye or ear: 8 groups of 4 hex digits. */
export function fingerprint(key: Uint8Array): string {
  return primitives.sha256(key).toHex().slice(0, 32).match(/.{4}/g)!.join(" ");
}

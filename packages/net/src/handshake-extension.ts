/**
 * What our nodes tell each other beyond the handshake's payload: bytes after it, which nodes of the reference ignore and Noise
 * proves. A MessagePack map; unknown keys are ignored, and whatever is not of this form counts as absent.
 * Source: spec/network-identity.md §6.1 (a); docs/decisions/0008-local-identity.md.
 * @module
 */
import {
  type DecodedMsgpack,
  decodeMsgpack,
  encodeMsgpack,
  type MsgpackValue,
} from "@kinode-ts/codec";
import { PARTS } from "./framing/parts.ts";
import { CONNECTION_TAG_BYTES, RESUME } from "./framing/words.ts";

/** A map with another number is not read: it means something else. */
const VERSION = 1;
const MAX_EXTENSION_BYTES = 16 * 1024;
const MAX_FEATURES = 16;
const MAX_FEATURE_LENGTH = 32;
const MAX_RECORD_BYTES = 8 * 1024;
const MAX_INTRODUCTION_BYTES = 1024;
const MAX_SUCCESSION_BYTES = 4 * 1024;
export const RUN_BYTES = 8;

/** Byte fields of messages may be sent to it as bin. */
export const FEATURE_BIN = "bin";
/** It understands notes about identities (`peer-note.ts`). */
export const FEATURE_NOTES = "notes";
/** What this version can do. */
export const OUR_FEATURES: readonly string[] = [FEATURE_BIN, FEATURE_NOTES, PARTS, RESUME];

export interface HandshakeExtension {
  readonly features: readonly string[];
  /** The sender's signed identity record; only towards a peer that is proven. */
  readonly record?: Uint8Array | undefined;
  /** Sequence number of the receiver's record that the sender has; absent: none. */
  readonly knows?: number | undefined;
  /** The sender was invited, and asks to be known (`local/voucher.ts`). */
  readonly introduction?: Uint8Array | undefined;
  /** How the sender came to its key, when it is not its first (`local/identity-record.ts`). */
  readonly succession?: Uint8Array | undefined;
  /** Tag of a connection with the receiver that is silent, and that this one replaces. */
  readonly replaces?: Uint8Array | undefined;
  /** Names the run of the sender's program: with another one it remembers nothing of earlier connections. */
  readonly run?: Uint8Array | undefined;
}

export function encodeExtension(extension: HandshakeExtension): Uint8Array {
  const said = Object.entries(extension).filter(([, value]) => value !== undefined);
  return encodeMsgpack({
    v: VERSION,
    ...(Object.fromEntries(said) as Record<string, MsgpackValue>),
  });
}

function readFeatures(value: DecodedMsgpack | undefined): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_FEATURES) return undefined;
  const items = value as readonly DecodedMsgpack[];
  const isGood = (item: DecodedMsgpack): item is string =>
    typeof item === "string" && item.length <= MAX_FEATURE_LENGTH;
  return items.every(isGood) ? items : undefined;
}

const readBytes = (value: DecodedMsgpack | undefined, max: number): Uint8Array | undefined =>
  value instanceof Uint8Array && value.length <= max ? value.slice() : undefined;

/** `undefined` for bytes of another form: of the reference, of a later version, or broken. Never throws. */
export function decodeExtension(bytes: Uint8Array): HandshakeExtension | undefined {
  if (bytes.length === 0 || bytes.length > MAX_EXTENSION_BYTES) return undefined;
  let map: DecodedMsgpack;
  try {
    map = decodeMsgpack(bytes);
  } catch {
    // Bytes that mean something to somebody else.
    return undefined;
  }
  if (!(map instanceof Map) || map.get("v") !== VERSION) return undefined;
  const features = readFeatures(map.get("features"));
  if (features === undefined) return undefined;
  const knows = map.get("knows");
  return {
    features,
    record: readBytes(map.get("record"), MAX_RECORD_BYTES),
    knows: typeof knows === "number" && Number.isSafeInteger(knows) ? knows : undefined,
    introduction: readBytes(map.get("introduction"), MAX_INTRODUCTION_BYTES),
    succession: readBytes(map.get("succession"), MAX_SUCCESSION_BYTES),
    replaces: readBytes(map.get("replaces"), CONNECTION_TAG_BYTES),
    run: readBytes(map.get("run"), RUN_BYTES),
  };
}

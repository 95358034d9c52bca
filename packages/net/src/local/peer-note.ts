/**
 * What our nodes tell each other once they are connected: a newer record, that an invitation was taken, or why it was not.
 * A request to a process that no node of the reference runs, where it is dropped without a word (spec/network-identity.md §6.1 (b)).
 * @module
 */
import {
  type DecodedMsgpack,
  decodeMsgpack,
  encodeMsgpack,
  type MsgpackValue,
} from "@kinode-ts/codec";
import {
  type KernelMessage,
  NET_PROCESS,
  type NodeId,
  type ProcessId,
  type U64,
} from "@kinode-ts/types";
import type { Refusal } from "./errors.ts";
import { MAX_RECORD_BYTES } from "./identity-record.ts";

/** Where notes go. */
export const NOTES_PROCESS = "net-notes:distro:sys" as ProcessId;
const VERSION = 1;
const REFUSALS: ReadonlySet<unknown> = new Set<Refusal>(["used", "expired", "unknown", "full"]);

export interface PeerNote {
  /** The sender's record. */
  readonly record?: Uint8Array | undefined;
  /** The invitation was taken, and this is kept. */
  readonly welcome?: boolean | undefined;
  readonly refused?: Refusal | undefined;
}

export function createNote(our: NodeId, to: NodeId, id: U64, note: PeerNote): KernelMessage {
  const said = Object.entries(note).filter(([, value]) => value !== undefined);
  const fields = { v: VERSION, ...(Object.fromEntries(said) as Record<string, MsgpackValue>) };
  return {
    id,
    source: { node: our, process: NET_PROCESS },
    target: { node: to, process: NOTES_PROCESS },
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: encodeMsgpack(fields),
      metadata: undefined,
      capabilities: [],
    },
    blob: undefined,
  };
}

/** `undefined` for a body of another form. */
export function readNote(body: Uint8Array): PeerNote | undefined {
  let map: DecodedMsgpack;
  try {
    map = decodeMsgpack(body);
  } catch {
    // Of a later version, or nonsense.
    return undefined;
  }
  if (!(map instanceof Map) || map.get("v") !== VERSION) return undefined;
  const [record, refused] = [map.get("record"), map.get("refused")];
  const isRecord = record instanceof Uint8Array && record.length <= MAX_RECORD_BYTES;
  return {
    record: isRecord ? record : undefined,
    welcome: map.get("welcome") === true,
    refused: REFUSALS.has(refused) ? (refused as Refusal) : undefined,
  };
}

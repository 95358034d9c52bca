/**
 * Bodies of messages to and from `net:distro:sys`.
 * Source: spec/network-identity.md §2.6.
 * @module
 */
import {
  type Address,
  assertNever,
  formatAddress,
  type NodeId,
  parseAddress,
} from "@kinode-ts/types";
import { ByteReader } from "../byte-reader.ts";
import { ByteWriter } from "../byte-writer.ts";
import {
  badShape,
  type FieldReader,
  optional,
  readStruct,
  readVariant,
  type VariantReader,
} from "../struct-reader.ts";
import {
  type KnsUpdate,
  type NodeIdentity,
  readIdentity,
  readKnsUpdate,
  readList,
  writeIdentity,
  writeKnsUpdate,
} from "./identity-codec.ts";

export type NetAction =
  | { readonly kind: "ConnectionRequest"; readonly node: NodeId }
  | { readonly kind: "KnsUpdate"; readonly update: KnsUpdate }
  | { readonly kind: "KnsBatchUpdate"; readonly updates: readonly KnsUpdate[] }
  | { readonly kind: "GetPeers" }
  | { readonly kind: "GetPeer"; readonly node: NodeId }
  | { readonly kind: "GetDiagnostics" }
  /** Over the asking process's address and the blob. */
  | { readonly kind: "Sign" }
  /** Whether `from` signed its address and the blob. */
  | { readonly kind: "Verify"; readonly from: Address; readonly signature: Uint8Array };

export type NetResponse =
  | { readonly kind: "Accepted" | "Rejected"; readonly node: NodeId }
  | { readonly kind: "Peers"; readonly peers: readonly NodeIdentity[] }
  | { readonly kind: "Peer"; readonly peer: NodeIdentity | undefined }
  | { readonly kind: "Diagnostics"; readonly text: string }
  /** The signature is in the blob. */
  | { readonly kind: "Signed" }
  | { readonly kind: "Verified"; readonly valid: boolean };

function readAddress(reader: ByteReader): Address {
  const text = reader.text();
  try {
    return parseAddress(text);
  } catch (error) {
    throw badShape("an address", (error as Error).message);
  }
}

const VERIFY: readonly FieldReader<unknown>[] = [
  { name: "from", read: readAddress },
  { name: "signature", read: (reader) => reader.bytes() },
];

/** In the order of declaration: an index is a name too. */
const ACTIONS: readonly VariantReader<NetAction>[] = [
  {
    name: "ConnectionRequest",
    read: (reader) => ({ kind: "ConnectionRequest", node: reader.text() }),
  },
  { name: "KnsUpdate", read: (reader) => ({ kind: "KnsUpdate", update: readKnsUpdate(reader) }) },
  {
    name: "KnsBatchUpdate",
    read: (reader) => ({ kind: "KnsBatchUpdate", updates: readList(reader, readKnsUpdate) }),
  },
  { name: "GetPeers", unit: { kind: "GetPeers" } },
  { name: "GetPeer", read: (reader) => ({ kind: "GetPeer", node: reader.text() }) },
  { name: "GetDiagnostics", unit: { kind: "GetDiagnostics" } },
  { name: "Sign", unit: { kind: "Sign" } },
  {
    name: "Verify",
    read: (reader) => {
      const fields = readStruct(reader, "Verify", VERIFY);
      const [from, signature] = fields as [Address, Uint8Array];
      return { kind: "Verify", from, signature };
    },
  },
];

const RESPONSES: readonly VariantReader<NetResponse>[] = [
  { name: "Accepted", read: (reader) => ({ kind: "Accepted", node: reader.text() }) },
  { name: "Rejected", read: (reader) => ({ kind: "Rejected", node: reader.text() }) },
  { name: "Peers", read: (reader) => ({ kind: "Peers", peers: readList(reader, readIdentity) }) },
  { name: "Peer", read: (reader) => ({ kind: "Peer", peer: optional(readIdentity)(reader) }) },
  { name: "Diagnostics", read: (reader) => ({ kind: "Diagnostics", text: reader.text() }) },
  { name: "Signed", unit: { kind: "Signed" } },
  { name: "Verified", read: (reader) => ({ kind: "Verified", valid: reader.bool() }) },
];

/**
 * Bytes after the value are ignored, as the reference does.
 * @throws {CodecError} the body is none: from another node it is then a hello (§2.7)
 */
export function decodeNetAction(body: Uint8Array): NetAction {
  return readVariant(new ByteReader(body), "a request to net", ACTIONS);
}

/** @throws {CodecError} */
export function decodeNetResponse(body: Uint8Array): NetResponse {
  return readVariant(new ByteReader(body), "a response of net", RESPONSES);
}

/** A variant with one value: its name, then what is written next. */
function variant(writer: ByteWriter, name: string): void {
  writer.map(1);
  writer.text(name);
}

export function encodeNetAction(action: NetAction): Uint8Array {
  const writer = new ByteWriter();
  switch (action.kind) {
    case "GetPeers":
    case "GetDiagnostics":
    case "Sign":
      writer.text(action.kind);
      break;
    case "ConnectionRequest":
    case "GetPeer":
      variant(writer, action.kind);
      writer.text(action.node);
      break;
    case "KnsUpdate":
      variant(writer, action.kind);
      writeKnsUpdate(writer, action.update);
      break;
    case "KnsBatchUpdate":
      variant(writer, action.kind);
      writer.array(action.updates.length);
      for (const update of action.updates) writeKnsUpdate(writer, update);
      break;
    case "Verify":
      variant(writer, action.kind);
      writer.array(2);
      writer.text(formatAddress(action.from));
      writer.intArray(action.signature);
      break;
    default:
      assertNever(action);
  }
  return writer.finish();
}

export function encodeNetResponse(response: NetResponse): Uint8Array {
  const writer = new ByteWriter();
  switch (response.kind) {
    case "Signed":
      writer.text(response.kind);
      break;
    case "Accepted":
    case "Rejected":
      variant(writer, response.kind);
      writer.text(response.node);
      break;
    case "Peers":
      variant(writer, response.kind);
      writer.array(response.peers.length);
      for (const peer of response.peers) writeIdentity(writer, peer);
      break;
    case "Peer":
      variant(writer, response.kind);
      if (response.peer === undefined) writer.nil();
      else writeIdentity(writer, response.peer);
      break;
    case "Diagnostics":
      variant(writer, response.kind);
      writer.text(response.text);
      break;
    case "Verified":
      variant(writer, response.kind);
      writer.bool(response.valid);
      break;
    default:
      assertNever(response);
  }
  return writer.finish();
}

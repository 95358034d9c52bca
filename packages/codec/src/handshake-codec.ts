/**
 * The two small structs that open a connection between nodes.
 * Source: spec/network-identity.md §1.3, §1.4.
 * @module
 */
import type { NodeId } from "@kinode-ts/types";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { badShape, type FieldReader, readStruct } from "./struct-reader.ts";

/** Proof that a Noise static key belongs to a node. */
export interface HandshakePayload {
  readonly protocolVersion: number;
  readonly name: NodeId;
  /** Ed25519 over the 32 raw bytes of the Noise static public key of this handshake. */
  readonly signature: Uint8Array;
  readonly proxyRequest: boolean;
}

/** Asks a router to join two connections. */
export interface RoutingRequest {
  readonly protocolVersion: number;
  readonly source: NodeId;
  /** Ed25519 over the UTF-8 of target name and router name, joined. */
  readonly signature: Uint8Array;
  readonly target: NodeId;
}

function readVersion(reader: ByteReader): number {
  const version = reader.uint();
  if (version > 0xff) throw badShape("a protocol version", `"${version}" does not fit a byte`);
  return Number(version);
}

const text = (reader: ByteReader): string => reader.text();
const bytes = (reader: ByteReader): Uint8Array => reader.bytes();

const HANDSHAKE: readonly FieldReader<unknown>[] = [
  { name: "protocol_version", read: readVersion },
  { name: "name", read: text },
  { name: "signature", read: bytes },
  { name: "proxy_request", read: (reader) => reader.bool() },
];

const ROUTING: readonly FieldReader<unknown>[] = [
  { name: "protocol_version", read: readVersion },
  { name: "source", read: text },
  { name: "signature", read: bytes },
  { name: "target", read: text },
];

export function encodeHandshakePayload(payload: HandshakePayload): Uint8Array {
  const writer = new ByteWriter();
  writer.array(4);
  writer.uint(payload.protocolVersion);
  writer.text(payload.name);
  writer.intArray(payload.signature);
  writer.bool(payload.proxyRequest);
  return writer.finish();
}

/**
 * Reads the struct, of any version; bytes after it are ignored.
 * @throws {CodecError}
 */
export function decodeHandshakePayload(input: Uint8Array): HandshakePayload {
  return splitHandshakePayload(input).payload;
}

/**
 * As `decodeHandshakePayload`, and the bytes after the struct, which are a view of the input.
 * @throws {CodecError}
 */
export function splitHandshakePayload(input: Uint8Array): {
  readonly payload: HandshakePayload;
  readonly rest: Uint8Array;
} {
  const reader = new ByteReader(input);
  const fields = readStruct(reader, "a handshake payload", HANDSHAKE);
  const [protocolVersion, name, signature, proxyRequest] = fields as [
    number,
    string,
    Uint8Array,
    boolean,
  ];
  const rest = input.subarray(input.length - reader.remaining);
  return { payload: { protocolVersion, name, signature, proxyRequest }, rest };
}

export function encodeRoutingRequest(request: RoutingRequest): Uint8Array {
  const writer = new ByteWriter();
  writer.array(4);
  writer.uint(request.protocolVersion);
  writer.text(request.source);
  writer.intArray(request.signature);
  writer.text(request.target);
  return writer.finish();
}

/**
 * Reads the struct, of any version; bytes after it are ignored.
 * @throws {CodecError}
 */
export function decodeRoutingRequest(input: Uint8Array): RoutingRequest {
  return splitRoutingRequest(input).request;
}

/**
 * As `decodeRoutingRequest`, and the bytes after the struct, which are a view of the input.
 * @throws {CodecError}
 */
export function splitRoutingRequest(input: Uint8Array): {
  readonly request: RoutingRequest;
  readonly rest: Uint8Array;
} {
  const reader = new ByteReader(input);
  const fields = readStruct(reader, "a routing request", ROUTING);
  const [protocolVersion, source, signature, target] = fields as [
    number,
    string,
    Uint8Array,
    string,
  ];
  const rest = input.subarray(input.length - reader.remaining);
  return { request: { protocolVersion, source, signature, target }, rest };
}

/**
 * Who a node is and how it is reached, as `net` and the indexer tell each other.
 * Source: spec/network-identity.md §2.1, §2.6.
 * @module
 */
import type { NodeId } from "@kinode-ts/types";
import type { ByteReader } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import {
  badShape,
  type FieldReader,
  readStruct,
  readVariant,
  type VariantReader,
} from "../struct-reader.ts";

/** Ports by protocol (`tcp`, `ws`); 0 counts as absent. */
export type Ports = ReadonlyMap<string, number>;

export type NodeRouting =
  | { readonly kind: "routers"; readonly routers: readonly NodeId[] }
  | { readonly kind: "direct"; readonly ip: string; readonly ports: Ports }
  /** Only while a name is being registered. */
  | {
      readonly kind: "both";
      readonly ip: string;
      readonly ports: Ports;
      readonly routers: readonly NodeId[];
    };

export interface NodeIdentity {
  readonly name: NodeId;
  /** Ed25519 public key as hex, with or without `0x`. */
  readonly networkingKey: string;
  readonly routing: NodeRouting;
}

/** What the indexer knows of a name. */
export interface KnsUpdate {
  readonly name: NodeId;
  /** Hex, with or without `0x`. */
  readonly publicKey: string;
  readonly ips: readonly string[];
  readonly ports: Ports;
  readonly routers: readonly NodeId[];
}

const text = (reader: ByteReader): string => reader.text();

export function readList<T>(reader: ByteReader, read: (reader: ByteReader) => T): T[] {
  const items: T[] = [];
  for (let left = reader.array(); left > 0; left--) items.push(read(reader));
  return items;
}

function readPorts(reader: ByteReader): Ports {
  const ports = new Map<string, number>();
  for (let left = reader.map(); left > 0; left--) {
    const protocol = reader.text();
    const port = reader.uint();
    if (port > 0xffff) throw badShape("a port", `${port} is above 65535`);
    ports.set(protocol, Number(port));
  }
  return ports;
}

const readNames = (reader: ByteReader): NodeId[] => readList(reader, text);

/** Fields in order, as a tuple behind a variant. */
function readTuple(reader: ByteReader, what: string, length: number): void {
  const count = reader.array();
  if (count !== length) throw badShape(what, `it has ${count} parts instead of ${length}`);
}

const ROUTING: readonly VariantReader<NodeRouting>[] = [
  { name: "Routers", read: (reader) => ({ kind: "routers", routers: readNames(reader) }) },
  {
    name: "Direct",
    read: (reader) => {
      readTuple(reader, "a direct routing", 2);
      return { kind: "direct", ip: reader.text(), ports: readPorts(reader) };
    },
  },
  {
    name: "Both",
    read: (reader) => {
      readTuple(reader, "a double routing", 3);
      const [ip, ports] = [reader.text(), readPorts(reader)];
      return { kind: "both", ip, ports, routers: readNames(reader) };
    },
  },
];

const IDENTITY: readonly FieldReader<unknown>[] = [
  { name: "name", read: text },
  { name: "networking_key", read: text },
  { name: "routing", read: (reader) => readVariant(reader, "a routing", ROUTING) },
];

export function readIdentity(reader: ByteReader): NodeIdentity {
  const fields = readStruct(reader, "an identity", IDENTITY);
  const [name, networkingKey, routing] = fields as [string, string, NodeRouting];
  return { name, networkingKey, routing };
}

const KNS_UPDATE: readonly FieldReader<unknown>[] = [
  { name: "name", read: text },
  { name: "public_key", read: text },
  { name: "ips", read: readNames },
  { name: "ports", read: readPorts },
  { name: "routers", read: readNames },
];

export function readKnsUpdate(reader: ByteReader): KnsUpdate {
  const fields = readStruct(reader, "a name update", KNS_UPDATE);
  const [name, publicKey, ips, ports, routers] = fields as [
    string,
    string,
    string[],
    Ports,
    string[],
  ];
  return { name, publicKey, ips, ports, routers };
}

export function writeNames(writer: ByteWriter, names: readonly string[]): void {
  writer.array(names.length);
  for (const name of names) writer.text(name);
}

/** In the order of the protocols' names, as a sorted map of Rust writes them. */
function writePorts(writer: ByteWriter, ports: Ports): void {
  writer.map(ports.size);
  for (const [protocol, port] of [...ports].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    writer.text(protocol);
    writer.uint(port);
  }
}

export function writeIdentity(writer: ByteWriter, identity: NodeIdentity): void {
  writer.array(3);
  writer.text(identity.name);
  writer.text(identity.networkingKey);
  writeRouting(writer, identity.routing);
}

function writeRouting(writer: ByteWriter, routing: NodeRouting): void {
  writer.map(1);
  switch (routing.kind) {
    case "routers":
      writer.text("Routers");
      writeNames(writer, routing.routers);
      return;
    case "direct":
      writer.text("Direct");
      writer.array(2);
      writer.text(routing.ip);
      writePorts(writer, routing.ports);
      return;
    case "both":
      writer.text("Both");
      writer.array(3);
      writer.text(routing.ip);
      writePorts(writer, routing.ports);
      writeNames(writer, routing.routers);
  }
}

export function writeKnsUpdate(writer: ByteWriter, update: KnsUpdate): void {
  writer.array(5);
  writer.text(update.name);
  writer.text(update.publicKey);
  writeNames(writer, update.ips);
  writePorts(writer, update.ports);
  writeNames(writer, update.routers);
}

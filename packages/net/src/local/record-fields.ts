/**
 * Fields of records and invitations, each with its bound.
 * @module
 */
import type { DecodedMsgpack, MsgpackValue } from "@kinode-ts/codec";
import { isNameSafeNode, type NodeId } from "@kinode-ts/types";
import type { Place } from "../identity/known-nodes.ts";

const MAX_PLACES = 8;
const MAX_PORTS = 4;
const MAX_NAME_LENGTH = 255;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^[0-9a-fA-F:]{2,39}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?$/;

function bad(what: string): RangeError {
  return new RangeError(`${what} is not of the form`);
}

export function readArray(value: unknown, max: number, what: string): readonly DecodedMsgpack[] {
  if (!Array.isArray(value) || value.length > max) throw bad(what);
  return value as readonly DecodedMsgpack[];
}

export function readName(value: unknown): NodeId {
  if (typeof value !== "string" || value.length > MAX_NAME_LENGTH || !isNameSafeNode(value)) {
    throw bad("a name");
  }
  return value;
}

/** A copy: what was read may be a view of something large. */
export function readFixed(value: unknown, length: number, what: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw bad(what);
  return value.slice();
}

export const readKeyBytes = (value: unknown): Uint8Array => readFixed(value, 32, "a key");
export const readSignature = (value: unknown): Uint8Array => readFixed(value, 64, "a signature");

export function readCount(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw bad("a number");
  return value;
}

/** Addresses only: a name would be looked up by whoever dials. */
function readIp(value: unknown): string {
  if (typeof value === "string" && (IPV4.test(value) || IPV6.test(value))) return value;
  throw bad("an address");
}

export function readPlaces(value: unknown): Place[] {
  return readArray(value, MAX_PLACES, "addresses").map((item) => {
    const [ip, ports] = readArray(item, 2, "an address");
    if (!(ports instanceof Map) || ports.size > MAX_PORTS) throw bad("ports");
    for (const [protocol, port] of ports as Map<string, unknown>) {
      if (protocol.length > 16 || readCount(port) > 0xffff) throw bad("a port");
    }
    return { ip: readIp(ip), ports: ports as ReadonlyMap<string, number> };
  });
}

export function writePlaces(places: readonly Place[]): MsgpackValue {
  return places.map(({ ip, ports }) => [
    ip,
    new Map([...ports].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  ]);
}

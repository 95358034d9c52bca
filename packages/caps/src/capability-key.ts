/**
 * The identity of a capability as one text, for maps and for the store.
 * Source: spec/kernel.md §5.1.
 * @module
 */
import type { Capability } from "@kinode-ts/types";
import { MESSAGING_PARAMS, NETWORK_PARAMS } from "@kinode-ts/types";
import { jsonIdentity } from "./canonical-json.ts";

/** How many params texts are remembered, and up to which length. Bounds memory against made-up params. */
const MEMO_COUNT = 4_096;
const MEMO_TEXT_LENGTH = 512;

const memo = new Map<string, string>();

/** Longer params are compared as text: reading megabytes of JSON for each message would hold up the node. */
export const MAX_JSON_PARAMS_LENGTH = 16_384;

/** Identity of a params text; what is not JSON counts as `null`, so all of it is equal. */
function paramsIdentity(params: string): string {
  if (params === MESSAGING_PARAMS || params === NETWORK_PARAMS) return params;
  // No JSON value starts so: a text that is too long equals itself only.
  if (params.length > MAX_JSON_PARAMS_LENGTH) return `#${params}`;
  const known = memo.get(params);
  if (known !== undefined) return known;
  const identity = jsonIdentity(params) ?? "null";
  if (params.length <= MEMO_TEXT_LENGTH) {
    if (memo.size >= MEMO_COUNT) memo.clear();
    memo.set(params, identity);
  }
  return identity;
}

/**
 * Equal for two capabilities exactly if they are the same right: same issuer, same JSON value of params.
 * Written as issuer, line feed, canonical JSON, which holds no line feed: the key splits in one way only.
 */
export function capabilityKey(capability: Capability): string {
  const { node, process } = capability.issuer;
  return `${node}@${process}\n${paramsIdentity(capability.params)}`;
}

export function sameCapability(a: Capability, b: Capability): boolean {
  return a === b || capabilityKey(a) === capabilityKey(b);
}

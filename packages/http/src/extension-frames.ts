/**
 * What a binary frame of a side-car program is. Source: spec/runtime-modules.md §6.9.
 * @module
 */
import {
  type DecodedMsgpack,
  decodeExtensionFrame,
  decodeMsgpack,
  type ExtensionFrame,
} from "@kinode-ts/codec";
import { isServerAction } from "./actions.ts";

/** Actions are short; what is longer is content. */
const MAX_ACTION_BYTES = 16 * 1024;

/** @returns a message for the app; `"action"`: something that only processes may ask of the server; else `"content"` */
export function readExtensionFrame(bytes: Uint8Array): ExtensionFrame | "action" | "content" {
  try {
    return decodeExtensionFrame(bytes);
  } catch {
    return isAction(bytes) ? "action" : "content";
  }
}

function isAction(bytes: Uint8Array): boolean {
  if (bytes.length > MAX_ACTION_BYTES) return false;
  try {
    return isServerAction(toJson(decodeMsgpack(bytes)));
  } catch {
    return false;
  }
}

/** With objects in place of maps, as parsed JSON has them. */
function toJson(value: DecodedMsgpack): unknown {
  if (value instanceof Map) {
    return Object.fromEntries(Array.from(value, ([key, item]) => [key, toJson(item)]));
  }
  return Array.isArray(value) ? value.map(toJson) : value;
}

/**
 * Answers of the VFS, as bytes.
 * Source: spec/runtime-modules.md §2.2 and §2.3.
 * @module
 */
import type { LazyLoadBlob } from "@kinode-ts/types";
import { errorJson, type VfsFault } from "./errors.ts";

export interface VfsReply {
  readonly body: Uint8Array;
  readonly blob: LazyLoadBlob | undefined;
}

const encoder = new TextEncoder();

/** An answer without blob; `json` is a value of the response table. */
export function replyJson(json: unknown): VfsReply {
  return { body: encoder.encode(JSON.stringify(json)), blob: undefined };
}

export const OK_REPLY: VfsReply = replyJson("Ok");

const READ_BODY = encoder.encode('"Read"');

/** `"Read"` with the bytes as blob; takes ownership of them. */
export function readReply(bytes: Uint8Array): VfsReply {
  return { body: READ_BODY, blob: { mime: "application/octet-stream", bytes } };
}

export function errorReply(fault: VfsFault): VfsReply {
  return replyJson({ Err: errorJson(fault) });
}

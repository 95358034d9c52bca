/**
 * What a component says about the tool that made it, in the custom section `kinode:build` that our builds append.
 * It is the author's word, so nothing but the author's own memory may depend on it.
 * @module
 */
import { ByteReader } from "./byte-reader.ts";

const SECTION = "kinode:build";
const HEADER_BYTES = 8;
const CUSTOM = 0;
/** Versions seen to copy byte lists for each call and never to free the copies. */
const LEAKING = ["componentize-py==0.25.1"];

/** The content of the section; the empty text without one. @param bytes - a component that was parsed before */
export function buildMark(bytes: Uint8Array): string {
  const reader = new ByteReader(bytes, HEADER_BYTES);
  while (!reader.atEnd) {
    const { id, content } = reader.section();
    if (id === CUSTOM && content.name() === SECTION) {
      return new TextDecoder().decode(content.bytes.subarray(content.at, content.end));
    }
  }
  return "";
}

/** Whether the byte lists a component passes out of a call may be used again as soon as they were read. */
export const leavesByteLists = (bytes: Uint8Array): boolean => LEAKING.includes(buildMark(bytes));

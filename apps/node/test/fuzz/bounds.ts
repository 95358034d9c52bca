/**
 * What a module may keep of the program's memory and files while cases are sent to it.
 * @module
 */
import { DEFAULT_HTTP_CLIENT_LIMITS } from "@kinode-ts/http";
import { SOURCES } from "./world.ts";

const MIB = 1024 * 1024;

export interface Bounds {
  /** Of the heap, beyond what was in use before. */
  readonly growthBytes: number;
  readonly files: number;
}

export const USUAL_BOUNDS: Bounds = { growthBytes: 256 * MIB, files: 700 };

const OTHERS: Readonly<Record<string, Partial<Bounds>>> = {
  /** Databases that are open keep what their engines took: with 300 files that was up to 262 MiB, however many the cases. */
  sqlite: { growthBytes: 512 * MIB },
  /** Each source may have so many web sockets open for long, with both ends in this program; and the node's own files. */
  "http-client": {
    files: 2 * SOURCES.length * DEFAULT_HTTP_CLIENT_LIMITS.maxChannelsPerProcess + 200,
  },
};

export function boundsOf(module: string): Bounds {
  return { ...USUAL_BOUNDS, ...OTHERS[module] };
}
